"""What every cache promises, and what the one on disk promises beside."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.cache import answers, file
from connector.cache.options import CacheTable
from connector.cache.sqlite import SqliteCache
from connector.clock import Clock
from rollouts.cache import Cache, MemoryCache, NoCache
from rollouts.errors import Fatal
from rollouts.types import Completion, Message, Text

BEGUN = datetime(2026, 11, 22, tzinfo=UTC)
Open = Callable[..., SqliteCache]


def answer(text: str = "yes", **others: Any) -> Completion:
    """Return an answer that was bought for 25 cents."""
    parts = (Text(content=text),)
    return Completion(message=Message(role="assistant", parts=parts), model="m-1", cost_usd=0.25, **others)


def raw(folder: Path) -> bytes:
    """Return every byte of every file."""
    return b"".join(part.read_bytes() for part in folder.iterdir())


@pytest.fixture
async def on_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """Open caches over one file, and close them in the end."""
    found = list[SqliteCache]()

    def opened(**options: Any) -> SqliteCache:
        found.append(SqliteCache(str(tmp_path / "cache.db"), **options))
        return found[-1]

    yield opened
    for each in found:
        await each.aclose()


@pytest.fixture(params=["none", "memory", "sqlite", "off"])
def cache(request: pytest.FixtureRequest, on_disk: Open) -> tuple[Cache, bool]:
    """Return every kind of cache, and whether it remembers."""
    match request.param:
        case "none":
            return NoCache(), False
        case "memory":
            return MemoryCache(), True
        case "off":
            return on_disk(mode="off"), False
    return on_disk(), True


async def test_what_was_put_comes_back_if_the_cache_remembers(cache: tuple[Cache, bool]) -> None:
    """By its content only; the last answer counts; what is not there is not made up."""
    kept, remembers = cache
    assert await kept.get("c1", "t1") is None
    await kept.put("c1", answer("no"), "t1")
    await kept.put("c1", answer("yes", finish_reason="stop"), "t2")
    assert await kept.get("c1", "t3") == (answer("yes", finish_reason="stop") if remembers else None)
    assert await kept.get("c2", "t1") is None


async def test_answers_outlive_the_process(on_disk: Open) -> None:
    """Another process finds them, also while the first goes on."""
    first, second = on_disk(), on_disk()
    await first.put("c", answer(), "t")
    assert await second.get("c", "t") == answer()
    await second.put("d", answer("d"), "t")
    assert await first.get("d", "t") == answer("d")
    assert first.savings == (1, 0.25)


async def test_modes(on_disk: Open) -> None:
    """`read_only` adds nothing, `write_only` uses nothing."""
    reading, writing = on_disk(mode="read_only"), on_disk(mode="write_only")
    await reading.put("c", answer(), "t")
    assert await on_disk().get("c", "t") is None
    await writing.put("c", answer(), "t")
    assert await writing.get("c", "t") is None
    assert await reading.get("c", "t") == answer()


async def test_old_answers_are_not_used(on_disk: Open, tmp_path: Path) -> None:
    """From the `ttl` on an answer is bought anew; `prune` removes what nobody uses any more."""
    now = [BEGUN]
    kept = on_disk(ttl=timedelta(days=30), clock=Clock(now=lambda: now[0]))
    await kept.put("c", answer(), "t")
    now[0] += timedelta(days=29)
    assert await kept.get("c", "t") == answer()
    await kept.put("d", answer(), "t")
    now[0] += timedelta(days=2)
    assert await kept.get("c", "t") is None
    table = CacheTable(ttl=timedelta(days=30))
    assert file.prune(tmp_path / "cache.db", table, now[0]) == 1
    assert file.prune(tmp_path / "cache.db", table, now[0], most_age=timedelta(days=1)) == 1


async def test_the_file_stays_within_its_size(on_disk: Open, tmp_path: Path) -> None:
    """What was not used for the longest time goes first, and what is used stays."""
    now = [BEGUN]
    kept = on_disk(max_size=0.5, clock=Clock(now=lambda: now[0]))
    for number in range(300):
        now[0] += timedelta(seconds=1)
        await kept.put(f"c{number}", answer("x" * 10_000), "t")
        assert await kept.get("c0", "t") is not None
    left = [number for number in range(300) if await kept.get(f"c{number}", "t")]
    assert left[0] == 0
    assert left[1:] == list(range(300 - len(left) + 1, 300))
    assert 20 < len(left) < 50
    assert (tmp_path / "cache.db").stat().st_size < 600_000
    assert file.prune(tmp_path / "cache.db", CacheTable(max_size=0.2), now[0]) > 0
    assert (tmp_path / "cache.db").stat().st_size < 250_000


async def test_what_is_forgotten_leaves_no_byte(on_disk: Open, tmp_path: Path) -> None:
    """An answer goes with any of the traces that live on in it; others stay."""
    kept = on_disk()
    await kept.put("c", answer("the secret of ann"), "t1")
    await kept.get("c", "t2")
    await kept.put("d", answer("something else"), "t1")
    assert file.forget(tmp_path / "cache.db", ["t2"]) == 1
    assert (await kept.get("c", "t1"), await kept.get("d", "t1")) == (None, answer("something else"))
    assert b"secret of ann" not in raw(tmp_path)
    assert file.forget(tmp_path / "no such file", ["t2"]) == 0


async def test_shelves(on_disk: Open, tmp_path: Path) -> None:
    """Answers are added up by model, with what their hits would have cost."""
    kept = on_disk(clock=Clock(now=lambda: BEGUN))
    await kept.put("c", answer(), "t")
    await kept.put("d", answer().model_copy(update={"cost_usd": None, "model": None}), "t")
    for _ in range(3):
        await kept.get("c", "t")
    with file.opened(tmp_path / "cache.db") as db:
        unnamed, named = answers.shelves(db)
    at = BEGUN.timestamp()
    assert named._replace(size=0) == ("m-1", 1, 0, at, at, 3, 0.75)
    assert (unnamed.model, unnamed.answers, unnamed.saved_usd) == (None, 1, None)


@pytest.mark.parametrize("damage", [b"no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
async def test_a_damaged_file_is_said_once_and_done_without(on_disk: Open, tmp_path: Path, damage: bytes) -> None:
    """Everything is bought then; the command line says what is wrong and how to mend it."""
    (tmp_path / "cache.db").write_bytes(damage)
    with capture_logs() as logs:
        kept = on_disk()
        assert await kept.get("c", "t") is None
        await kept.put("c", answer(), "t")
        assert await kept.get("c", "t") is None
    assert [log["event"] for log in logs] == ["cache.unusable"]
    with pytest.raises(Fatal, match="cache") as refused, file.opened(tmp_path / "cache.db"):
        pass
    assert "clear" in str(refused.value.hint)


async def test_a_file_that_breaks_meanwhile_is_done_without(on_disk: Open, tmp_path: Path) -> None:
    """What is asked of it after that is bought, and said once."""
    kept = on_disk()
    await kept.put("c", answer(), "t")
    with closing(sqlite3.connect(tmp_path / "cache.db")) as db:
        db.execute("drop table use")
        db.execute("drop table answer")
    with capture_logs() as logs:
        assert [await kept.get("c", "t") for _ in range(3)] == [None] * 3
        await kept.put("c", answer(), "t")
    assert [log["event"] for log in logs] == ["cache.unusable"]


async def test_an_answer_that_cannot_be_read_is_bought_anew(on_disk: Open, tmp_path: Path) -> None:
    """One bad row costs one call, and only once."""
    kept = on_disk()
    await kept.put("c", answer(), "t")
    await kept.put("d", answer(), "t")
    with closing(sqlite3.connect(tmp_path / "cache.db")) as db, db:
        db.execute("update answer set completion = '{' where content = 'c'")
    assert (await kept.get("c", "t"), await kept.get("d", "t")) == (None, answer())
    await kept.put("c", answer(), "t")
    assert await kept.get("c", "t") == answer()
