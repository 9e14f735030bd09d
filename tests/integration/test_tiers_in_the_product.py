"""Tiers through the whole product: asked, judged, posted and on the leaderboard; and the adversarial tier by hand."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from connector.demo.langfuse import SmallLangfuse
from connector.demo.langfuse.modes import Mode
from connector.epochs import begins
from connector.store.sqlite import SqliteStore
from tests.integration.tiering import MODES, People, asked, assistant, observation_of, project
from tests.integration.world import BIN, CONFIG, keys_of, produce, understudy

TIERS = """
[sampling]
share = 0.0
[tiers.golden]
datasets = ["support/golden"]
[tiers.regression]
datasets = ["broken once"]
[tiers.adversarial]
scores = ["user_feedback < 0"]
"""
ONE = CONFIG.split("[challengers.copy]", maxsplit=1)[0]


async def fed(server: SmallLangfuse) -> list[str]:
    """Let production answer and people keep and flag; return the traces."""
    traces = await produce(server, conversations=3, turns=1)
    people = People(server)
    await people.dataset("support/golden", made_up={"input": "How are you?", "expectedOutput": "Fine."})
    kept = {"input": {"messages": asked(0, 0)}, "expectedOutput": assistant("right"), "sourceTraceId": traces[0]}
    await people.dataset("broken once", kept={**kept, "sourceObservationId": observation_of(0, 0)})
    await people.score(traces[1], -1)
    return traces


async def board(path: Path) -> dict[str, Any]:
    """Return the tiers of the leaderboard, of the one challenger."""
    told = json.loads((await understudy("leaderboard", "--json", "-c", str(path))).out)
    return {each["tier"]: each for each in told["tiers"] if each["challenger"] == "good"}


@pytest.mark.parametrize("mode", MODES)
async def test_every_tier_is_asked_posted_and_has_a_figure_of_its_own(mode: Mode, tmp_path: Path) -> None:
    """An item without a trace has no score on production and no link; the others have both; all are told apart."""
    async with SmallLangfuse(mode) as server:
        traces = await fed(server)
        path = project(tmp_path, TIERS, ONE)
        ran = await understudy("once", "--yes", "-c", str(path), server=server)
        assert ran.code == 0, ran.err
        again = await understudy("once", "--yes", "-q", "-c", str(path), server=server)
        assert again.code == 0, again.err
        items = {
            item["metadata"]["tier"]: item
            for item in server.state.dataset_items.values()
            if item["metadata"] and "tier" in item["metadata"]
        }
        on_production = {score.trace_id for score in server.scores() if score.name == "understudy_win.good"}
        wins = [score for score in server.scores() if score.name == "understudy_win"]
        shown = [
            row for row in server.observations() if row.trace_name in ("understudy rollout", "understudy baseline")
        ]
    assert set(items) == {"golden", "regression", "adversarial"}
    assert {tier: item["sourceTraceId"] for tier, item in items.items()} == {
        "golden": None,
        "regression": traces[0],
        "adversarial": traces[1],
    }
    assert items["golden"]["metadata"]["baseline"] == "the expected output"
    assert items["golden"]["metadata"]["source_item"] == "support/golden/made_up"
    assert items["regression"]["metadata"]["reference"]["content"] == "right"
    assert on_production == {traces[0], traces[1]}
    assert len(wins) == 3
    assert {tier for row in shown for tier in row.tags} == {"understudy", "golden", "regression", "adversarial"}
    assert all(row.start_ms >= begins(items["golden"]["metadata"]["epoch"]).timestamp() * 1000 for row in shown)
    tiers = await board(path)
    assert {tier: each["turns"] for tier, each in tiers.items() if tier != "fresh"} == {
        "golden": 1,
        "regression": 1,
        "adversarial": 1,
    }
    assert tiers["adversarial"]["weight"] == 3.0


@pytest.mark.parametrize("mode", ["events_only", "v3"])
async def test_a_turn_is_added_listed_and_removed_by_hand(mode: Mode, tmp_path: Path) -> None:
    """Also while somebody else works on the state; removal needs a reason, leaves a record, and undoes no addition."""
    async with SmallLangfuse(mode) as server:
        traces = await produce(server, conversations=2, turns=2)
        path = str(project(tmp_path, "[sampling]\nshare = 0.0", ONE))
        working = SqliteStore(str(tmp_path / "understudy.db"))
        try:
            said = await understudy("adversarial", "add", traces[0], "--reason", "rude", "-c", path, server=server)
            assert said.code == 0, said.err
            assert said.out.startswith(f"added 2 turn(s) of trace {traces[0]}")
            more = ["--observation", observation_of(1, 1), "-c", path]
            assert "added 1 " in (await understudy("adversarial", "add", traces[1], *more, server=server)).out
            assert "; 1 known" in (await understudy("adversarial", "add", traces[1], *more, server=server)).out
            rows = json.loads((await understudy("adversarial", "ls", "--json", "-c", path)).out)
            assert [(row["trace_id"], row["why"], row["source"]) for row in rows] == [
                (traces[0], "rude", "by hand"),
                (traces[0], "rude", "by hand"),
                (traces[1], "", "by hand"),
            ]
            removed = ("adversarial", "remove", rows[0]["id"][:12], "-c", path)
            assert (await understudy(*removed)).code == 2
            assert (await understudy(*removed, "--reason", " ")).code == 2
            assert (await understudy(*removed, "--reason", "not hard")).code == 0
            assert (await understudy(*removed, "--reason", "not hard")).code == 2, "it is not there any more"
        finally:
            await working.aclose()
        assert (await understudy("once", "--yes", "-q", "-c", path, server=server)).code == 0
        [record] = json.loads((await understudy("adversarial", "ls", "--removed", "--json", "-c", path)).out)
        assert (record["member_id"], record["because"], record["returned_at"]) == (rows[0]["id"], "not hard", None)
        assert "not hard" in (await understudy("adversarial", "ls", "--removed", "-c", path)).out
        assert (await board(Path(path)))["adversarial"]["turns"] == 2
        await understudy("adversarial", "add", traces[0], "-c", path, server=server)
        [record] = json.loads((await understudy("adversarial", "ls", "--removed", "--json", "-c", path)).out)
        assert record["returned_at"] is not None
        assert len(json.loads((await understudy("adversarial", "ls", "--json", "-c", path)).out)) == 3


async def test_what_cannot_be_added_is_refused_by_name(tmp_path: Path) -> None:
    """No such trace, nothing to replay in it, and whatever we wrote ourselves."""
    async with SmallLangfuse() as server:
        await produce(server, conversations=1, turns=0)
        [silent] = {row.trace_id for row in server.observations()}
        path = str(project(tmp_path, "", ONE))
        nowhere = await understudy("adversarial", "add", "f" * 32, "-c", path, server=server)
        nothing = await understudy("adversarial", "add", silent, "-c", path, server=server)
    assert (nowhere.code, nothing.code) == (2, 2)
    assert f"has no trace '{'f' * 32}'" in nowhere.err
    assert "no model call in it" in nothing.err
    assert f"understudy show {silent}" in nothing.err


async def test_doctor_and_scan_name_datasets_that_do_not_exist(tmp_path: Path) -> None:
    """Each dataset and queue is a finding; a cycle with a wrong name does not begin."""
    async with SmallLangfuse() as server:
        await People(server).dataset(
            "support/golden", one={"input": "Q", "expectedOutput": "A"}, two={"input": {"a": 1}}
        )
        right = str(project(tmp_path, '[tiers.golden]\ndatasets = ["support/golden"]', ONE))
        scanned = await understudy("scan", "-c", right, server=server)
        wrong = '[tiers.golden]\ndatasets = ["support/golden", "suport/golden"]\n[tiers.adversarial]\nqueues = ["Bad"]'
        path = str(project(tmp_path, wrong, ONE))
        doctor = await understudy("doctor", "--no-ask", "--json", "-c", path, server=server)
        once = await understudy("once", "--yes", "-c", path, server=server)
    assert "unreadable: golden: its input holds a prompt's variables" in " ".join(scanned.out.split())
    findings = {each["what"]: each for each in json.loads(doctor.out) if each["what"].startswith("tier")}
    assert [each["ok"] for each in findings.values()] == [True, False, False]
    assert findings["tier golden: dataset suport/golden"]["hint"] == "did you mean 'support/golden'?"
    assert once.code == 2
    assert "no dataset 'suport/golden'" in once.err


async def test_killed_at_any_moment_the_tiers_are_asked_once(tmp_path: Path) -> None:
    """A process that dies again and again on its way leaves every member, one challenge each, and nothing twice."""
    async with SmallLangfuse() as server:
        people, count = People(server), 12
        items = {f"item-{n}": {"input": f"Q{n}", "expectedOutput": "A"} for n in range(count)}
        await people.dataset("support/golden", **items)
        await people.dataset("broken once")
        for trace in await produce(server, conversations=6, turns=1):
            await people.score(trace, -1)
        path = str(project(tmp_path, TIERS, ONE))
        for wait_s in (0.9, 1.1, 1.3, 1.5, 1.7):
            process = await asyncio.create_subprocess_exec(
                str(BIN), "once", "--yes", "-q", "-c", path, env={**keys_of(server), "PATH": "/usr/bin"},
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            await asyncio.sleep(wait_s)
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            await process.wait()
        last = await understudy("once", "--yes", "-q", "-c", path, server=server)
        assert last.code == 0, last.err
    tiers = await board(Path(path))
    assert {tier: each["turns"] for tier, each in tiers.items()} == {"golden": count, "adversarial": 6}
