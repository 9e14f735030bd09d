"""What is needed is kept, and no longer: old texts go, what a person wants forgotten goes, and deletions are followed.

Whom to forget is noted before anything else, so that it is gone for good, whenever the process dies and however long
the other side is away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from connector.cache import file as cache_file
from connector.cache.options import CacheTable
from connector.clock import Clock, Duration, Expiry
from connector.pipeline import Arena
from connector.store.file import scrub
from connector.store.sqlite import SqliteStore
from connector.subjects import Forgot, Place, Remains, Subject
from connector.traces import Window
from rollouts.errors import UnderstudyError
from rollouts.types import Options

log = structlog.get_logger(__name__)

_CHUNK: Final = 50
_MOST_FOUND: Final = 100
"""Traces that are looked for by their ids at a time."""
_SPAN: Final = timedelta(days=7)
"""How much of the past is compared with its source at a time."""
_LAG: Final = timedelta(days=1)
"""Younger traces may not show yet everywhere."""
_ROUNDING: Final = timedelta(seconds=1)
_SURE: Final = timedelta(hours=1)
"""A trace that cannot be found is gone when it cannot be found so much later either."""
_HERE: Final[tuple[Place, ...]] = ("answer", "bytes")
_ORDER: Final[tuple[Place, ...]] = (*_HERE, "item", "trace", "pair", "score")
"""Scores last: they are deleted one by one, of which a server may allow few a day."""


class Retention(Options):
    """What is kept of conversations, and for how long. Figures stay: leaderboards do not change."""

    texts: Expiry = timedelta(days=90)
    """After the last result about a turn was posted its texts are kept so long, and cannot be judged again later.
    With "never" they stay until somebody asks to `forget` them."""
    follow: bool = True
    """Whether traces that were deleted in Langfuse are forgotten here."""
    every: Duration = timedelta(hours=1)
    """How often the daemon looks for what is to be removed."""


class Keeper:
    """Removes what may not be kept."""

    def __init__(
        self,
        arena: Arena,
        store: SqliteStore,
        rules: Retention,
        *,
        state: Path,
        cache: CacheTable,
        clock: Clock | None = None,
    ) -> None:
        """`state` is the file of `store`; the cache lies beside it."""
        self._arena, self._store, self._rules = arena, store, rules
        self._state, self._cache, self._clock = state, cache, clock or Clock()

    async def tick(self) -> None:
        """Do everything that is due. What one part raises is raised when the others are done."""
        problems = [await _tried(part) for part in (self.age, self.follow, self.remove)]
        for problem in problems:
            if problem is not None:
                raise problem

    async def forget(self, subjects: Sequence[Subject], because: str = "asked", *, really: bool = True) -> Forgot:
        """Forget these here, and note what is to be removed elsewhere; return how much that is.

        Unless `really`, it is only counted.
        """
        found = await self._store.forget(subjects, self._clock.now(), because, really=really)
        if really:
            await self.remove(here=True)
        return found

    async def remove(self, *, here: bool = False) -> int:
        """Remove what is due to be removed, or only what is `here`; return how much that was.

        Raises what the sink raises; what it has not removed by then is tried again.
        """
        removed = 0
        for place in _HERE if here else _ORDER:
            while ids := await self._store.remains(place, self._clock.now(), _CHUNK):
                await self._removed(place, ids)
                await self._store.removed(place, ids, self._clock.now())
                removed += len(ids)
        return removed

    async def age(self) -> int:
        """Take out the texts that are old enough; return of how many turns."""
        now, path = self._clock.now(), self._state.parent / self._cache.path
        if self._cache.mode != "read_only":
            await asyncio.to_thread(cache_file.prune, path, self._cache, now, most_age=self._rules.texts)
        if self._rules.texts is None:
            return 0
        if blanked := await self._store.blank_older(now - self._rules.texts, now):
            await asyncio.to_thread(scrub, self._state)
            log.info("texts.aged", challenges=blanked)
        return blanked

    async def follow(self) -> None:
        """Forget traces that are surely gone: looked for by id, and again later. Compares some days of the past."""
        name = self._arena.source.name
        if not self._rules.follow or not name.startswith("langfuse/") or await self._others(name):
            return
        now = self._clock.now()
        for trace_id in await self._store.suspected(now - _SURE, _MOST_FOUND):
            if await self._arena.source.find(trace_id) is None:
                await self.forget([Subject("trace", trace_id)], "deleted at its source")
                log.info("trace.followed")
            await self._store.cleared([trace_id])
        await self._compare(f"follow/{name}", now - _LAG)

    async def _others(self, name: str) -> bool:
        """Whether traces of another project are stored, which this one cannot show."""
        return any(each != name and each.startswith("langfuse/") for each in await self._store.sources())

    async def _compare(self, mark: str, end: datetime) -> None:
        """Compare the next days with their source; after the last ones come the first again."""
        oldest = await self._store.oldest_text()
        if oldest is None or oldest >= end:
            return
        read = await self._store.mark(mark)
        start = oldest - _ROUNDING if read is None or read >= end else read
        window = Window(start=start, end=min(start + _SPAN, end))
        stored = await self._store.with_texts(window.start, window.end)
        if stored:
            shown = {sighting.trace_id for sighting in await self._arena.source.look(window)}
            absent = sorted(stored - shown)[:_MOST_FOUND]
            gone = [each for each in absent if await self._arena.source.find(each) is None]
            await self._store.suspect(gone, self._clock.now())
        await self._store.move_mark(mark, window.end)

    async def _removed(self, place: Place, ids: Sequence[str]) -> None:
        match place:
            case "answer":
                await asyncio.to_thread(cache_file.forget, self._state.parent / self._cache.path, ids)
            case "bytes":
                await asyncio.to_thread(scrub, self._state)
            case _:
                await self._arena.sink.forget(Remains.of(place, ids))


async def _tried(part: Callable[[], Awaitable[object]]) -> UnderstudyError | None:
    try:
        await part()
    except UnderstudyError as error:
        return error
    return None
