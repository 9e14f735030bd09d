"""Experiments: nothing but what the `langfuse.experiment.*` attributes of spans say, with the scores joined to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from connector.demo.langfuse.clock import iso, iso_or_none
from connector.demo.langfuse.guards import modern
from connector.demo.langfuse.observation_fields import flat
from connector.demo.langfuse.replies import (
    bad_request,
    cursor_of,
    invalid,
    listed,
    read_cursor,
    reply,
    time_of,
    whole_number,
    wrong_type,
)
from connector.demo.langfuse.score_fields import new_score
from connector.demo.langfuse.state import STATE, Document, State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from connector.demo.langfuse.rows import Experiment, Observation, Score

routes = web.RouteTableDef()

MAX_PAGE = 100


@routes.get("/api/public/experiments")
@modern
async def list_experiments(request: web.Request) -> web.Response:
    """One page of experiments, the newest first."""
    fields = set(listed(request, "fields") or ())
    from_ms = _from(request)
    shown = [row for row in experiments(request.app[STATE], fields, from_ms) if _asked_for(row, request, _EXPERIMENT)]
    return reply(_page(request, shown))


@routes.get("/api/public/experiment-items")
@modern
async def list_experiment_items(request: web.Request) -> web.Response:
    """One page of items of experiments: the root observation of each, the latest where an item ran twice."""
    state, fields = request.app[STATE], set(listed(request, "fields") or ())
    from_ms = _from(request)
    roots = {
        (row.experiment.id, row.experiment.item_id): row
        for row in reversed(_observations(state, from_ms))
        if row.experiment and row.experiment.root_id in {row.id, ""}
    }
    newest = sorted(roots.values(), key=lambda row: row.key, reverse=True)
    shown = [_item(state, row, row.experiment, fields) for row in newest if row.experiment]
    return reply(_page(request, [row for row in shown if _asked_for(row, request, _ITEM)]))


def experiments(state: State, fields: Collection[str] = ("metadata", "scores"), from_ms: int = 0) -> list[Document]:
    """Every experiment, the newest first, each in the words of its latest span."""
    groups: dict[str, list[Observation]] = {}
    for row in _observations(state, from_ms):
        if row.experiment:
            groups.setdefault(row.experiment.id, []).append(row)
    shown = [_experiment(state, rows, fields, from_ms) for rows in groups.values()]
    return sorted(shown, key=lambda row: (str(row["startTime"]), str(row["id"])), reverse=True)


def _experiment(state: State, rows: Sequence[Observation], fields: Collection[str], from_ms: int) -> Document:
    told = [row.experiment for row in rows if row.experiment]
    latest = told[0]
    shown: Document = {
        "id": latest.id,
        "name": latest.name,
        "description": latest.description,
        "startTime": iso(max(from_ms, min(row.start_ms for row in rows))),
        "endTime": iso(max(row.end_ms or row.start_ms for row in rows)),
        "itemCount": len({experiment.item_id for experiment in told}),
        "datasetId": latest.dataset_id,
    }
    if "metadata" in fields:
        shown["metadata"] = latest.metadata
    if "scores" in fields:
        shown["scores"] = _scores(state, state.scores.having("experiment", [latest.id]))
    return shown


def _item(state: State, row: Observation, experiment: Experiment, fields: set[str]) -> Document:
    shown: Document = {
        "id": row.id,
        "traceId": row.trace_id,
        "startTime": iso(row.start_ms),
        "endTime": iso_or_none(row.end_ms),
        "level": row.level,
        "environment": row.environment,
        "experimentId": experiment.id,
        "experimentName": experiment.name,
        "experimentItemId": experiment.item_id,
    }
    for group in fields & _GROUPS.keys():
        shown |= _GROUPS[group](row, experiment)
    if "scores" in fields:
        of_trace = state.scores.having("trace", [row.trace_id])
        shown["scores"] = _scores(state, [score for score in of_trace if score.observation_id in {None, row.id}])
    return shown


_GROUPS: dict[str, Callable[[Observation, Experiment], Document]] = {
    "dataset": lambda _row, experiment: {
        "experimentDatasetId": experiment.dataset_id,
        "experimentItemVersion": experiment.item_version,
    },
    "io": lambda row, experiment: {
        "input": row.input,
        "output": row.output,
        "expectedOutput": experiment.expected_output,
    },
    "metadata": lambda row, _experiment: {"metadata": dict(flat(row.metadata))},
    "itemMetadata": lambda _row, experiment: {"experimentItemMetadata": experiment.item_metadata},
    "experimentMetadata": lambda _row, experiment: {
        "experimentMetadata": experiment.metadata,
        "experimentDescription": experiment.description,
    },
}
_EXPERIMENT = {"id": "id", "name": "name", "datasetId": "datasetId"}
_ITEM = {"experimentId": "experimentId", "experimentName": "experimentName", "experimentItemId": "experimentItemId"}


def _observations(state: State, from_ms: int) -> list[Observation]:
    ids = state.observations.words("experiment")
    return [row for row in state.observations.having("experiment", ids) if row.start_ms >= from_ms]


def _scores(state: State, scores: Sequence[Score]) -> list[Document]:
    return [new_score(score, state.project_id, "subject") for score in scores]


def _from(request: web.Request) -> int:
    from_ms = time_of(request, "fromStartTime")
    if from_ms is None:
        raise invalid(wrong_type("string", "undefined", "fromStartTime"))
    return from_ms


def _asked_for(row: Document, request: web.Request, names: dict[str, str]) -> bool:
    asked = {field: words for name, field in names.items() if (words := listed(request, name)) is not None}
    return all(row[field] in words for field, words in asked.items())


def _page(request: web.Request, rows: list[Document]) -> dict[str, Any]:
    """The page behind the cursor, which is a plain count here."""
    limit, start = whole_number(request, "limit", 50, MAX_PAGE), read_cursor(request) or 0
    if not isinstance(start, int):
        raise bad_request("Invalid cursor format")
    meta = {"cursor": cursor_of(start + limit)} if len(rows) > start + limit else {}
    return {"data": rows[start : start + limit], "meta": meta}
