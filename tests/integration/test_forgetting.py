"""Forgetting through the whole product: the store, the cache, the outbox and what we wrote into Langfuse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from connector.app import App, build
from connector.clock import Clock
from connector.config_file import read
from connector.demo.langfuse import SmallLangfuse
from connector.forgetting import Keeper, Retention
from connector.langfuse.own import ENVIRONMENTS
from connector.subjects import Subject
from rollouts.errors import UnderstudyError
from tests.integration.world import CONFIG, config, conversation, keys_of, produce, send


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SmallLangfuse]:
    """Return a Langfuse with a conversation of ann's and one of bob's."""
    async with SmallLangfuse() as found:
        for name, value in keys_of(found).items():
            monkeypatch.setenv(name, value)
        begun = datetime.now(UTC) - timedelta(minutes=40)
        await send(found, conversation("a" * 32, 7, 2, begun, {"user.id": "ann-4711"}))
        await produce(found, 2, 2, **{"user.id": "bob-4712"})
        yield found


async def worked(app: App) -> str:
    """Look twice, as a trace is read once it has settled, and run a cycle; return the leaderboard."""
    await app.engine.poll()
    await app.engine.poll()
    await app.engine.work(until_idle=True)
    await app.engine.publish()
    await app.engine.read_back()
    return (await app.engine.leaderboard()).model_dump_json()


def raw(folder: Path) -> bytes:
    """Return every byte of every file that the product has written."""
    return b"".join(part.read_bytes() for part in folder.iterdir() if part.name != "config.toml")


def own(server: SmallLangfuse) -> str:
    """Return all that we wrote into Langfuse, but for leaderboards."""
    written = [row for row in server.observations() if row.environment in ENVIRONMENTS]
    items = [item for item in server.dataset_items.values() if "messages" in str(item)]
    return repr([written, items, [score for score in server.scores() if score.name.startswith("understudy_")]])


def posted_about(server: SmallLangfuse, *traces: str) -> list[str]:
    """Return what our scores on these traces of production say."""
    return [score.name for score in server.scores() if score.trace_id in traces]


async def test_a_user_is_forgotten_everywhere(server: SmallLangfuse, tmp_path: Path) -> None:
    """No byte in any file, nothing of ours in Langfuse; the leaderboard is the same, and the trace stays away."""
    path = config(tmp_path, CONFIG.replace('confirm = "5s"', 'confirm = "5s"\nsettle = "0s"'))
    [ann] = {row.trace_id for row in server.observations() if row.user_id == "ann-4711"}
    async with build(read(path), path, spending=True) as app:
        board = await worked(app)
        assert "question 7" in own(server)
        assert posted_about(server, ann)
        found = await app.keeper.forget([Subject("user", "ann-4711")])
        assert (found.traces, found.challenges, found.duels) == (1, 2, 4)
        await app.keeper.remove()
        assert posted_about(server, ann) == []
        assert await app.engine.poll() == 0
        assert await worked(app) == board
    assert "question 7" not in own(server)
    assert "question 1" in own(server)
    stored = raw(tmp_path)
    assert b"ann-4711" not in stored
    assert b"bob-4712" in stored


@pytest.mark.parametrize("session", [{}, {"session.id": "s-1"}])
async def test_a_conversation_that_goes_on_does_not_bring_it_back(
    server: SmallLangfuse, tmp_path: Path, session: dict[str, str]
) -> None:
    """A trace of the same conversation that comes after the forgetting repeats it in its history, and is not taken."""
    path = config(tmp_path)
    begun = datetime.now(UTC) - timedelta(minutes=30)
    first, second = "c" * 32, "d" * 32
    await send(server, conversation(first, 8, 1, begun, session))
    async with build(read(path), path, spending=True) as app:
        await worked(app)
        assert "question 8 0" in own(server)
        await app.keeper.forget([Subject("trace", first)])
        await app.keeper.remove()
        goes_on = conversation(second, 8, 2, begun + timedelta(minutes=1), session)
        await send(server, [each for each in goes_on if not each["spanId"].endswith("1")])
        await worked(app)
        fates = {count.reason for count in await app.store.ledger() if count.of == "trace" and count.example == second}
    assert fates == {"forgotten"}
    assert "question 8" not in own(server)
    assert b"question 8" not in raw(tmp_path)


async def test_an_outage_delays_and_loses_nothing(server: SmallLangfuse, tmp_path: Path) -> None:
    """What Langfuse does not remove now is removed when it is back."""
    path = config(tmp_path)
    async with build(read(path), path, spending=True) as app:
        await worked(app)
        server.fail("/api/public/traces", 403, times=1, method="DELETE")
        await app.keeper.forget([Subject("user", "ann-4711")])
        with pytest.raises(UnderstudyError):
            await app.keeper.remove()
        left = await app.store.left()
        await app.keeper.tick()
        later = keeper(app, tmp_path, timedelta(minutes=11))
        await later.remove()
        assert (left > 0, await app.store.left()) == (True, 0)


def keeper(app: App, folder: Path, ahead: timedelta) -> Keeper:
    """Return what keeps house at another time."""
    clock = Clock(now=lambda: datetime.now(UTC) + ahead)
    table, state = app.config.cache, folder / app.config.state
    return Keeper(app.engine.arena, app.store, Retention(), state=state, cache=table, clock=clock)


async def test_deletions_in_langfuse_are_followed(server: SmallLangfuse, tmp_path: Path) -> None:
    """A trace that is gone, and still gone an hour later, is forgotten; one that comes back meanwhile is not."""
    path = config(tmp_path)
    days = timedelta(days=3)
    async with build(read(path), path, spending=True) as app:
        await worked(app)
        [ann] = {row.trace_id for row in server.observations() if row.user_id == "ann-4711"}
        async with httpx.AsyncClient(base_url=server.base_url, auth=(server.public_key, server.secret_key)) as http:
            await http.delete(f"/api/public/traces/{ann}")
        await app.store.suspect(
            [row.trace_id for row in server.observations() if row.user_id == "bob-4712"], datetime.now(UTC)
        )
        await keeper(app, tmp_path, days).follow()
        assert ann in await app.store.with_texts(datetime.now(UTC) - days, datetime.now(UTC))
        await keeper(app, tmp_path, days + timedelta(minutes=61)).follow()
        left = await app.store.with_texts(datetime.now(UTC) - days, datetime.now(UTC))
        assert (ann in left, len(left)) == (False, 2)


async def test_texts_age_and_figures_stay(server: SmallLangfuse, tmp_path: Path) -> None:
    """After `texts` no word is left in the store or the cache, and the leaderboard is the same."""
    path = config(tmp_path)
    async with build(read(path), path, spending=True) as app:
        board = await worked(app)
        assert await keeper(app, tmp_path, timedelta(days=89)).age() == 0
        assert await keeper(app, tmp_path, timedelta(days=91)).age() == 6
        assert (await app.engine.leaderboard()).model_dump_json() == board
    stored = raw(tmp_path)
    assert b"a fine answer" not in stored
    assert b"Better. [[B>A]]" not in stored
