"""Juries and second opinions, over real HTTP and through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from connector.demo.langfuse import SmallLangfuse
from connector.demo.models import Behaviour, ModelServer
from tests.integration.world import Ran, config, produce, understudy

HEAD = """
[poll]
confirm = "5s"
[server]
listen = ""
"""
MODEL = '{{ kind = "openai_compatible", model = "{name}", base_url = "{url}/v1", free = true }}'


def saying(text: str) -> Behaviour:
    """Say one thing, whatever is asked."""
    return lambda _: text


def challengers(url: str, *names: str) -> str:
    """Return the tables of challengers that are named like their models."""
    tables = (
        f'[challengers.{name}]\nkind = "openai_compatible"\nmodel = "{name}"\nbase_url = "{url}/v1"\nfree = true\n'
        for name in names
    )
    return "".join(tables)


def jury(url: str, *names: str, stand_ins: tuple[str, ...] = (), rules: str = "") -> str:
    """Return the table of a jury."""
    seats = [f"[jury.judges.{name}]\nmodel = {MODEL.format(name=name, url=url)}\n" for name in names]
    seats += [f"[jury.judges.{n}]\nstand_in = true\nmodel = {MODEL.format(name=n, url=url)}\n" for n in stand_ins]
    return f"[jury]\n{rules}\n{''.join(seats)}"


def judge(url: str, name: str, options: str = "") -> str:
    """Return the table of one judge."""
    return f"[judge]\n{options}\nmodel = {MODEL.format(name=name, url=url)}\n"


async def ran(*arguments: str, server: SmallLangfuse | None = None) -> Ran:
    """Run a verb that must succeed."""
    said = await understudy(*arguments, server=server, OPENAI_API_KEY="none")
    assert said.code == 0, said.err
    return said


async def board(path: Path) -> dict[str, Any]:
    """Return the leaderboard."""
    return dict(json.loads((await ran("leaderboard", "--json", "-c", str(path))).out))


async def test_a_jury_of_three_families_judges_what_none_of_them_wrote(tmp_path: Path) -> None:
    """All who may sit are asked in both seats; one steps aside for its own family, and a stand-in sits there."""
    says = {"claude-opus-4-5": "[[B>>A]]", "gpt-5": "[[A=B]]", "mistral-large": "[[A=B]]", "gemini-3-pro": "[[A>>B]]"}
    models = {name: saying(text) for name, text in says.items()}
    models |= {"gpt-5-mini": saying("one answer"), "qwen3-30b": saying("another answer")}
    async with SmallLangfuse() as server, ModelServer(models) as asked:
        await produce(server, conversations=3, turns=1)
        bench = jury(asked.url, "claude-opus-4-5", "gpt-5", "mistral-large", stand_ins=("gemini-3-pro",))
        path = config(tmp_path, HEAD + bench + challengers(asked.url, "gpt-5-mini", "qwen3-30b"))
        said = await ran("once", "--yes", "-c", str(path), server=server)
        assert "stand-in" in said.err
        found = await board(path)
        healthy = await ran("doctor", "--no-ask", "-c", str(path), server=server)
    assert {name: asked.calls[name] for name in says} == {
        "claude-opus-4-5": 12,
        "gpt-5": 6,
        "mistral-large": 12,
        "gemini-3-pro": 6,
    }
    assert found["judge"].startswith("jury/claude-opus-4-5+gpt-5+mistral-large+gemini-3-pro/mean/")
    assert {row["challenger"]: row["win_rate"] for row in found["standings"]} == {
        "baseline": 0.5,
        "gpt-5-mini": 0.5,
        "qwen3-30b": 0.5,
    }
    seats = {row["name"]: row for row in found["judges"]}
    assert seats.keys() == says.keys()
    assert seats["gpt-5"]["by_challenger"].keys() == {"qwen3-30b"}
    assert (seats["claude-opus-4-5"]["seat_bias"], seats["gemini-3-pro"]["seat_bias"]) == (-0.5, 0.5)
    assert "gpt-5-mini, where it will not sit" in healthy.out


async def test_every_judge_s_rounds_are_in_langfuse_with_their_method(tmp_path: Path) -> None:
    """One trace per judgment, a generation per round: who judged, in which seat, by which prompt."""
    models = {name: saying("[[A=B]]") for name in ("claude-opus-4-5", "gpt-5")} | {"qwen3-30b": saying("mine")}
    async with SmallLangfuse() as server, ModelServer(models) as asked:
        await produce(server, conversations=1, turns=1)
        bench = jury(asked.url, "claude-opus-4-5", "gpt-5")
        path = config(tmp_path, HEAD + bench + challengers(asked.url, "qwen3-30b"))
        await ran("once", "--yes", "-c", str(path), server=server)
        rounds = [span for span in server.observations() if (span.name or "").startswith("round")]
        [verdict] = [score for score in server.scores() if score.name == "understudy_win"]
    assert len(rounds) == 4
    told = [span.metadata for span in rounds]
    assert sorted(each["judge"].split("/")[1] for each in told) == ["claude-opus-4-5"] * 2 + ["gpt-5"] * 2
    assert sorted(each["challenger_seat"] for each in told) == ["A", "A", "B", "B"]
    assert all(len(each["prompt"]) == 8 for each in told)
    assert verdict.value == 0.5


async def test_another_judge_judges_stored_answers_and_no_challenger_is_asked(tmp_path: Path) -> None:
    """Going back to the first judge buys nothing, and Langfuse shows one verdict per turn throughout."""
    models = {"claude-opus-4-5": saying("[[B>>A]]"), "gpt-5": saying("[[A=B]]"), "qwen3-30b": saying("mine")}
    async with SmallLangfuse() as server, ModelServer(models) as asked:
        await produce(server, conversations=2, turns=2)
        rival = challengers(asked.url, "qwen3-30b")
        path = config(tmp_path, HEAD + judge(asked.url, "claude-opus-4-5") + rival)
        await ran("once", "--yes", "-c", str(path), server=server)
        first, scores = await board(path), len(server.scores())
        config(tmp_path, HEAD + judge(asked.url, "gpt-5") + rival)
        assert (await board(path))["standings"][0]["turns"] == 0
        refused = await understudy("rejudge", "-c", str(path), server=server, OPENAI_API_KEY="none")
        assert (refused.code, asked.calls["gpt-5"]) == (3, 0)
        said = await ran("rejudge", "--yes", "-c", str(path), server=server)
        assert "4 duel(s) for arena_hard/gpt-5/" in said.err
        second = await board(path)
        again = await ran("rejudge", "--yes", "-c", str(path), server=server)
        assert "0 duel(s)" in again.err
        config(tmp_path, HEAD + judge(asked.url, "claude-opus-4-5") + rival)
        back = await ran("rejudge", "--yes", "-c", str(path), server=server)
        assert "4 it has judged before" in back.err
        third = await board(path)
        wins = [score for score in server.scores() if score.name == "understudy_win"]
    assert asked.calls == {"qwen3-30b": 4, "claude-opus-4-5": 8, "gpt-5": 8}
    assert first["standings"] == third["standings"]
    assert first["comparability"] == third["comparability"] != second["comparability"]
    assert len({score.id for score in wins}) == len(wins) == 4
    assert scores > 4


async def test_a_queued_duel_stays_queued_while_stored_answers_are_judged(tmp_path: Path) -> None:
    """`rejudge` spends on judges alone, whatever else is due."""
    models = {name: saying("[[A=B]]") for name in ("claude-opus-4-5", "gpt-5")}
    models |= {"qwen3-30b": saying("mine"), "kimi-k2": saying("ours")}
    async with SmallLangfuse() as server, ModelServer(models) as asked:
        await produce(server, conversations=2, turns=1)
        path = config(tmp_path, HEAD + judge(asked.url, "claude-opus-4-5") + challengers(asked.url, "qwen3-30b"))
        await ran("once", "--yes", "-c", str(path), server=server)
        config(tmp_path, HEAD + judge(asked.url, "gpt-5") + challengers(asked.url, "qwen3-30b", "kimi-k2"))
        await ran("plan", "-c", str(path), server=server)
        await ran("rejudge", "--yes", "-c", str(path), server=server)
        assert asked.calls["kimi-k2"] == 0
        assert asked.calls["gpt-5"] == 4
        assert asked.calls["qwen3-30b"] == 2


async def test_what_an_earlier_judge_said_does_not_stay_beside_the_present_one(tmp_path: Path) -> None:
    """A verdict that can no longer be read takes its win with it, in Langfuse too, and each run has one win rate."""
    models = {"claude-opus-4-5": saying("[[B>>A]]"), "gpt-5": saying("who knows"), "qwen3-30b": saying("mine")}
    async with SmallLangfuse() as server, ModelServer(models) as asked:
        await produce(server, conversations=2, turns=1)
        rival = challengers(asked.url, "qwen3-30b")
        path = config(tmp_path, HEAD + judge(asked.url, "claude-opus-4-5") + rival)
        await ran("once", "--yes", "-c", str(path), server=server)
        before = [score.name for score in server.scores()]
        config(tmp_path, HEAD + judge(asked.url, "gpt-5", "asks = 1") + rival)
        await ran("rejudge", "--yes", "-c", str(path), server=server)
        after = [score.name for score in server.scores()]
    assert (before.count("understudy_win"), before.count("understudy_consistent")) == (2, 2)
    assert (before.count("understudy_win.qwen3-30b"), before.count("win_rate")) == (2, 1)
    assert after.count("understudy_verdict") == 2
    for gone in ("understudy_win", "understudy_consistent", "understudy_win.qwen3-30b", "win_rate"):
        assert gone not in after
    assert after.count("unreadable") == 1


async def test_a_ranking_gives_head_to_head_results(tmp_path: Path) -> None:
    """Production and all challengers in one call, and again in the reverse order: everybody has met everybody."""

    def rank(body: dict[str, Any]) -> str:
        material = body["messages"][1]["content"]
        worth = {"best": 0, "worst": 2}
        seats = sorted(
            "ABC", key=lambda seat: worth.get(material.split(f"<answer_{seat.lower()}>\n")[1].split("\n")[0], 1)
        )
        return json.dumps({"ranking": [[seat] for seat in seats], "rationale": "as they are"})

    models = {"owl": rank, "qwen3-30b": saying("best"), "kimi-k2": saying("worst")}
    async with SmallLangfuse() as server, ModelServer(models) as asked:
        await produce(server, conversations=3, turns=1)
        tables = judge(asked.url, "owl", 'kind = "ranking"') + challengers(asked.url, "qwen3-30b", "kimi-k2")
        path = config(tmp_path, HEAD + tables)
        await ran("once", "--yes", "-c", str(path), server=server)
        found = await board(path)
    assert asked.calls["owl"] == 6
    assert found["scale"] == "ranks"
    assert [(row["challenger"], row["win_rate"]) for row in found["standings"]] == [
        ("qwen3-30b", 1.0),
        ("baseline", 0.5),
        ("kimi-k2", 0.0),
    ]
    [met] = [each for each in found["meetings"] if each["direct"]]
    shares = {(met["first"], met["second"]): met["share"]}
    assert shares in ({("qwen3-30b", "kimi-k2"): 1.0}, {("kimi-k2", "qwen3-30b"): 0.0})
