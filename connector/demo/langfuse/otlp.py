"""Where spans arrive. An export is taken whole or not at all, and answered before it can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aiohttp import web

from connector.demo.langfuse.attributes import observation_of
from connector.demo.langfuse.clock import iso
from connector.demo.langfuse.replies import Refusal, reply
from connector.demo.langfuse.spans import spans_of
from connector.demo.langfuse.state import STATE, State

if TYPE_CHECKING:
    from connector.demo.langfuse.spans import Span

routes = web.RouteTableDef()

NEWEST_INGESTION_VERSION = 4


@routes.post("/api/public/otel/v1/traces")
async def receive(request: web.Request) -> web.Response:
    """Take an export: all of it or nothing."""
    state = request.app[STATE]
    version = request.headers.get("x-langfuse-ingestion-version", "")
    if version.isdecimal() and int(version) > NEWEST_INGESTION_VERSION:
        raise Refusal(400, {"error": f"Unsupported ingestion version: {version}"})
    for span in list(spans_of(request.content_type, await request.read())):
        if not state.faults.swallows("span"):
            _keep(state, span)
    return reply(_receipt(state, request))


def _keep(state: State, span: Span) -> None:
    now_ms = state.clock.now_ms()
    row = observation_of(span, state.project_id, state.public_key, now_ms)

    def apply() -> None:
        old = state.observations.get(row.key)
        state.observations.put(row.model_copy(update={"created_ms": old.created_ms}) if old else row)

    state.write(apply)


def _receipt(state: State, request: web.Request) -> dict[str, Any]:
    """What the real server answers: the job that it put into its queue."""
    now_ms = state.clock.now_ms()
    sent = {
        "sdkName": request.headers.get("x-langfuse-sdk-name"),
        "sdkVersion": request.headers.get("x-langfuse-sdk-version"),
        "ingestionVersion": request.headers.get("x-langfuse-ingestion-version"),
    }
    scope = {"projectId": state.project_id, "accessLevel": "project", "orgId": "local-org"}
    payload = {
        "data": {"fileKey": f"events/otel/{state.project_id}/{uuid4()}.json", "publicKey": state.public_key},
        "authCheck": {"validKey": True, "scope": scope},
        **{name: text for name, text in sent.items() if text is not None},
    }
    name = "otel-ingestion-job"
    return {
        "name": name,
        "data": {"id": str(uuid4()), "timestamp": iso(now_ms), "name": name, "payload": payload},
        "opts": {
            "attempts": 6,
            "removeOnComplete": True,
            "removeOnFail": 100_000,
            "backoff": {"type": "exponential", "delay": 5000},
            "traceparent": f"00-{uuid4().hex}-{uuid4().hex[:16]}-01",
            "baggage": f"langfuse.project.id={state.project_id}",
        },
        "id": str(len(state.requests)),
        "progress": 0,
        "returnvalue": None,
        "stacktrace": None,
        "priority": 0,
        "attemptsStarted": 0,
        "attemptsMade": 0,
        "stalledCounter": 0,
        "timestamp": now_ms,
        "queueQualifiedName": "bull:otel-ingestion-queue",
    }
