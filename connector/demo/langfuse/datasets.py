"""Datasets and their items. Both are written over by name or id, and every write of an item is a new version."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from aiohttp import web

from connector.demo.langfuse.replies import fields_of, missing, new_id, page_of, reply
from connector.demo.langfuse.state import STATE, Document, State

if TYPE_CHECKING:
    from collections.abc import Sequence

routes = web.RouteTableDef()

_DATASET = ("description", "metadata", "inputSchema", "expectedOutputSchema")
_ITEM = ("input", "expectedOutput", "metadata", "sourceTraceId", "sourceObservationId")


@routes.post("/api/public/v2/datasets")
async def create_dataset(request: web.Request) -> web.Response:
    """Create a dataset, or describe the one of that name again."""
    state, body = request.app[STATE], await fields_of(request, "name")
    name, now = body["name"], state.clock.now()
    old = state.datasets.get(name) or {"id": new_id(), "projectId": state.project_id, "name": name, "createdAt": now}
    state.datasets[name] = {**old, **_merged(old, body, _DATASET), "updatedAt": now}
    return reply(state.datasets[name])


@routes.get("/api/public/v2/datasets")
async def list_datasets(request: web.Request) -> web.Response:
    """One page of datasets, newest first."""
    return reply(page_of(request, list(reversed(request.app[STATE].datasets.values()))))


@routes.get("/api/public/v2/datasets/{name}")
async def get_dataset(request: web.Request) -> web.Response:
    """One dataset by its name; a slash in it must come encoded."""
    dataset = request.app[STATE].datasets.get(request.match_info["name"])
    if dataset is None:
        raise missing("Dataset not found")
    return reply(dataset)


@routes.post("/api/public/dataset-items")
async def create_item(request: web.Request) -> web.Response:
    """Create an item, or write a new version of the one with that id."""
    state, body = request.app[STATE], await fields_of(request, "datasetName")
    dataset = state.datasets.get(body["datasetName"])
    if dataset is None:
        raise missing(f"Dataset {body['datasetName']} not found for project {state.project_id}")
    item_id = body.get("id") or str(uuid4())
    old = state.dataset_items.get(item_id, {})
    if old and old["datasetId"] != dataset["id"]:
        raise missing(f"Dataset item with id {item_id} not found in dataset {dataset['name']}")
    item = _item(state, item_id, dataset, old, body)
    state.dataset_items[item_id] = item
    state.item_versions[item_id] += 1
    return reply(item)


def _item(state: State, item_id: str, dataset: Document, old: Document, body: Document) -> Document:
    now = state.clock.now()
    return {
        "id": item_id,
        "datasetId": dataset["id"],
        "status": body.get("status") or old.get("status", "ACTIVE"),
        **_merged(old, body, _ITEM),
        # Seen on 4.16: a new version has a creation time of its own.
        "createdAt": now,
        "updatedAt": now,
        "datasetName": dataset["name"],
        "mediaReferences": [],
    }


@routes.get("/api/public/dataset-items")
async def list_items(request: web.Request) -> web.Response:
    """One page of items, newest first."""
    words = [name for name in ("datasetName", "sourceTraceId", "sourceObservationId") if name in request.query]
    items = [
        item
        for item in reversed(request.app[STATE].dataset_items.values())
        if all(item[name] == request.query[name] for name in words)
    ]
    return reply(page_of(request, items))


@routes.get("/api/public/dataset-items/{id}")
async def get_item(request: web.Request) -> web.Response:
    """One item in its last version."""
    return reply(_existing(request))


@routes.delete("/api/public/dataset-items/{id}")
async def delete_item(request: web.Request) -> web.Response:
    """Forget an item."""
    del request.app[STATE].dataset_items[_existing(request)["id"]]
    return reply({"message": "Dataset item successfully deleted"})


def _existing(request: web.Request) -> Document:
    item = request.app[STATE].dataset_items.get(request.match_info["id"])
    if item is None:
        raise missing("Dataset item not found")
    return item


def _merged(old: Document, body: Document, names: Sequence[str]) -> Document:
    """The fields that the body names, and the old ones where it is silent."""
    return {name: body.get(name, old.get(name)) for name in names}
