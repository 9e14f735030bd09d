"""What a client asks first, and what it asks last: health, the project, and the deletion of traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from connector.demo.langfuse.modes import VERSIONS
from connector.demo.langfuse.replies import fields_of, reply
from connector.demo.langfuse.state import STATE, State

if TYPE_CHECKING:
    from collections.abc import Sequence

routes = web.RouteTableDef()


@routes.get("/api/public/health")
async def health(request: web.Request) -> web.Response:
    """Whether the server lives, and its version."""
    return reply({"status": "OK", "version": VERSIONS[request.app[STATE].mode]})


@routes.get("/api/public/projects")
async def projects(request: web.Request) -> web.Response:
    """The one project that the keys belong to."""
    organization = {"id": "local-org", "name": "Local"}
    project = {"id": request.app[STATE].project_id, "name": "local", "organization": organization, "metadata": {}}
    return reply({"data": [project]})


@routes.delete("/api/public/traces/{id}")
async def delete_trace(request: web.Request) -> web.Response:
    """Forget a trace with its observations and scores."""
    state, trace_id = request.app[STATE], request.match_info["id"]
    state.write(lambda: _forget(state, [trace_id]))
    return reply({"message": "Trace deleted successfully"})


@routes.delete("/api/public/traces")
async def delete_traces(request: web.Request) -> web.Response:
    """Forget several traces."""
    state, trace_ids = request.app[STATE], (await fields_of(request, "traceIds"))["traceIds"]
    state.write(lambda: _forget(state, trace_ids))
    return reply({"message": "Traces deleted successfully"})


def _forget(state: State, trace_ids: Sequence[str]) -> None:
    for observation in state.observations.having("trace", trace_ids):
        state.observations.remove(observation)
    for score in state.scores.having("trace", trace_ids):
        state.scores.remove(score)
    for trace_id in trace_ids:
        state.traces.pop(trace_id, None)
