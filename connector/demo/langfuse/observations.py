"""`GET /v2/observations`: the only way to read traces from a server that keeps events only.

Newest first, in pages that a cursor joins; no paging by number, no change feed. Unknown query parameters and field
groups are ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from connector.demo.langfuse import filters
from connector.demo.langfuse.clock import iso, to_ms
from connector.demo.langfuse.guards import modern
from connector.demo.langfuse.observation_fields import GROUPS, row_of
from connector.demo.langfuse.replies import (
    bad_request,
    cursor_of,
    listed,
    read_cursor,
    reply,
    time_of,
    whole_number,
)
from connector.demo.langfuse.state import STATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connector.demo.langfuse.rows import Observation

routes = web.RouteTableDef()

MAX_PAGE = 1000
_WORDS = ("name", "userId", "sessionId", "type", "traceId", "level", "version", "parentObservationId")


@routes.get("/api/public/v2/observations")
@modern
async def list_observations(request: web.Request) -> web.Response:
    """One page of observations."""
    limit = whole_number(request, "limit", 50, MAX_PAGE)
    if request.query.get("parseIoAsJson") == "true":
        raise bad_request("parseIoAsJson is not supported")
    groups = [name for name in listed(request, "fields") or ("core", "basic") if name in GROUPS]
    expand = frozenset(listed(request, "expandMetadata") or ())
    page = _page(request, limit)
    data = [row_of(row, groups, expand) for row in page[:limit]]
    return reply({"data": data, "meta": _meta(request, page, limit)})


def _page(request: web.Request, limit: int) -> list[Observation]:
    """The rows of this page and one more, if there is one."""
    conditions = _conditions(request)
    tests = filters.tests(conditions)
    page: list[Observation] = []
    for row in _candidates(request, conditions):
        if all(test(row) for test in tests):
            page.append(row)
            if len(page) > limit:
                break
    return page


def _candidates(request: web.Request, conditions: list[dict[str, Any]]) -> Iterator[Observation]:
    """Rows of the window below the cursor, by the narrowest index there is."""
    observations = request.app[STATE].observations
    equal = {condition["column"]: condition["value"] for condition in conditions if condition["operator"] == "="}
    start = (time_of(request, "fromStartTime") or 0,)
    below = _below(request)
    for index, name in (("trace", "traceId"), ("session", "sessionId")):
        if word := equal.get(name):
            return _between(observations.having(index, [word]), start, below)
    return observations.newest(start, below)


def _between(
    rows: Iterable[Observation], start: tuple[Any, ...], below: tuple[Any, ...] | None
) -> Iterator[Observation]:
    return (row for row in rows if start <= row.key and (below is None or row.key < below))


def _below(request: web.Request) -> tuple[Any, ...] | None:
    """The smaller of the window's end and the cursor."""
    end_ms = time_of(request, "toStartTime")
    ends: list[tuple[Any, ...]] = [] if end_ms is None else [(end_ms,)]
    if (cursor := read_cursor(request)) is not None:
        try:
            ends.append((to_ms(cursor["lastStartTimeTo"]), cursor["lastTraceId"], cursor["lastId"]))
        except (KeyError, TypeError, ValueError) as error:
            raise bad_request("Invalid cursor format") from error
    return min(ends, default=None)


def _conditions(request: web.Request) -> list[dict[str, Any]]:
    """The filter, and those plain parameters whose column it leaves alone."""
    advanced = filters.parse(request.query.get("filter"))
    taken = {condition.get("column") for condition in advanced}
    plain: list[dict[str, Any]] = [
        {"type": "string", "column": name, "operator": "=", "value": request.query[name]}
        for name in _WORDS
        if name in request.query
    ]
    if environments := request.query.getall("environment", []):
        plain.append({"type": "stringOptions", "column": "environment", "operator": "any of", "value": environments})
    if root := request.query.get("isRootObservation"):
        plain.append({"type": "boolean", "column": "isRootObservation", "operator": "=", "value": root == "true"})
    return [*advanced, *(condition for condition in plain if condition["column"] not in taken)]


def _meta(request: web.Request, page: list[Observation], limit: int) -> dict[str, str]:
    sent = request.query.get("cursor")
    if sent and request.app[STATE].faults.repeat_cursor:
        return {"cursor": sent}
    if len(page) <= limit or not limit:
        return {}
    last = page[limit - 1]
    words = {"lastStartTimeTo": iso(last.start_ms), "lastTraceId": last.trace_id, "lastId": last.id}
    return {"cursor": cursor_of(words)}
