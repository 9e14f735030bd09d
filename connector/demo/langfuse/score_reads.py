"""Reading scores back: `v3/scores`, which refuses what it does not know, and `v2/scores`, which servers of v3 have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from connector.demo.langfuse.guards import legacy, modern
from connector.demo.langfuse.replies import (
    bad_request,
    cursor_of,
    invalid,
    listed,
    missing,
    page_of,
    read_cursor,
    reply,
    time_of,
    whole_number,
)
from connector.demo.langfuse.score_fields import GROUPS, new_score, old_score
from connector.demo.langfuse.state import STATE, Document, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connector.demo.langfuse.rows import Score

routes = web.RouteTableDef()

MAX_PAGE = 100
_LISTS: dict[str, Callable[[Score], Any]] = {
    "id": lambda score: score.id,
    "name": lambda score: score.name,
    "source": lambda score: score.source,
    "dataType": lambda score: score.data_type,
    "environment": lambda score: score.environment,
    "configId": lambda score: score.config_id,
    "queueId": lambda score: score.queue_id,
    "authorUserId": lambda score: score.author_user_id,
    "traceId": lambda score: score.trace_id,
    "sessionId": lambda score: score.session_id,
    "observationId": lambda score: score.observation_id,
    "experimentId": lambda score: score.dataset_run_id,
}
_OLD_LISTS = {
    "scoreIds": _LISTS["id"],
    "datasetRunId": _LISTS["experimentId"],
    **{name: read for name, read in _LISTS.items() if name not in {"id", "experimentId"}},
}
_NEW_PARAMETERS = {
    *_LISTS,
    "limit",
    "cursor",
    "fields",
    "value",
    "valueMin",
    "valueMax",
    "fromTimestamp",
    "toTimestamp",
}
# Parameters that name an index of the table, so that asking for ids does not read every score.
_INDEXED = {
    "id": "id",
    "scoreIds": "id",
    "traceId": "trace",
    "experimentId": "experiment",
    "datasetRunId": "experiment",
}


@routes.get("/api/public/v3/scores")
@modern
async def list_scores(request: web.Request) -> web.Response:
    """One page of scores, newest first, joined by a cursor."""
    state = request.app[STATE]
    _refuse_unknown(request)
    limit = whole_number(request, "limit", 50, MAX_PAGE)
    groups = _groups(request)
    below = _below(request)
    chosen = [score for score in _chosen(state, request, _LISTS) if below is None or score.key < below][: limit + 1]
    meta: Document = {"limit": limit}
    sent = request.query.get("cursor")
    if sent and state.faults.repeat_cursor:
        meta["cursor"] = sent
    elif len(chosen) > limit:
        meta["cursor"] = cursor_of(chosen[limit - 1].key)
    return reply({"data": [new_score(score, state.project_id, *groups) for score in chosen[:limit]], "meta": meta})


@routes.get("/api/public/v2/scores")
@legacy
async def list_old_scores(request: web.Request) -> web.Response:
    """One numbered page of scores, newest first, each with what is known of its trace."""
    state = request.app[STATE]
    page = page_of(request, list(_chosen(state, request, _OLD_LISTS)))
    page["data"] = [_with_trace(state, score) for score in page["data"]]
    return reply(page)


@routes.get("/api/public/v2/scores/{id}")
@legacy
async def get_old_score(request: web.Request) -> web.Response:
    """One score."""
    state = request.app[STATE]
    if not (found := state.scores.having("id", [request.match_info["id"]])):
        raise missing("Score not found within authorized project")
    return reply({**old_score(found[0]), "projectId": state.project_id})


def _chosen(state: State, request: web.Request, lists: Mapping[str, Callable[[Score], Any]]) -> Iterator[Score]:
    asked = {name: set(words) for name in lists if (words := listed(request, name)) is not None}
    index = next((name for name in asked if name in _INDEXED), None)
    rows = state.scores.newest() if index is None else iter(state.scores.having(_INDEXED[index], asked[index]))
    start_ms, end_ms = time_of(request, "fromTimestamp"), time_of(request, "toTimestamp")
    return (
        score
        for score in rows
        if all(lists[name](score) in words for name, words in asked.items())
        and (start_ms is None or score.timestamp_ms >= start_ms)
        and (end_ms is None or score.timestamp_ms < end_ms)
        and _value_matches(score, request)
    )


def _value_matches(score: Score, request: web.Request) -> bool:
    values = listed(request, "value")
    low, high = request.query.get("valueMin"), request.query.get("valueMax")
    if values is None and low is None and high is None:
        return True
    if score.data_type == "CATEGORICAL":
        return score.string_value in (values or ())
    wanted = [{"true": 1.0, "false": 0.0}.get(text) if text.isalpha() else float(text) for text in values or ()]
    return (
        (values is None or score.value in wanted)
        and (low is None or score.value >= float(low))
        and (high is None or score.value <= float(high))
    )


def _refuse_unknown(request: web.Request) -> None:
    if unknown := [name for name in request.query if name not in _NEW_PARAMETERS]:
        names = ", ".join(f'"{name}"' for name in unknown)
        message = f"Unrecognized key{'s' if len(unknown) > 1 else ''}: {names}"
        raise invalid({"code": "unrecognized_keys", "keys": unknown, "path": [], "message": message})
    if "observationId" in request.query and "traceId" not in request.query:
        raise invalid({"code": "custom", "path": ["observationId"], "message": "observationId requires traceId"})


def _groups(request: web.Request) -> list[str]:
    groups = listed(request, "fields") or []
    if unknown := [name for name in groups if name not in GROUPS]:
        raise invalid({"code": "custom", "path": ["fields"], "message": f"Unknown field group: {unknown[0]}"})
    return groups


def _below(request: web.Request) -> tuple[Any, ...] | None:
    cursor = read_cursor(request)
    if cursor is not None and not isinstance(cursor, list):
        raise bad_request("Invalid cursor format")
    return None if cursor is None else tuple(cursor)


def _with_trace(state: State, score: Score) -> Document:
    rows = state.observations.having("trace", [score.trace_id or ""])
    shown = {**old_score(score), "projectId": state.project_id, "trace": None}
    if rows:
        root = next((row for row in rows if row.is_root), rows[-1])
        shown["trace"] = {
            "userId": root.user_id or None,
            "tags": sorted(root.tags),
            "environment": root.environment,
            "sessionId": root.session_id or None,
        }
    return shown
