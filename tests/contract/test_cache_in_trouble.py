"""The cache beside others, on a full disk, in a place that cannot be written to, and with clocks that jump."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from structlog.testing import capture_logs

from connector.cache import answers, file
from connector.cache.options import CacheTable
from connector.cache.sqlite import SqliteCache
from connector.clock import Clock
from rollouts.types import Completion, Message, Text

BEGUN = datetime(2026, 11, 22, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def answer(text: str = "yes") -> Completion:
    """Return an answer."""
    return Completion(message=Message(role="assistant", parts=(Text(content=text),)), model="m-1", cost_usd=0.25)


async def test_who_only_reads_writes_not_one_byte(tmp_path: Path) -> None:
    """Neither where the answer is there, nor where it is not, nor where there is no file."""
    path = tmp_path / "cache.db"
    reading = SqliteCache(str(path), mode="read_only")
    with capture_logs() as logs:
        assert await reading.get("c", "t") is None
    assert (logs, path.exists()) == ([], False)
    writing = SqliteCache(str(path))
    await writing.put("c", answer(), "t")
    await writing.aclose()
    before, times = path.read_bytes(), path.stat().st_mtime_ns
    assert await reading.get("c", "t2") == answer()
    assert await reading.get("d", "t2") is None
    await reading.put("d", answer(), "t2")
    await reading.aclose()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, times)


async def test_who_reads_sees_what_another_writes_meanwhile(tmp_path: Path) -> None:
    """Though it lies in the write-ahead log only."""
    writing = SqliteCache(str(tmp_path / "cache.db"))
    reading = SqliteCache(str(tmp_path / "cache.db"), mode="read_only")
    for name in "cd":
        await writing.put(name, answer(name), "t")
        assert await reading.get(name, "t") == answer(name)
    await writing.aclose()


async def test_an_age_ends_at_its_second(tmp_path: Path) -> None:
    """Exactly as old as the `ttl` is still used and not pruned; a moment older is neither."""
    now = [BEGUN]
    ttl = timedelta(days=30)
    kept = SqliteCache(str(tmp_path / "cache.db"), ttl=ttl, clock=Clock(now=lambda: now[0]))
    await kept.put("c", answer(), "t")
    now[0] = BEGUN + ttl
    assert await kept.get("c", "t") == answer()
    assert file.prune(tmp_path / "cache.db", CacheTable(ttl=ttl), now[0]) == 0
    now[0] += timedelta(microseconds=10)
    assert await kept.get("c", "t") is None
    assert file.prune(tmp_path / "cache.db", CacheTable(ttl=ttl), now[0]) == 1
    await kept.aclose()


async def test_a_clock_that_goes_back_loses_nothing(tmp_path: Path) -> None:
    """An answer from the future is one."""
    now = [BEGUN]
    kept = SqliteCache(str(tmp_path / "cache.db"), ttl=timedelta(days=30), clock=Clock(now=lambda: now[0]))
    await kept.put("c", answer(), "t")
    now[0] -= timedelta(days=3)
    assert await kept.get("c", "t") == answer()
    assert file.prune(tmp_path / "cache.db", CacheTable(), now[0]) == 0
    await kept.aclose()


async def test_one_huge_answer_drives_out_no_others(tmp_path: Path) -> None:
    """What would take most of the room is not kept."""
    kept = SqliteCache(str(tmp_path / "cache.db"), max_size=0.5)
    for number in range(10):
        await kept.put(f"c{number}", answer("x" * 10_000), "t")
    await kept.put("huge", answer("x" * 600_000), "t")
    assert await kept.get("huge", "t") is None
    assert all([await kept.get(f"c{number}", "t") for number in range(10)])
    await kept.aclose()


BUSY = """
import asyncio, sys
from tests.contract.test_cache_in_trouble import answer
from connector.cache.sqlite import SqliteCache

async def main():
    kept = SqliteCache(sys.argv[1], max_size=0.3)
    for number in range(150):
        await kept.put(f"{sys.argv[2]} {number}", answer("x" * 5000), f"t{number}")
        assert await kept.get(f"{sys.argv[2]} {number}", "t") is not None, number
    await kept.aclose()

asyncio.run(main())
"""


async def test_two_processes_beside_prune_and_ls(tmp_path: Path) -> None:
    """Two write, one prunes, empties the log and looks: nobody does without, and the file is whole."""
    path = tmp_path / "cache.db"
    file.open_file(str(path)).close()
    writers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", BUSY, str(path), name), cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        for name in "ab"
    ]
    said = asyncio.gather(*(each.communicate() for each in writers))
    while not said.done():
        await asyncio.to_thread(file.prune, path, CacheTable(max_size=0.1), datetime.now(UTC))
        with file.opened(path) as db:
            answers.shelves(db)
        await asyncio.sleep(0.2)
    ends = [(each.returncode, error.decode()) for each, (_, error) in zip(writers, await said, strict=True)]
    # One may have been pruned between its `put` and its `get`: that is no trouble of the file.
    assert all(code == 0 or "AssertionError" in error for code, error in ends), ends
    with file.opened(path) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


FULL = """
import asyncio, resource, sys
from tests.contract.test_cache_in_trouble import answer
from connector.cache.sqlite import SqliteCache

async def main():
    kept = SqliteCache(sys.argv[1])
    await kept.put("first", answer(), "t")
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    for number in range(100):
        await kept.put(f"c{number}", answer("x" * 10_000), "t")
    assert await kept.get("c99", "t") is None
    await kept.aclose()

asyncio.run(main())
"""


async def test_a_full_disk_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    """From then on everything is bought; what was kept before is there when there is room again."""
    path = tmp_path / "cache.db"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FULL, str(path)), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert (process.returncode, out.decode().count("cache.unusable")) == (0, 1)
    kept = SqliteCache(str(path))
    assert await kept.get("first", "t") == answer()
    await kept.aclose()


async def test_a_file_that_was_replaced_meanwhile_stops_nothing(tmp_path: Path) -> None:
    """Whoever has the old one open goes on; whoever comes later finds the new one whole."""
    path = tmp_path / "cache.db"
    first = SqliteCache(str(path))
    await first.put("c", answer(), "t")
    file.remove(path)
    second = SqliteCache(str(path))
    await second.put("d", answer("d"), "t")
    await first.put("e", answer("e"), "t")
    assert await second.get("d", "t") == answer("d")
    await first.aclose()
    await second.aclose()
    with file.opened(path) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
