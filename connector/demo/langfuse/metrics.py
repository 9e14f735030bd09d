"""`GET /v2/metrics`, as far as it is asked here: averages, sums and counts of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from connector.demo.langfuse.clock import to_ms
from connector.demo.langfuse.guards import modern
from connector.demo.langfuse.replies import bad_request, reply
from connector.demo.langfuse.state import STATE, Document, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.demo.langfuse.rows import Score

routes = web.RouteTableDef()

_VIEWS = {
    "scores-numeric": {"NUMERIC", "BOOLEAN"},
    "scores-boolean": {"BOOLEAN"},
    "scores-categorical": {"CATEGORICAL"},
}
_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "avg": lambda values: sum(values) / len(values),
    "sum": sum,
    "count": len,
    "min": min,
    "max": max,
}


@routes.get("/api/public/v2/metrics")
@modern
async def metrics(request: web.Request) -> web.Response:
    """One row for each combination of dimensions, the largest first metric first."""
    try:
        query = orjson.loads(request.query.get("query", ""))
        rows = _rows(request.app[STATE], query)
    except (KeyError, TypeError, ValueError) as error:
        raise bad_request(f"Invalid query: {error}") from error
    return reply({"data": rows})


def _rows(state: State, query: Document) -> list[Document]:
    fields = [dimension["field"] for dimension in query.get("dimensions") or ()]
    groups: dict[tuple[Any, ...], list[float]] = {}
    for score in _chosen(state, query):
        known = _dimensions(state, score)
        groups.setdefault(tuple(known[field] for field in fields), []).append(score.value)
    wanted = [(metric["measure"], metric["aggregation"]) for metric in query["metrics"]]
    rows = [
        {
            **dict(zip(fields, words, strict=True)),
            **{f"{aggregate}_{measure}": _AGGREGATES[aggregate](values) for measure, aggregate in wanted},
        }
        for words, values in groups.items()
    ]
    first = f"{wanted[0][1]}_{wanted[0][0]}"
    return sorted(rows, key=lambda row: row[first], reverse=True)


def _chosen(state: State, query: Document) -> list[Score]:
    window = (to_ms(query["fromTimestamp"]),), (to_ms(query["toTimestamp"]),)
    return [
        score
        for score in state.scores.newest(*window)
        if score.data_type in _VIEWS[query["view"]]
        and all(_passes(_dimensions(state, score), condition) for condition in query.get("filters") or ())
    ]


def _passes(known: Document, condition: Document) -> bool:
    value, wanted = known[condition["column"]], condition["value"]
    match condition["operator"]:
        case "=":
            return bool(value == wanted)
        case "any of":
            return value in wanted
        case "none of":
            return value not in wanted
        case operator:
            raise ValueError(operator)


def _dimensions(state: State, score: Score) -> Document:
    rows = state.observations.having("id", [score.observation_id]) if score.observation_id else ()
    row = rows[0] if rows else None
    return {
        "name": score.name,
        "environment": score.environment,
        "source": score.source,
        "dataType": score.data_type,
        "configId": score.config_id,
        "datasetRunId": score.dataset_run_id,
        "experimentId": row.experiment.id if row and row.experiment else None,
        "experimentName": row.experiment.name if row and row.experiment else None,
        "observationName": row.name if row else None,
        "observationModelName": row.model if row else None,
        "traceName": row.trace_name if row else None,
    }
