"""Reading v4: observations are all there is, and a trace is those that share its id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import orjson

from connector.langfuse.client import Client, NotHere, Overloaded
from connector.langfuse.metadata import in_full
from connector.langfuse.narrowing import piecewise
from connector.langfuse.own import Defence, filters, written_by_us
from connector.langfuse.paging import by_cursor
from connector.langfuse.rows import Row, moment, newest, observation
from connector.traces import Sighting, Trace, Window
from rollouts.errors import Permanent

_PATH = "/api/public/v2/observations"
_LOOK = "core,basic,time,metadata,trace_context"
_READ = "core,basic,time,io,metadata,model,usage,metrics,trace_context"
MONTH = timedelta(days=30)
"""How far back a session is followed."""
_PAGES = (1000, 100, 10)  # rows with their contents: one history may be a megabyte


async def look(client: Client, window: Window, defences: frozenset[Defence]) -> list[Sighting]:
    """Return the traces whose root began in `window`, and those still running whose root nobody has seen.

    Counts observations up to the present, so that two looks at a trace compare, whatever their windows.
    """
    until = client.clock.now() + timedelta(seconds=client.server_ahead_s)
    upto = Window(start=window.start, end=max(until, window.end))
    rows = await piecewise(upto, lambda piece: _pages(client, piece, filters(defences)))
    traces = defaultdict[str, list[Row]](list)
    for row in newest(rows):
        traces[row["traceId"]].append(row)
    for trace_id, some in traces.items():
        if not any(_is_root(row) for row in some):
            traces[trace_id] = await _whole(client, trace_id)
    sightings = [_sighting(trace_id, some, defences) for trace_id, some in traces.items() if some]
    return [sighting for sighting in sightings if sighting.started_at < window.end]


async def session(client: Client, sighting: Sighting, defences: frozenset[Defence]) -> list[Sighting]:
    """Return the traces of a session that began in the month before this one."""
    month = Window(start=sighting.started_at - MONTH, end=sighting.started_at)
    traces = defaultdict[str, list[Row]](list)
    for row in newest(await _pages(client, month, filters(defences), sessionId=sighting.session_id)):
        traces[row["traceId"]].append(row)
    return [_sighting(trace_id, some, defences) for trace_id, some in traces.items()]


async def find(client: Client, trace_id: str, defences: frozenset[Defence]) -> Sighting | None:
    """Return one trace, whenever it began."""
    rows = await _whole(client, trace_id)
    return _sighting(trace_id, rows, defences) if rows else None


async def read(client: Client, sighting: Sighting) -> Trace:
    """Fetch all observations of one trace with their contents. Raises `NotHere` when it was deleted meanwhile."""
    query = {
        "traceId": sighting.trace_id,
        "fields": _READ,
        "fromStartTime": (sighting.started_at - timedelta(hours=1)).isoformat(),
    }
    rows = newest(await _contents(client, query))
    if not rows:
        raise NotHere(f"trace {sighting.trace_id} is gone")
    rows = await in_full(rows, lambda more: _contents(client, query | more))
    observations = sorted((observation(row) for row in rows), key=lambda o: (o.started_at, o.id))
    return Trace(
        id=sighting.trace_id,
        name=sighting.name,
        environment=sighting.environment,
        user_id=sighting.user_id,
        session_id=sighting.session_id,
        tags=sighting.tags,
        release=next((row["release"] for row in rows if row.get("release")), None),
        started_at=sighting.started_at,
        observations=tuple(observations),
    )


async def _contents(client: Client, query: dict[str, Any]) -> list[dict[str, Any]]:
    """List observations with their contents; pages that are too heavy for the server are made smaller."""
    for limit in _PAGES[:-1]:
        with suppress(Overloaded):
            return [row async for row in by_cursor(client, _PATH, {**query, "limit": limit})]
    return [row async for row in by_cursor(client, _PATH, {**query, "limit": _PAGES[-1]})]


async def _pages(client: Client, window: Window, conditions: list[dict[str, Any]], **only: Any) -> list[dict[str, Any]]:
    query = {
        **only,
        "fields": _LOOK,
        "limit": 1000,
        "fromStartTime": window.start.isoformat(),
        "toStartTime": window.end.isoformat(),
        "filter": orjson.dumps(conditions).decode(),
    }
    try:
        return [_slim(row) async for row in by_cursor(client, _PATH, query)]
    except NotHere:
        raise
    except Permanent:
        if len(conditions) == 1:
            raise
        return await _pages(client, window, conditions[:1], **only)  # not every server knows every column


def _slim(row: dict[str, Any]) -> dict[str, Any]:
    """Keep of a row what a look needs: a window may hold a hundred thousand of them."""
    return {key: row.get(key) for key in _KEPT} | {"metadata": {"understudy": _mark(row)}}


_KEPT = (
    "id", "traceId", "startTime", "endTime", "updatedAt", "parentObservationId", "isRootObservation", "type", "name",
    "environment", "traceName", "userId", "sessionId", "tags",
)  # fmt: skip


def _mark(row: dict[str, Any]) -> Any:
    metadata = row.get("metadata")
    return metadata.get("understudy") if isinstance(metadata, dict) else None


async def _whole(client: Client, trace_id: str) -> list[Row]:
    """Look at one trace by itself, whenever it began."""
    query = {"traceId": trace_id, "fields": _LOOK, "limit": 1000}
    return newest([row async for row in by_cursor(client, _PATH, query)])


def _is_root(row: Row) -> bool:
    return bool(row.get("isRootObservation")) or not row.get("parentObservationId")


def _sighting(trace_id: str, rows: list[Row], defences: frozenset[Defence]) -> Sighting:
    """Read the trace's own attributes from its root, and from any other row what the root lacks."""
    roots = [row for row in rows if _is_root(row)]
    ordered = sorted(roots or rows, key=lambda row: str(row["startTime"])) + rows

    def first(key: str) -> Any:
        return next((row[key] for row in ordered if row.get(key)), None)

    return Sighting(
        trace_id=trace_id,
        started_at=moment(ordered[0]["startTime"]),
        ended=bool(roots) and all(row.get("endTime") or row.get("type") == "EVENT" for row in roots),
        rooted=bool(roots),
        observations=len(rows),
        latest=max(moment(row["startTime"]) for row in rows),
        environment=first("environment"),
        name=first("traceName") or ordered[0].get("name") or None,
        user_id=first("userId"),
        session_id=first("sessionId"),
        tags=tuple(first("tags") or ()),
        ours=_ours(ordered, defences),
    )


def _ours(rows: Iterable[Row], defences: frozenset[Defence]) -> str | None:
    return next((name for row in rows if (name := written_by_us(row, defences))), None)
