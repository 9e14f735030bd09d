"""Any source, without what was forgotten: it is not looked at, and not read as an earlier part of anything else."""

from __future__ import annotations

from connector.ports import Source, Store
from connector.traces import Sighting, Trace, Window
from rollouts.types import Media


class Unforgotten:
    """Implements `connector.ports.Source` over another one."""

    def __init__(self, source: Source, store: Store) -> None:
        self.name = source.name
        self._source, self._store = source, store

    async def look(self, window: Window) -> list[Sighting]:
        """Return every trace of the window that was not forgotten."""
        found = await self._source.look(window)
        gone = await self._store.forgotten(found)
        return [sighting for sighting in found if sighting.trace_id not in gone]

    async def read(self, sighting: Sighting) -> Trace:
        """Fetch one trace whole."""
        return await self._source.read(sighting)

    async def earlier(self, sighting: Sighting) -> list[Trace]:
        """Return what the session held before, and may still be known."""
        traces = await self._source.earlier(sighting)
        gone = await self._store.forgotten([_from_afar(trace) for trace in traces])
        return [trace for trace in traces if trace.id not in gone]

    async def find(self, trace_id: str) -> Sighting | None:
        """Return the trace of this id, unless it was forgotten."""
        found = await self._source.find(trace_id)
        return None if found is None or await self._store.forgotten([found]) else found

    async def media(self, kept: Media) -> Media:
        """Return a file by value."""
        return await self._source.media(kept)


def _from_afar(trace: Trace) -> Sighting:
    return Sighting(
        trace_id=trace.id,
        started_at=trace.started_at,
        ended=trace.ended,
        observations=len(trace.observations),
        user_id=trace.user_id,
        session_id=trace.session_id,
    )
