"""Annotation queues and comments. Told twice, both keep it twice; a queue takes objects that do not exist."""

from __future__ import annotations

from uuid import uuid4

from aiohttp import web

from connector.demo.langfuse.replies import fields_of, missing, new_id, page_of, reply
from connector.demo.langfuse.state import STATE, Document, State

routes = web.RouteTableDef()


@routes.post("/api/public/annotation-queues")
async def create_queue(request: web.Request) -> web.Response:
    """Open a queue."""
    state, body = request.app[STATE], await fields_of(request, "name", "scoreConfigIds")
    now = state.clock.now()
    queue = {
        "id": new_id(),
        "name": body["name"],
        "description": body.get("description"),
        "scoreConfigIds": body["scoreConfigIds"],
        "createdAt": now,
        "updatedAt": now,
    }
    state.queues[queue["id"]] = queue
    return reply(queue)


@routes.get("/api/public/annotation-queues")
async def list_queues(request: web.Request) -> web.Response:
    """One page of queues, newest first."""
    return reply(page_of(request, list(reversed(request.app[STATE].queues.values()))))


@routes.get("/api/public/annotation-queues/{queue}")
async def get_queue(request: web.Request) -> web.Response:
    """One queue."""
    return reply(_queue(request))


@routes.post("/api/public/annotation-queues/{queue}/items")
async def create_item(request: web.Request) -> web.Response:
    """Put an object into a queue, once more if it is there already."""
    state, queue = request.app[STATE], _queue(request)
    body = await fields_of(request, "objectId", "objectType")
    now = state.clock.now()
    item = {
        "id": new_id(),
        "queueId": queue["id"],
        "objectId": body["objectId"],
        "objectType": body["objectType"],
        "status": body.get("status") or "PENDING",
        "completedAt": None,
        "createdAt": now,
        "updatedAt": now,
    }
    state.queue_items[item["id"]] = item
    return reply(item)


@routes.get("/api/public/annotation-queues/{queue}/items")
async def list_items(request: web.Request) -> web.Response:
    """One page of a queue's items, those of one status if asked."""
    state, queue, status = request.app[STATE], _queue(request), request.query.get("status")
    items = [
        item
        for item in reversed(state.queue_items.values())
        if item["queueId"] == queue["id"] and status in {None, item["status"]}
    ]
    return reply(page_of(request, items))


@routes.get("/api/public/annotation-queues/{queue}/items/{item}")
async def get_item(request: web.Request) -> web.Response:
    """One item of a queue."""
    return reply(_item(request))


@routes.patch("/api/public/annotation-queues/{queue}/items/{item}")
async def change_item(request: web.Request) -> web.Response:
    """Set the status of an item."""
    state, item, body = request.app[STATE], _item(request), await fields_of(request)
    now = state.clock.now()
    done = now if body.get("status") == "COMPLETED" else None
    changed = {**item, "status": body.get("status", item["status"]), "completedAt": done, "updatedAt": now}
    state.queue_items[item["id"]] = changed
    return reply(changed)


@routes.delete("/api/public/annotation-queues/{queue}/items/{item}")
async def delete_item(request: web.Request) -> web.Response:
    """Take an item out of its queue."""
    del request.app[STATE].queue_items[_item(request)["id"]]
    return reply({"success": True, "message": "Annotation queue item deleted successfully"})


@routes.post("/api/public/comments")
async def create_comment(request: web.Request) -> web.Response:
    """Keep a comment on a trace or an observation that can be read already."""
    state, body = request.app[STATE], await fields_of(request, "objectType", "objectId", "content")
    if not _exists(state, body["objectType"], body["objectId"]):
        raise missing(f"Reference object, {body['objectType']}: {body['objectId']} not found")
    now = state.clock.now()
    comment = {
        "id": str(uuid4()),
        "projectId": state.project_id,
        "createdAt": now,
        "updatedAt": now,
        "objectType": body["objectType"],
        "objectId": body["objectId"],
        "content": body["content"],
        "authorUserId": body.get("authorUserId"),
    }
    state.comments[comment["id"]] = comment
    return reply({"id": comment["id"]})


@routes.get("/api/public/comments")
async def list_comments(request: web.Request) -> web.Response:
    """One page of comments, those on one object if asked."""
    words = [name for name in ("objectType", "objectId", "authorUserId") if name in request.query]
    comments = [
        comment
        for comment in request.app[STATE].comments.values()
        if all(comment[name] == request.query[name] for name in words)
    ]
    return reply(page_of(request, comments))


def _queue(request: web.Request) -> Document:
    queue = request.app[STATE].queues.get(request.match_info["queue"])
    if queue is None:
        raise missing("Annotation queue not found")
    return queue


def _item(request: web.Request) -> Document:
    item = request.app[STATE].queue_items.get(request.match_info["item"])
    if item is None or item["queueId"] != _queue(request)["id"]:
        raise missing("Annotation queue item not found")
    return item


def _exists(state: State, kind: str, object_id: str) -> bool:
    index = {"TRACE": "trace", "OBSERVATION": "id", "SESSION": "session"}.get(kind)
    if index is None:
        return kind == "PROMPT"
    return bool(state.observations.having(index, [object_id])) or object_id in state.traces
