"""Dataset runs: how v3 knows experiments. A server that keeps events only answers the same, and stores nothing."""

from __future__ import annotations

import hashlib
from uuid import uuid4

import orjson
from aiohttp import web

from connector.demo.langfuse.guards import legacy
from connector.demo.langfuse.modes import EVENTS_ONLY
from connector.demo.langfuse.replies import fields_of, missing, page_of, reply
from connector.demo.langfuse.state import STATE, Document, State

routes = web.RouteTableDef()


def experiment_id_of(project_id: str, dataset_id: str, run_name: str) -> str:
    """The id that SDK 5 and a server that keeps events only give to the experiment of this name."""
    words = orjson.dumps(["langfuse-experiment-v1", project_id, dataset_id, run_name])
    return hashlib.sha256(words).hexdigest()[:16]


@routes.post("/api/public/dataset-run-items")
async def create_run_item(request: web.Request) -> web.Response:
    """Link a trace to an item within a run, which begins with its first item."""
    state, body = request.app[STATE], await fields_of(request, "runName", "datasetItemId")
    item = state.dataset_items.get(body["datasetItemId"])
    if item is None:
        raise missing("Dataset item not found")
    link = _link(state, body)
    if state.mode in EVENTS_ONLY:
        run_id = experiment_id_of(state.project_id, item["datasetId"], body["runName"])
        return reply({**link, "datasetRunId": run_id})
    run = _run(state, item, body)
    kept = {**link, "datasetRunId": run["id"]}
    state.dataset_run_items[kept["id"]] = kept
    return reply(kept)


@routes.get("/api/public/dataset-run-items")
@legacy
async def list_run_items(request: web.Request) -> web.Response:
    """One page of the items of a run."""
    run = _find(request.app[STATE], "datasetId", request.query.get("datasetId"), request.query.get("runName"))
    if run is None:
        raise missing("Dataset run not found for the given project and dataset id")
    return reply(page_of(request, _items_of(request.app[STATE], run)))


@routes.get("/api/public/datasets/{name}/runs")
@legacy
async def list_runs(request: web.Request) -> web.Response:
    """One page of the runs of a dataset, newest first."""
    state, name = request.app[STATE], request.match_info["name"]
    if name not in state.datasets:
        raise missing("Dataset not found")
    return reply(page_of(request, [run for run in reversed(state.dataset_runs.values()) if run["datasetName"] == name]))


@routes.get("/api/public/datasets/{name}/runs/{run}")
@legacy
async def get_run(request: web.Request) -> web.Response:
    """One run with its items."""
    state = request.app[STATE]
    run = _existing(request)
    return reply({**run, "datasetRunItems": _items_of(state, run)})


@routes.delete("/api/public/datasets/{name}/runs/{run}")
@legacy
async def delete_run(request: web.Request) -> web.Response:
    """Forget a run and its items."""
    state, run = request.app[STATE], _existing(request)
    for item in _items_of(state, run):
        del state.dataset_run_items[item["id"]]
    del state.dataset_runs[run["id"]]
    return reply({"message": "Dataset run successfully deleted"})


def _existing(request: web.Request) -> Document:
    words = request.match_info
    run = _find(request.app[STATE], "datasetName", words["name"], words["run"])
    if run is None:
        raise missing("Dataset run not found")
    return run


def _find(state: State, field: str, dataset: str | None, name: str | None) -> Document | None:
    runs = state.dataset_runs.values()
    return next((run for run in runs if run[field] == dataset and run["name"] == name), None)


def _items_of(state: State, run: Document) -> list[Document]:
    return [item for item in state.dataset_run_items.values() if item["datasetRunId"] == run["id"]]


def _link(state: State, body: Document) -> Document:
    now = state.clock.now()
    return {
        "id": str(uuid4()),
        "datasetRunName": body["runName"],
        "datasetItemId": body["datasetItemId"],
        "traceId": body.get("traceId"),
        "observationId": body.get("observationId"),
        "createdAt": now,
        "updatedAt": now,
    }


def _run(state: State, item: Document, body: Document) -> Document:
    """The run of this name, begun if need be."""
    known = _find(state, "datasetId", item["datasetId"], body["runName"])
    if known is not None:
        return known
    now = state.clock.now()
    run = {
        "id": str(uuid4()),
        "name": body["runName"],
        "description": body.get("runDescription"),
        "metadata": body.get("metadata") or {},
        "datasetId": item["datasetId"],
        "createdAt": now,
        "updatedAt": now,
        "datasetName": item["datasetName"],
    }
    state.dataset_runs[run["id"]] = run
    return run
