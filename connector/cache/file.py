"""The file of bought answers, opened to be worked on or to be looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from connector.cache import answers
from connector.cache.options import MEGABYTE, CacheTable
from rollouts.errors import Fatal

T = TypeVar("T")

_PATIENCE_S = 30.0
_HINT = "`understudy cache clear` makes it anew; only money is lost by that"


def open_file(path: str) -> sqlite3.Connection:
    """Open the file beside others who use it, creating it as needed. What is removed from it is overwritten."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, check_same_thread=False, timeout=_PATIENCE_S)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma secure_delete = on")
        connection.executescript(answers.SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    connection.isolation_level = None
    return connection


def look(path: str, work: Callable[[sqlite3.Connection], T]) -> T | None:
    """Run `work`, which only reads, without writing one byte into the file; where there is none, nothing is found."""
    if not Path(path).exists():
        return None
    with closing(_reader(path)) as connection:
        return work(connection)


def _reader(path: str) -> sqlite3.Connection:
    """A place that cannot be written to holds no room for the files beside it: then nobody else can write either."""
    address = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE_S)
    try:
        connection.execute("select 1 from answer limit 1")
    except sqlite3.OperationalError:
        connection.close()
        return sqlite3.connect(f"{address}&immutable=1", uri=True)
    return connection


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Work on the file from the command line. Raises `Fatal` where it is none, damaged or locked."""
    try:
        connection = open_file(str(path))
    except (sqlite3.Error, OSError) as error:
        raise Fatal(f"the cache {path} cannot be opened: {error}", hint=_HINT) from None
    try:
        yield connection
    except sqlite3.Error as error:
        raise Fatal(f"the cache {path} cannot be used: {error}", hint=_HINT) from None
    finally:
        connection.close()


def prune(path: Path, table: CacheTable, now: datetime, *, most_age: timedelta | None = None) -> int:
    """Remove what is older than the `ttl` or `most_age`, and what is too much; return how many answers. Raises `Fatal`.

    Where there is no file, none is made.
    """
    if not path.exists():
        return 0
    ages = [age for age in (table.ttl, most_age) if age is not None]
    with opened(path) as db:
        old = answers.drop_older(db, (now - min(ages)).timestamp()) if ages else 0
        dropped = old + answers.make_room(db, table.max_size * MEGABYTE)
        if dropped:
            shrink(db)
        return dropped


def forget(path: Path, trace_ids: Collection[str]) -> int:
    """Remove every answer that lives on words of these traces, bytes and all; return how many. Raises `Fatal`."""
    if not path.exists():
        return 0
    with opened(path) as db:
        dropped = answers.forget(db, trace_ids)
        db.execute("pragma wal_checkpoint(truncate)")
        return dropped


def shrink(connection: sqlite3.Connection) -> None:
    """Give the room of what was removed back to the disk, and leave nothing of it in the write-ahead log."""
    connection.execute("vacuum")
    connection.execute("pragma wal_checkpoint(truncate)")


def remove(path: Path) -> None:
    """Remove the file, whatever is in it."""
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)
