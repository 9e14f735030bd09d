"""Reading v3, and v4 in its legacy modes: a trace is a row of its own with its observations beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from connector.langfuse.client import Client, Overloaded
from connector.langfuse.own import FOREIGN, Defence, written_by_us
from connector.langfuse.paging import by_number
from connector.langfuse.rows import Row, moment, newest, observation
from connector.types import Sighting, Trace, Window

_PATH = "/api/public/traces"
_NARROWEST = timedelta(minutes=1)


async def look(client: Client, window: Window, defences: frozenset[Defence]) -> list[Sighting]:
    """Return the traces of `window`. The list does not say whether a root has ended; `read` does."""
    rows = {row["id"]: row for row in await _list(client, window)}
    foreign = (row for row in rows.values() if row.get("environment") not in FOREIGN)
    return [_sighting(row, defences) for row in foreign]


async def read(client: Client, sighting: Sighting, defences: frozenset[Defence]) -> Trace:
    """Fetch one trace with its observations. Raises `NotHere` when it was deleted meanwhile."""
    row = await client.get(f"{_PATH}/{sighting.trace_id}")
    found = [observation({**part, "traceId": sighting.trace_id}) for part in newest(row.get("observations") or [])]
    return Trace(
        id=sighting.trace_id,
        name=row.get("name") or None,
        environment=row.get("environment") or None,
        user_id=row.get("userId") or None,
        session_id=row.get("sessionId") or None,
        tags=tuple(row.get("tags") or ()),
        release=row.get("release") or None,
        started_at=moment(row["timestamp"]),
        input=row.get("input"),
        output=row.get("output"),
        observations=tuple(sorted(found, key=lambda o: (o.started_at, o.id))),
        ours=written_by_us(row, defences),
    )


async def _list(client: Client, window: Window) -> list[dict[str, Any]]:
    """List a window; one that is too heavy for the server is read in halves."""
    query = {
        "limit": 100,
        "fields": "core,observations",
        "orderBy": "timestamp.asc",
        "fromTimestamp": window.start.isoformat(),
        "toTimestamp": window.end.isoformat(),
    }
    try:
        return [row async for row in by_number(client, _PATH, query)]
    except Overloaded:
        if window.end - window.start <= _NARROWEST:
            raise
        middle = window.start + (window.end - window.start) / 2
        earlier = await _list(client, Window(start=window.start, end=middle))
        return earlier + await _list(client, Window(start=middle, end=window.end))


def _sighting(row: Row, defences: frozenset[Defence]) -> Sighting:
    return Sighting(
        trace_id=row["id"],
        started_at=moment(row["timestamp"]),
        ended=True,
        observations=len(row.get("observations") or ()),
        environment=row.get("environment") or None,
        name=row.get("name") or None,
        user_id=row.get("userId") or None,
        session_id=row.get("sessionId") or None,
        tags=tuple(row.get("tags") or ()),
        ours=written_by_us(row, defences),
    )
