"""`understudy forget` on every kind of server, by bytes: tiers, flags, pairs, and killed on the way."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.app import build
from connector.clock import Clock
from connector.config_file import read
from connector.demo.langfuse import Mode, Served, SmallLangfuse
from connector.forgetting import Keeper, Retention
from tests.integration.tiering import People
from tests.integration.troubled import Watched
from tests.integration.world import BIN, CONFIG, config, conversation, keys_of, produce, send, understudy

MODES: tuple[Mode, ...] = ("events_only", "dual", "list_scores", "v3")
ANN, TRACE, SESSION = "ann-4711", "a" * 32, "session-of-4711"
ABOUT = {"user.id": ANN, "session.id": SESSION, "langfuse.trace.name": f"chat of {ANN}"}
WORDS = "question 7"
TIERS = """
[tiers.golden]
datasets = ["kept"]
[tiers.adversarial]
scores = ["user_feedback < 0"]
"""


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Callable[[SmallLangfuse], None]:
    """Put the keys of a server into the environment."""

    def put(server: SmallLangfuse) -> None:
        for name, value in keys_of(server).items():
            monkeypatch.setenv(name, value)

    return put


async def ready(server: SmallLangfuse, folder: Path) -> Path:
    """Let ann and bob speak, let people flag, keep and be shown what ann said, and run a cycle."""
    path, people = config(folder, f"{TIERS}\n{CONFIG}"), People(server)
    begun = datetime.now(UTC) - timedelta(minutes=40)
    await send(server, conversation(TRACE, 7, 2, begun, ABOUT))
    await produce(server, 2, 2, **{"user.id": "bob-4712"})
    await people.score(TRACE, -1)
    await people.dataset("kept", one={"input": f"{WORDS}, kept", "expectedOutput": "Fine.", "sourceTraceId": TRACE})
    await cycle(path)
    ran = await understudy("calibrate", "--pick", "60", "-c", str(path), server=server)
    assert ran.code == 0, ran.err
    return path


async def cycle(path: Path) -> None:
    """Read, judge, post and publish, twice: a trace is read once it has settled."""
    async with build(read(path), path, spending=True) as app:
        for _ in range(2):
            await app.engine.poll()
            await app.engine.refill()
        await app.engine.work(until_idle=True)
        await app.engine.publish()
        await app.engine.read_back()


async def removed_again(path: Path) -> None:
    """Remove once more what came meanwhile, as it is done some minutes later."""
    async with build(read(path), path, spending=True) as app:
        clock, state = Clock(now=lambda: datetime.now(UTC) + timedelta(minutes=11)), path.parent / app.config.state
        await Keeper(
            app.engine.arena, app.store, Retention(), state=state, cache=app.config.cache, clock=clock
        ).remove()
        assert await app.store.left() == 0


def bytes_of(folder: Path) -> bytes:
    """Return every byte of every file that the product has written."""
    return b"".join(part.read_bytes() for part in folder.iterdir() if part.name != "config.toml")


def written(server: SmallLangfuse) -> bytes:
    """Return everything in Langfuse that is not production's or people's own."""
    ours = [row for row in server.observations() if row.trace_id != TRACE]
    items = [item for item in server.dataset_items.values() if item["id"] != "one"]
    scores = [score for score in server.scores() if score.name != "user_feedback"]
    state = server.state
    told: list[Any] = [ours, items, scores, state.queue_items, state.dataset_run_items]
    return repr(told).encode()


async def board(path: Path) -> str:
    """Return the leaderboard's rows."""
    async with build(read(path), path, online=False) as app:
        return repr((await app.engine.leaderboard()).standings)


def found_in(*told: bytes) -> list[bytes]:
    """Return where something stands that ann said, or that says who she is, with what is around it."""
    words = [word.encode() for word in (WORDS, ANN, SESSION, TRACE)]
    return [each[max(0, at - 200) : at + 100] for each in told for word in words if (at := each.find(word)) >= 0]


@pytest.mark.parametrize("mode", MODES)
async def test_no_byte_is_left(mode: Mode, tmp_path: Path, keys: Callable[[SmallLangfuse], None]) -> None:
    """Neither in the state, its log and the cache, nor in what we wrote into Langfuse; of others everything is left.

    Nor does another cycle bring it back, though what people said of the trace is still there.
    """
    async with SmallLangfuse(mode) as server:
        keys(server)
        path = await ready(server, tmp_path)
        shown = len(server.state.queue_items)
        assert all(told.encode() in bytes_of(tmp_path) + written(server) for told in (WORDS, ANN, SESSION, TRACE))
        before = await board(path)
        ran = await understudy("forget", "--user", ANN, "--yes", "-c", str(path), server=server)
        assert ran.code == 0, ran.err
        assert found_in(written(server)) == []
        await removed_again(path)
        assert found_in(bytes_of(tmp_path), written(server)) == []
        assert 0 < len(server.state.queue_items) < shown
        assert await board(path) == before
        assert b"question 1" in written(server)
        assert b"bob-4712" in bytes_of(tmp_path)
        await People(server).item("kept", "one", input=f"{WORDS}, edited", sourceTraceId=TRACE)
        await cycle(path)
        assert found_in(bytes_of(tmp_path), written(server)) == []
        assert await board(path) == before


@pytest.mark.parametrize("deletions", [1, 3])
async def test_killed_while_removing(deletions: int, tmp_path: Path, keys: Callable[[SmallLangfuse], None]) -> None:
    """What is forgotten here is so for good, and what was still to be removed elsewhere is removed by the next."""
    async with SmallLangfuse() as server:
        keys(server)
        path = await ready(server, tmp_path)
        before = await board(path)
        process = await asyncio.create_subprocess_exec(
            *(str(BIN), "forget", "--user", ANN, "--yes", "-c", str(path)), stdin=asyncio.subprocess.DEVNULL
        )
        watched = server.state.requests = Watched()

        def tell(_: Served) -> None:
            if sum(served.method == "DELETE" for served in watched) == deletions:
                watched.tell = lambda _: None
                process.kill()

        watched.tell = tell
        assert await process.wait() == -signal.SIGKILL
        async with build(read(path), path, spending=True) as app:
            assert await app.store.left() > 0
            await app.keeper.remove()
            await app.engine.publish(every=True)
        assert found_in(written(server)) == []
        await removed_again(path)
        assert found_in(bytes_of(tmp_path), written(server)) == []
        assert await board(path) == before
