"""Traces from a file, one per line. For tests, rehearsals and back-fills."""

from __future__ import annotations

from pathlib import Path

from connector.jsonl import places, trace_at
from connector.types import Sighting, Trace, Window


class JsonlSource:
    """Implements `connector.ports.Source` over a file that `understudy export` wrote, whatever its age.

    A file does not change while one looks: the window is ignored. Only the places of the traces are held in memory.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"jsonl/{path}"
        self._path = path
        self._places: dict[str, int] = {}

    async def look(self, window: Window) -> list[Sighting]:
        """Return every trace of the file once; of several lines with one id the last counts."""
        del window
        found = dict[str, Sighting]()
        for place, trace in places(self._path):
            self._places[trace.id] = place
            found[trace.id] = sighting_of(trace)
        return list(found.values())

    async def read(self, sighting: Sighting) -> Trace:
        """Fetch one trace whole."""
        return trace_at(self._path, self._places[sighting.trace_id])


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
