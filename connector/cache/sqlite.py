"""The cache in one file, for as many processes as want it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import structlog
from pydantic import ValidationError

from connector.cache import answers, file
from connector.cache.file import open_file
from connector.cache.options import MEGABYTE, CacheTable, Mode
from connector.clock import Clock
from connector.store.writer import Writer
from rollouts.errors import Fatal
from rollouts.types import Completion

log = structlog.get_logger(__name__)
T = TypeVar("T")

_LARGEST = 0.5
"""The share of the size limit that one answer may take."""


class Savings(NamedTuple):
    """What the cache was good for in this process."""

    answers: int
    usd: float
    """As far as prices were known when they were bought."""


class SqliteCache:
    """Implements `rollouts.cache.Cache`.

    A file that cannot be used is said once, and from then on everything is bought: nothing stops, and nothing but money
    is lost.
    """

    def __init__(
        self,
        path: str,
        *,
        mode: Mode = "on",
        ttl: timedelta | None = None,
        max_size: float = 1000,
        clock: Clock | None = None,
    ) -> None:
        """`max_size` is in MB."""
        self._path, self._reads, self._writes = path, mode in ("on", "read_only"), mode in ("on", "write_only")
        self._notes = mode == "on"
        self._ttl_s = None if ttl is None else ttl.total_seconds()
        self._most_bytes = max_size * MEGABYTE
        self._clock = clock or Clock()
        self.savings = Savings(0, 0.0)
        self._writer: Writer | None = None
        try:
            if self._writes:
                self._writer = Writer(partial(open_file, path), called="the cache")
        except Fatal as error:
            self._do_without(error)

    @classmethod
    def of(cls, table: CacheTable, folder: Path, *, used: bool = True) -> SqliteCache:
        """Open what is configured; nothing where nobody will be asked, so that it is not `used`."""
        mode: Mode = table.mode if used else "off"
        return cls(str(folder / table.path), mode=mode, ttl=table.ttl, max_size=table.max_size)

    async def get(self, content: str, trace_id: str) -> Completion | None:
        """Return the answer, unless it is too old or cannot be read any more."""
        if not self._reads:
            return None
        now = self._now_s()
        if self._notes:
            found = await self._run(lambda db: self._used(db, content, trace_id, now))
        else:
            found = await self._look(lambda db: answers.find(db, content, self._since_s(now)))
        if found is None:
            return None
        try:
            completion = Completion.model_validate_json(found)
        except ValidationError:
            if self._notes:
                await self._run(lambda db: answers.drop(db, content))
            return None
        self.savings = Savings(self.savings.answers + 1, self.savings.usd + (completion.cost_usd or 0.0))
        return completion

    async def put(self, content: str, completion: Completion, trace_id: str) -> None:
        """Keep an answer, and make room for it; not one for which most of the others would have to go."""
        if not self._writes or len(completion.model_dump_json()) > _LARGEST * self._most_bytes:
            return
        now = self._now_s()

        def write(db: sqlite3.Connection) -> None:
            answers.keep(db, content, completion, trace_id, now)
            answers.make_room(db, self._most_bytes)

        await self._run(write)

    async def aclose(self) -> None:
        """Close the file."""
        if self._writer is not None:
            await self._writer.aclose()

    def _used(self, db: sqlite3.Connection, content: str, trace_id: str, now_s: float) -> str | None:
        found = answers.find(db, content, self._since_s(now_s))
        if found is not None:
            answers.used(db, content, trace_id, now_s)
        return found

    async def _look(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        try:
            return await asyncio.to_thread(file.look, self._path, work)
        except (OSError, sqlite3.DatabaseError) as error:
            self._do_without(error)
            return None

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        if self._writer is None:
            return None
        try:
            return await self._writer.run(work)
        except (Fatal, sqlite3.DatabaseError) as error:
            self._do_without(error)
            return None

    def _do_without(self, error: Exception) -> None:
        if self._reads or self._writes:
            hint = "everything is bought anew; `understudy cache clear` makes the file anew"
            log.warning("cache.unusable", path=self._path, caused_by=str(error), hint=hint)
        self._reads = self._writes = False

    def _now_s(self) -> float:
        return self._clock.now().timestamp()

    def _since_s(self, now_s: float) -> float:
        return 0.0 if self._ttl_s is None else now_s - self._ttl_s
