"""The command line as users and scripts meet it: streams, exit codes, formats."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from connector.demo.langfuse import SmallLangfuse
from tests.integration.world import CONFIG, config, produce, understudy


async def test_every_verb_explains_itself() -> None:
    """`--help` names all verbs, and each verb its options."""
    said = await understudy("--help")
    assert said.code == 0
    for verb in (
        "init",
        "doctor",
        "scan",
        "plan",
        "once",
        "run",
        "leaderboard",
        "show",
        "export",
        "import",
        "config",
        "demo",
    ):
        assert f"\n  {verb} " in said.out
    assert "--json" in (await understudy("leaderboard", "--help")).out


async def test_init_writes_a_configuration_and_never_overwrites_one(tmp_path: Path) -> None:
    """What a person has written is safe."""
    path = tmp_path / "c.toml"
    first, second = await understudy("init", str(path)), await understudy("init", str(path))
    assert (first.code, second.code) == (0, 2)
    assert "is there already" in second.err
    assert (await understudy("config", "show", "-c", str(path))).code == 0


async def test_usage_and_configuration_errors_exit_with_2(tmp_path: Path) -> None:
    """Unknown verbs, unknown options, missing files, missing keys."""
    path = str(config(tmp_path))
    for arguments in (["frobnicate"], ["scan", "--frob"], ["scan", "-c", "none.toml"], ["scan", "-c", path]):
        assert (await understudy(*arguments)).code == 2
    said = await understudy("scan", "-c", path)
    assert "LANGFUSE_PUBLIC_KEY is not set" in said.err
    assert said.out == ""


async def test_a_cycle_keeps_results_and_chatter_apart(tmp_path: Path) -> None:
    """The leaderboard is on stdout, all else on stderr; --quiet leaves the result alone."""
    async with SmallLangfuse() as server:
        await produce(server)
        path = str(config(tmp_path))
        loud = await understudy("once", "--yes", "-c", path, server=server)
        quiet = await understudy("once", "--yes", "--quiet", "-c", path, server=server)
    assert loud.code == quiet.code == 0, loud.err
    assert loud.out.startswith("Understudy leaderboard")
    assert "MAXIMUM SPEND" in loud.err
    assert quiet.out == loud.out
    assert quiet.err == ""


async def test_nothing_is_spent_without_consent_off_a_terminal(tmp_path: Path) -> None:
    """Exit code 3, and no model was asked."""
    async with SmallLangfuse() as server:
        await produce(server)
        said = await understudy("once", "-c", str(config(tmp_path)), server=server)
        assert said.code == 3
        assert "--yes" in said.err
        assert server.scores() == []


async def test_the_leaderboard_comes_in_four_forms(tmp_path: Path) -> None:
    """Table, JSON, CSV and Markdown say the same; none needs Langfuse."""
    async with SmallLangfuse() as server:
        await produce(server)
        path = str(config(tmp_path))
        assert (await understudy("once", "--yes", "-q", "-c", path, server=server)).code == 0
    forms = {
        form: (await understudy("leaderboard", "-c", path, *form.split())).out
        for form in ("", "--json", "--csv", "--markdown")
    }
    board = json.loads(forms["--json"])
    rates = {row["challenger"]: row["win_rate"] for row in board["standings"]}
    assert rates == {"baseline": 0.5, "good": 0.5, "copy": 0.5}
    rows = {row["challenger"]: float(row["win_rate"]) for row in csv.DictReader(io.StringIO(forms["--csv"]))}
    assert rows == rates
    assert "| good | 50.0 %" in forms["--markdown"]
    assert max(map(len, forms[""].splitlines())) <= 100


async def test_show_lays_both_answers_and_both_judge_texts_side_by_side(tmp_path: Path) -> None:
    """History, production, challenger, rounds and verdict, and how the turn was read; no server is asked."""
    async with SmallLangfuse() as server:
        [trace] = await produce(server, conversations=1, turns=1)
        path = str(config(tmp_path, CONFIG.split("[challengers.copy]", maxsplit=1)[0]))
        assert (await understudy("once", "--yes", "-q", "-c", path, server=server)).code == 0
        [turn] = json.loads((await understudy("show", trace, "--json", "-c", path, server=server)).out)["turns"]
    said = await understudy("show", turn["challenge_id"][:12], "-c", path)
    assert "read as openai_chat" in said.out
    for text in ("question 0 0", "answer 0 0", "a fine answer", "Better.", "challenger in seat B", "seat A", "tie"):
        assert text in said.out
    [told] = json.loads((await understudy("show", turn["challenge_id"], "--json", "-c", path)).out)
    assert (told["id"], told["duels"][0]["challenger"]) == (turn["challenge_id"], "good")


async def test_doctor_names_what_is_in_place_and_what_is_not(tmp_path: Path) -> None:
    """Version and mode, permission, models and prices; exit code 1 when something is missing."""
    broken = (
        CONFIG + '\n[challengers.nobody]\nkind = "openai_compatible"\nmodel = "m"\nbase_url = "http://127.0.0.1:9/v1"\n'
    )
    async with SmallLangfuse("dual") as server:
        fine = await understudy("doctor", "--json", "-c", str(config(tmp_path)), server=server)
        ill = await understudy("doctor", "--json", "-c", str(config(tmp_path, broken)), server=server)
        locked = await understudy("doctor", "-c", str(config(tmp_path)), server=server, LANGFUSE_SECRET_KEY="sk-wrong")
    assert fine.code == 0, fine.out
    assert "v4 dual" in fine.out
    assert ill.code == 1
    failed = {finding["what"] for finding in json.loads(ill.out) if not finding["ok"]}
    assert failed == {"challenger nobody: price", "challenger nobody: answers"}
    assert locked.code == 1
    assert "LANGFUSE_SECRET_KEY" in locked.out
    assert "sk-wrong" not in locked.out + locked.err


async def test_plan_counts_calls_and_money_before_any_is_spent(tmp_path: Path) -> None:
    """Calls per model, with the price's source, and the most it can cost."""
    priced = CONFIG.replace('model = "judge-1"', 'model = "judge-1"\nprice = { input = 2.0, output = 10.0 }')
    async with SmallLangfuse() as server:
        await produce(server, conversations=3, turns=2)
        said = await understudy("plan", "--json", "-c", str(config(tmp_path, priced)), server=server)
    made = json.loads(said.out)
    assert made["duels"] == 12
    assert {line["name"]: line["calls"] for line in made["lines"] if line["role"] != "judge"} == {"good": 6, "copy": 6}
    [judge] = [line for line in made["lines"] if line["role"] == "judge"]
    assert (judge["calls"], judge["most_calls"]) == (24, 48)
    assert 0 <= made["expected_usd"] <= made["maximum_usd"]


@pytest.mark.parametrize("form", ["json", "pretty"])
async def test_the_log_speaks_the_form_that_was_asked_for(tmp_path: Path, form: str) -> None:
    """JSON lines for machines, plain lines for people; no colour where nobody looks."""
    async with SmallLangfuse() as server:
        await produce(server, conversations=1)
        said = await understudy("plan", "--log-format", form, "-c", str(config(tmp_path)), server=server)
    [line, *_] = [line for line in said.err.splitlines() if "poll.done" in line]
    assert line.startswith("{") == (form == "json")
    assert "\x1b" not in said.err


async def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    """`LANGFUSE_SECRET_KEY_FILE`, as containers mount them, and LANGFUSE_HOST as the older name of the address."""
    secret = tmp_path / "secret"
    async with SmallLangfuse() as server:
        secret.write_text(server.secret_key + "\n", encoding="utf-8")
        environment = {
            "LANGFUSE_PUBLIC_KEY": server.public_key,
            "LANGFUSE_SECRET_KEY_FILE": str(secret),
            "LANGFUSE_HOST": server.base_url,
        }
        said = await understudy("scan", "--json", "-q", "-c", str(config(tmp_path)), server=None, **environment)
    assert said.code == 0, said.err
