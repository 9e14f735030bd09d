"""Reading v3, and v4 in its legacy modes: a trace is a row of its own with its observations beside it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from connector.langfuse.client import Client, NotHere, Overloaded
from connector.langfuse.narrowing import piecewise
from connector.langfuse.observations import MONTH
from connector.langfuse.own import FOREIGN, Defence, written_by_us
from connector.langfuse.paging import by_number
from connector.langfuse.rows import Row, moment, newest, observation
from connector.traces import Sighting, Trace, Window

_PATH = "/api/public/traces"
_SMALL_PAGE = 20


async def look(client: Client, window: Window, defences: frozenset[Defence]) -> list[Sighting]:
    """Return the traces of `window`. The list does not say whether a root has ended; `read` does.

    It goes by the time of the trace: what joins one later than the overlap after it began is not seen.
    """
    rows = {row["id"]: row for row in await piecewise(window, lambda piece: _pages(client, piece))}
    foreign = (row for row in rows.values() if row.get("environment") not in FOREIGN)
    return [_sighting(row, defences) for row in foreign]


async def session(client: Client, sighting: Sighting, defences: frozenset[Defence]) -> list[Sighting]:
    """Return the traces of a session that began in the month before this one."""
    month = Window(start=sighting.started_at - MONTH, end=sighting.started_at)
    rows = await _pages(client, month, sessionId=sighting.session_id)
    return [_sighting(row, defences) for row in rows if row.get("environment") not in FOREIGN]


async def find(client: Client, trace_id: str, defences: frozenset[Defence]) -> Sighting | None:
    """Return one trace, whenever it began."""
    try:
        row = await client.get(f"{_PATH}/{quote(trace_id, safe='')}")
    except NotHere:
        return None
    return _sighting({**row, "observations": [part["id"] for part in row.get("observations") or ()]}, defences)


async def read(client: Client, sighting: Sighting, defences: frozenset[Defence]) -> Trace:
    """Fetch one trace with its observations. Raises `NotHere` when it was deleted meanwhile."""
    row = await _row(client, sighting)
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


async def _row(client: Client, sighting: Sighting) -> dict[str, Any]:
    """Fetch a trace at once; one that is too heavy for the server by its observations, without its own contents."""
    try:
        row: dict[str, Any] = await client.get(f"{_PATH}/{sighting.trace_id}")
    except Overloaded:
        query = {"traceId": sighting.trace_id, "limit": _SMALL_PAGE}
        about = sighting.model_dump(include={"name", "environment", "tags"})
        about |= {"timestamp": sighting.started_at.isoformat(), "userId": sighting.user_id}
        parts = [part async for part in by_number(client, "/api/public/observations", query)]
        return {**about, "sessionId": sighting.session_id, "observations": parts}
    return row


async def _pages(client: Client, window: Window, **only: Any) -> list[dict[str, Any]]:
    query = {
        **only,
        "limit": 100,
        "fields": "core,observations",
        "orderBy": "timestamp.asc",
        "fromTimestamp": window.start.isoformat(),
        "toTimestamp": window.end.isoformat(),
    }
    return [row async for row in by_number(client, _PATH, query)]


def _sighting(row: Row, defences: frozenset[Defence]) -> Sighting:
    return Sighting(
        trace_id=row["id"],
        started_at=moment(row["timestamp"]),
        ended=True,
        observations=len(set(row.get("observations") or ())),
        environment=row.get("environment") or None,
        name=row.get("name") or None,
        user_id=row.get("userId") or None,
        session_id=row.get("sessionId") or None,
        tags=tuple(row.get("tags") or ()),
        ours=written_by_us(row, defences),
    )
