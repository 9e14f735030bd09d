"""`understudy forget` while the daemon works on the same state: nothing comes back from what it holds in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.demo.langfuse import SmallLangfuse
from connector.demo.model_dialects import Wire
from tests.integration.test_daemon import posted, running
from tests.integration.test_forgotten_everywhere import ABOUT, ANN, SESSION, TRACE, WORDS, bytes_of
from tests.integration.troubled import World, troubled, until
from tests.integration.world import conversation, produce, send

TURNS = 3


def left(world: World) -> list[bytes]:
    """Return what is left of ann's words and names in any file, or in what we wrote into Langfuse."""
    told = bytes_of(world.folder) + written(world.langfuse)
    return [word.encode() for word in (WORDS, ANN, SESSION) if word.encode() in told]


def written(server: SmallLangfuse) -> bytes:
    """Return everything in Langfuse that production did not write."""
    told: list[Any] = [[row for row in server.observations() if row.trace_id != TRACE]]
    return repr([*told, list(server.dataset_items.values()), server.scores()]).encode()


async def test_calls_under_way_bring_nothing_back(tmp_path: Path) -> None:
    """Every model is thinking about ann when she is forgotten, and repeats her; the daemon goes on with others."""
    async with troubled(tmp_path) as world:

        async def repeat(body: Wire) -> str:
            return f"{await world.answer(body)}, for you said: {body['messages'][-1]['content']}"

        world.models.models |= {"good-1": repeat, "fair-1": repeat}
        begun = datetime.now(UTC) - timedelta(minutes=40)
        await send(world.langfuse, conversation(TRACE, 7, TURNS, begun, ABOUT))
        world.flowing.clear()
        async with running(world) as daemon:
            await until(lambda: world.asked == 2 * TURNS)
            ran = await world.run("forget", "--user", ANN, "--yes")
            assert ran.code == 0, ran.err
            assert left(world) == []
            world.flowing.set()
            await until(lambda: not world.under_way)
            await produce(world.langfuse, 2, 1, **{"user.id": "bob-4712"})
            for challenger in ("good", "fair"):
                await daemon.counts(posted(challenger), 2)
            assert left(world) == []
            assert b"question 1" in written(world.langfuse)
            assert await daemon.ready()
        assert left(world) == []
        assert sum(world.models.calls[each] for each in ("good-1", "fair-1")) == 2 * (TURNS + 2)
