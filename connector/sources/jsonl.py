"""Traces from a file, one per line. For tests, rehearsals and back-fills."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from connector.jsonl import places, trace_at
from connector.select import before
from connector.traces import Sighting, Trace, Window
from rollouts.errors import Permanent
from rollouts.types import Media


class JsonlSource:
    """Implements `connector.ports.Source` over a file that `understudy export` wrote, whatever its age.

    A file does not change while one looks: the window is ignored. Only the places of the traces are held in memory.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"jsonl/{path}"
        self._path = path
        self._places: dict[str, int] = {}
        self._sessions = defaultdict[str, dict[str, Sighting]](dict)

    async def look(self, window: Window) -> list[Sighting]:
        """Return every trace of the file once; of several lines with one id the last counts."""
        del window
        return list(self._index().values())

    def _index(self) -> dict[str, Sighting]:
        found = dict[str, Sighting]()
        for place, trace in places(self._path):
            self._places[trace.id] = place
            found[trace.id] = sighting_of(trace)
        self._sessions.clear()
        for sighting in found.values():
            if sighting.session_id:
                self._sessions[sighting.session_id][sighting.trace_id] = sighting
        return found

    async def read(self, sighting: Sighting) -> Trace:
        """Fetch one trace whole."""
        return trace_at(self._path, self._places[sighting.trace_id])

    async def earlier(self, sighting: Sighting) -> list[Trace]:
        """Fetch what the session held before, as far as it has been looked at."""
        session = self._sessions.get(sighting.session_id or "", {}).values()
        return [await self.read(each) for each in before(sighting, session)]

    async def find(self, trace_id: str) -> Sighting | None:
        """Return the trace of this id; of several lines with it the last counts."""
        return self._index().get(trace_id)

    async def media(self, kept: Media) -> Media:
        """A file of traces holds no media."""
        del kept
        raise Permanent(
            "unreplayable: media that the exported traces do not hold",
            hint='read the traces from Langfuse, with source.kind = "langfuse"',
        )


def sighting_of(trace: Trace) -> Sighting:
    """Return how a trace looks from afar."""
    return Sighting(
        trace_id=trace.id,
        started_at=trace.started_at,
        ended=trace.ended,
        observations=len(trace.observations),
        latest=max((observation.started_at for observation in trace.observations), default=None),
        environment=trace.environment,
        name=trace.name,
        user_id=trace.user_id,
        session_id=trace.session_id,
        tags=trace.tags,
        ours=trace.ours,
    )
