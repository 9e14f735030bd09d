"""What Langfuse accepts is not what it keeps: everything is read back, sent once more, and then reported."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from connector.demo.langfuse import Mode
from tests.integration.test_killed import assert_whole
from tests.integration.troubled import World, troubled
from tests.integration.world import Ran, produce

CONVERSATIONS, TURNS = 5, 2


async def cycle(world: World) -> Ran:
    """Run one cycle that waits no longer than needed for what does not show."""
    world.configure(confirm='"1s"')
    return await world.run("once", "--yes", "--log-format", "json")


@pytest.mark.parametrize("mode", ["events_only", "dual", "list_scores"])
@pytest.mark.parametrize("kind", ["score", "span"])
async def test_what_was_swallowed_is_sent_once_more(tmp_path: Path, mode: Mode, kind: Literal["score", "span"]) -> None:
    """Scores, rollouts, baselines and judges' rounds alike; then everything is there, and once."""
    async with troubled(tmp_path, mode) as world:
        await produce(world.langfuse, CONVERSATIONS, TURNS)
        world.langfuse.swallow(kind, 25)
        ran = await cycle(world)
        assert ran.code == 0, ran.err
        assert "delivery.sent_again" in ran.err
        assert "delivery.lost" not in ran.err
        assert_whole(world.langfuse)


async def test_what_is_swallowed_for_good_is_reported(tmp_path: Path) -> None:
    """It is counted, the exit code is 1, and the next cycle does not ask for it again."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, CONVERSATIONS, TURNS)
        world.langfuse.swallow("span", 1_000_000)
        ran = await cycle(world)
        assert ran.code == 1, ran.err
        assert "the results of 20 duel(s)" in " ".join(ran.err.split())
        assert ran.out, "the leaderboard is shown all the same"
        served = len(world.served)
        again = await cycle(world)
        assert again.code == 0, again.err
        spans = [row for row in world.served[served:] if row.method == "POST" and "otel" in row.path]
        assert len(spans) == 1, "the leaderboard's own"


async def test_a_server_may_take_its_time(tmp_path: Path) -> None:
    """What shows late is waited for, and not sent again."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, CONVERSATIONS, TURNS)
        world.langfuse.visible_after_s = 2.5
        world.configure(confirm='"8s"')
        ran = await world.run("once", "--yes", "--log-format", "json")
        assert ran.code == 0, ran.err
        assert "delivery.sent_again" not in ran.err
        assert_whole(world.langfuse)
