"""`POST /ingestion`: batches of events, each accepted or refused by itself, answered with 207 whatever happens.

A server that keeps events only takes scores and logs here; others take the traces and observations of old SDKs too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from connector.demo.langfuse.attributes import environment_of
from connector.demo.langfuse.clock import to_ms
from connector.demo.langfuse.modes import EVENTS_ONLY
from connector.demo.langfuse.replies import fields_of, packed, reply
from connector.demo.langfuse.rows import Observation
from connector.demo.langfuse.scores import issues_of, keep
from connector.demo.langfuse.state import STATE, Document, State

if TYPE_CHECKING:
    from collections.abc import Callable

routes = web.RouteTableDef()

_ALWAYS = frozenset({"score-create", "sdk-log"})
_TRACE_WORDS = {"user_id": "userId", "session_id": "sessionId", "trace_name": "name", "release": "release"}


@routes.post("/api/public/ingestion")
async def ingest(request: web.Request) -> web.Response:
    """Take a batch of events."""
    state, body = request.app[STATE], await fields_of(request, "batch")
    successes: list[Document] = []
    errors: list[Document] = []
    for event in body["batch"]:
        lacking = [name for name in ("id", "type", "timestamp") if not event.get(name)]
        error = _malformed(lacking) if lacking else _take(state, event)
        if error is None:
            successes.append({"id": event["id"], "status": 201})
        else:
            errors.append({"id": event.get("id"), "status": 400, **error})
    return reply({"successes": successes, "errors": errors}, 207)


def _take(state: State, event: Document) -> Document | None:
    """Take one event; the error, if it was refused."""
    kind, body = event["type"], event.get("body") or {}
    if kind not in _ALWAYS and state.mode in EVENTS_ONLY:
        return _not_accepted(kind)
    if kind == "score-create":
        if issues := issues_of(body):
            return {"message": "Invalid request data", "error": issues[0]["message"]}
        keep(state, body, to_ms(event["timestamp"]))
    elif kind == "trace-create":
        state.write(lambda: _put_trace(state, body, event["timestamp"]))
    elif kind != "sdk-log" and not state.faults.swallows("span"):
        state.write(lambda: _put_observation(state, kind, body, event["timestamp"]))
    return None


def _malformed(lacking: list[str]) -> Document:
    return {"message": "Invalid request data", "error": f"{', '.join(lacking)}: Required"}


def _not_accepted(kind: str) -> Document:
    error = (
        f'Event type "{kind}" is not accepted by /api/public/ingestion when LANGFUSE_MIGRATION_V4_WRITE_MODE is '
        "events_only. This endpoint only accepts score and log events. Upgrade the client or integration to a "
        "v4-compatible SDK or OTLP ingestion path. As a temporary migration bridge, set "
        "LANGFUSE_MIGRATION_V4_WRITE_MODE=dual on both the web and worker services and redeploy. Docs: "
        "https://langfuse.com/self-hosting/upgrade/upgrade-guides/upgrade-v3-to-v4"
    )
    return {"message": "Event type not accepted", "error": error}


def _put_trace(state: State, body: Document, sent_at: str) -> None:
    trace_id = body["id"]
    said = {"timestamp": sent_at, **state.traces.get(trace_id, {}), **body}
    said["environment"] = environment_of(said.get("environment") or "default")
    state.traces[trace_id] = said
    for row in state.observations.having("trace", [trace_id]):
        state.observations.put(row.model_copy(update=_trace_words(state, trace_id)))


def _trace_words(state: State, trace_id: str) -> dict[str, Any]:
    """What observations inherit from their trace."""
    said = state.traces.get(trace_id, {})
    words: dict[str, Any] = {field: said[name] for field, name in _TRACE_WORDS.items() if said.get(name)}
    return words | ({"tags": tuple(said["tags"])} if said.get("tags") else {})


def _put_observation(state: State, kind: str, body: Document, sent_at: str) -> None:
    """Create or update an observation: what the body leaves out stays as it was."""
    said = {name: read(body[key]) for name, (key, read) in _FIELDS.items() if body.get(key) is not None}
    usage = body.get("usageDetails") or _usage(body.get("usage") or {})
    if usage:
        said["usage"] = {**usage, "total": usage.get("total", sum(usage.values()))}
    if cost := body.get("costDetails"):
        said["cost_usd"] = {**cost, "total": cost.get("total", sum(cost.values()))}
    known = [
        row for row in state.observations.having("id", [body["id"]]) if body.get("traceId") in {None, row.trace_id}
    ]
    row = known[0] if known else _fresh(state, kind, body, sent_at)
    if known:
        state.observations.remove(row)
    updated_ms = state.clock.now_ms()
    said |= _trace_words(state, row.trace_id) | {"is_root": said.get("parent_id", row.parent_id) is None}
    state.observations.put(row.model_copy(update={**said, "updated_ms": updated_ms}))


def _fresh(state: State, kind: str, body: Document, sent_at: str) -> Observation:
    start = kind.removesuffix("-create").removesuffix("-update")
    return Observation(
        id=body["id"],
        trace_id=body.get("traceId") or body["id"],
        project_id=state.project_id,
        start_ms=to_ms(body.get("startTime") or sent_at),
        created_ms=state.clock.now_ms(),
        type="SPAN" if start == "observation" else start.upper(),
        api_key=state.public_key,
    )


def _usage(usage: Document) -> dict[str, int]:
    names = {
        "input": ("input", "promptTokens"),
        "output": ("output", "completionTokens"),
        "total": ("total", "totalTokens"),
    }
    counts = {
        name: next((usage[key] for key in keys if usage.get(key) is not None), None) for name, keys in names.items()
    }
    return {name: count for name, count in counts.items() if count is not None}


_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "start_ms": ("startTime", to_ms),
    "end_ms": ("endTime", to_ms),
    "completion_start_ms": ("completionStartTime", to_ms),
    "parent_id": ("parentObservationId", str),
    "type": ("type", str),
    "name": ("name", str),
    "level": ("level", str),
    "status_message": ("statusMessage", str),
    "version": ("version", str),
    "environment": ("environment", environment_of),
    "input": ("input", packed),
    "output": ("output", packed),
    "metadata": ("metadata", lambda value: value if isinstance(value, dict) else {"metadata": value}),
    "model": ("model", str),
    "model_parameters": ("modelParameters", dict),
    "prompt_name": ("promptName", str),
    "prompt_version": ("promptVersion", int),
}
