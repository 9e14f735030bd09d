"""While money is short a cheaper judge sits, on a leaderboard of its own; afterwards its duels are judged again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.troubled import World, troubled
from tests.integration.world import CONFIG, config, produce, understudy

CHEAPER = """
[budget]
on_exhausted = "degrade"
output_tokens = 200
degrade_to = 0.99
per_day_usd = LIMIT
[cheaper_judge.model]
kind = "openai_compatible"
base_url = "MODELS/v1"
model = "cheap-1"
price = { input = 0.1, output = 0.2 }
"""


def allow(world: World, per_day_usd: float) -> None:
    """Limit the money of a day."""
    world.configure()
    limited = CHEAPER.replace("MODELS", world.models.url).replace("LIMIT", f"{per_day_usd:.6f}")
    world.config.write_text(world.config.read_text() + limited)


async def once(world: World, verb: str = "once") -> None:
    """Run a cycle to its end."""
    ran = await world.run(verb, "--yes")
    assert ran.code == 0, ran.err


async def spent_today(world: World) -> float:
    """Return what the day's window holds, in USD."""
    found: dict[str, Any] = json.loads((await world.run("status", "--json")).out)
    [day] = [each for each in found["money"] if each["window"] == "day"]
    return float(day["spent_usd"])


def counted(board: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that say who is how good."""
    return {row["challenger"]: (row["turns"], row["win_rate"], row["low"], row["high"]) for row in board["standings"]}


def asked(board: dict[str, Any]) -> set[int]:
    """Return how many turns the judge has looked at, of each challenger."""
    return {row["turns"] + row["unreadable"] for row in board["standings"] if not row["baseline"]}


async def test_while_money_is_short_a_cheaper_judge_sits_apart(tmp_path: Path) -> None:
    """From 80 % of a day's limit on it judges; the leaderboard does not know of it before `rejudge`."""
    async with troubled(tmp_path) as world:
        world.models.models["cheap-1"] = world.judge
        await produce(world.langfuse, 16, 1)
        allow(world, 100.0)
        await once(world)
        before, calls = await world.leaderboard(), world.models.calls.copy()
        assert (calls["cheap-1"], before["cheaper_duels"]) == (0, 0)
        await produce(world.langfuse, 3, 1, **{"langfuse.release": "next"})
        allow(world, await spent_today(world) / 0.8)
        await once(world)
        assert world.models.calls["judge-1"] == calls["judge-1"]
        assert world.models.calls["cheap-1"] > 0
        short = await world.leaderboard()
        assert counted(short) == counted(before)
        assert (short["cheaper_judge"], short["cheaper_duels"]) != (short["judge"], 0)
        shown = " ".join((await world.run("leaderboard")).out.split())
        assert f"{short['cheaper_duels']} duel(s) that {short['cheaper_judge']} judged while money was short" in shown
        apart = json.loads((await world.run("leaderboard", "--cheaper", "--json")).out)
        assert apart["judge"] == short["cheaper_judge"]
        assert asked(apart) == {3}

        allow(world, 100.0)
        calls = world.models.calls.copy()
        await once(world)
        assert world.models.calls == calls, "nothing is bought again in silence"
        await once(world, "rejudge")
        assert world.models.calls["judge-1"] > calls["judge-1"]
        assert world.models.calls["cheap-1"] == calls["cheap-1"]
        after = await world.leaderboard()
        assert after["cheaper_duels"] == 0
        assert asked(after) == {19}


ANOTHER = """
[cheaper_judge.model]
kind = "scripted"
model = "judge-2"
answers = ["Better. [[B>A]]"]
"""
DEGRADING = '[budget]\non_exhausted = "degrade"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CONFIG + ANOTHER, 'is for `on_exhausted = "degrade"`'),
        (CONFIG + DEGRADING + ANOTHER.replace("judge-2", "judge-1"), "judges already"),
        (CONFIG + DEGRADING + ANOTHER, "no cheaper"),
        (
            CONFIG.replace("[judge.model]", '[judge]\nkind = "ranking"\n[judge.model]') + DEGRADING + ANOTHER,
            "takes nobody's place",
        ),
    ],
)
async def test_a_judge_that_cannot_take_the_place_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Each reason is said before anything is spent, and without a server."""
    ran = await understudy("leaderboard", "-c", str(config(tmp_path, text)))
    assert ran.code == 2
    assert said in " ".join(ran.err.split())
