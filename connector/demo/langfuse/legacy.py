"""The reading endpoints of v3: traces, observations and sessions, in numbered pages, input and output as JSON.

There is no row for a trace here either. A trace is made from its observations and from what `trace-create` said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from connector.demo.langfuse.clock import to_ms
from connector.demo.langfuse.guards import legacy
from connector.demo.langfuse.legacy_fields import observation_view, session_view, trace_view
from connector.demo.langfuse.replies import listed, missing, page_of, reply, time_of
from connector.demo.langfuse.score_fields import old_score
from connector.demo.langfuse.state import STATE, Document, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.demo.langfuse.rows import Observation

routes = web.RouteTableDef()


@routes.get("/api/public/traces")
@legacy
async def list_traces(request: web.Request) -> web.Response:
    """One page of traces in the order asked for."""
    state = request.app[STATE]
    chosen = [trace for trace in _traces(state, request.query.get("sessionId")) if _asked_for(trace, request)]
    newest_first = request.query.get("orderBy", "timestamp.desc").endswith("desc")
    chosen.sort(key=lambda trace: (trace["timestamp"], trace["id"]), reverse=newest_first)
    page = page_of(request, chosen)
    fields = set(listed(request, "fields") or ("core", "io", "scores", "observations", "metrics"))
    page["data"] = [_listed_trace(state, trace, fields) for trace in page["data"]]
    return reply(page)


@routes.get("/api/public/traces/{id}")
@legacy
async def get_trace(request: web.Request) -> web.Response:
    """One trace with its observations and scores in full."""
    state, trace_id = request.app[STATE], request.match_info["id"]
    rows = state.observations.having("trace", [trace_id])
    if not rows and trace_id not in state.traces:
        raise missing(f"Trace {trace_id} not found within authorized project")
    trace = trace_view(state, trace_id, rows)
    views = [observation_view(row) | {"inputPrice": 0, "outputPrice": 0, "totalPrice": 0} for row in rows]
    scores = [old_score(score) for score in state.scores.having("trace", [trace_id])]
    return reply({**trace, **_sums(rows), "observations": views, "scores": scores})


@routes.get("/api/public/observations")
@legacy
async def list_observations(request: web.Request) -> web.Response:
    """One page of observations, newest first."""
    query, observations = request.query, request.app[STATE].observations
    words = {"name": "name", "type": "type", "parentObservationId": "parent_id"}
    start_ms, end_ms = time_of(request, "fromStartTime"), time_of(request, "toStartTime")
    rows: Iterable[Observation] = (
        observations.having("trace", [query["traceId"]]) if "traceId" in query else observations.newest()
    )
    chosen = [
        row
        for row in rows
        if all(getattr(row, field) == query[name] for name, field in words.items() if name in query)
        and (start_ms is None or row.start_ms >= start_ms)
        and (end_ms is None or row.start_ms < end_ms)
    ]
    page = page_of(request, chosen)
    page["data"] = [observation_view(row) for row in page["data"]]
    return reply(page)


@routes.get("/api/public/observations/{id}")
@legacy
async def get_observation(request: web.Request) -> web.Response:
    """One observation."""
    rows = request.app[STATE].observations.having("id", [request.match_info["id"]])
    if not rows:
        raise missing("Observation not found within authorized project")
    return reply(observation_view(rows[0]))


@routes.get("/api/public/sessions")
@legacy
async def list_sessions(request: web.Request) -> web.Response:
    """One page of sessions, the newest first."""
    state = request.app[STATE]
    sessions = [session_view(state, session_id) for session_id in state.observations.words("session")]
    return reply(page_of(request, sorted(sessions, key=lambda session: str(session["createdAt"]), reverse=True)))


@routes.get("/api/public/sessions/{id}")
@legacy
async def get_session(request: web.Request) -> web.Response:
    """One session with its traces."""
    state, session_id = request.app[STATE], request.match_info["id"]
    if session_id not in state.observations.words("session"):
        raise missing("Session not found within authorized project")
    traces = [trace for trace in _traces(state, session_id) if trace["sessionId"] == session_id]
    return reply({**session_view(state, session_id), "traces": traces})


def _traces(state: State, session_id: str | None) -> list[Document]:
    """Every trace, or those that may belong to a session."""
    if session_id is None:
        ids = {*state.observations.words("trace"), *state.traces}
    else:
        ids = {row.trace_id for row in state.observations.having("session", [session_id])}
        ids |= {trace_id for trace_id, body in state.traces.items() if body.get("sessionId") == session_id}
    return [trace_view(state, trace_id, state.observations.having("trace", [trace_id])) for trace_id in ids]


def _asked_for(trace: Document, request: web.Request) -> bool:
    query = request.query
    from_ms, to_time = time_of(request, "fromTimestamp"), time_of(request, "toTimestamp")
    at_ms = to_ms(trace["timestamp"])
    environments = query.getall("environment", [])
    return (
        (from_ms is None or at_ms >= from_ms)
        and (to_time is None or at_ms < to_time)
        and (not environments or trace["environment"] in environments)
        and all(tag in trace["tags"] for tag in query.getall("tags", []))
        and all(trace[name] == query[name] for name in ("name", "userId", "sessionId") if name in query)
    )


def _listed_trace(state: State, trace: Document, fields: set[str]) -> Document:
    """A trace with the groups of fields asked for; -1 and empty lists stand for the others."""
    rows = state.observations.having("trace", [trace["id"]])
    scores = state.scores.having("trace", [trace["id"]])
    sums = _sums(rows) if "metrics" in fields else {"totalCost": -1, "latency": -1}
    hidden = set() if "io" in fields else {"input", "output", "metadata"}
    return {
        **{name: value for name, value in trace.items() if name not in hidden},
        **sums,
        "observations": [row.id for row in rows] if "observations" in fields else [],
        "scores": [score.id for score in scores] if "scores" in fields else [],
    }


def _sums(rows: list[Observation]) -> dict[str, float]:
    """What a trace cost in USD, and how long it took in seconds."""
    ends = [row.end_ms for row in rows if row.end_ms is not None]
    start_ms = min((row.start_ms for row in rows), default=0)
    cost_usd = sum(row.cost_usd.get("total", 0.0) for row in rows)
    return {"totalCost": cost_usd, "latency": (max(ends) - start_ms) / 1000 if ends else 0}
