"""What the endpoints of v3 show of a trace, an observation and a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.demo.langfuse.clock import iso, iso_or_none, to_ms
from connector.demo.langfuse.replies import unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.demo.langfuse.rows import Observation
    from connector.demo.langfuse.state import Document, State


def trace_view(state: State, trace_id: str, rows: Sequence[Observation]) -> Document:
    """A trace from its observations, newest first, and from what `trace-create` said about it."""
    said = state.traces.get(trace_id, {})
    root = next((row for row in reversed(rows) if row.is_root), rows[-1] if rows else None)
    derived = _derived(root, rows) if root else _BARE
    told = {name: value for name, value in said.items() if value is not None and name in {*derived, "externalId"}}
    created = said.get("timestamp") or derived["timestamp"]
    return {
        "id": trace_id,
        "projectId": state.project_id,
        **derived,
        **told,
        "tags": sorted({*derived["tags"], *(said.get("tags") or ())}),
        "metadata": {**derived["metadata"], **(said.get("metadata") or {})},
        "timestamp": iso(to_ms(created)),
        "bookmarked": False,
        "createdAt": iso(min((row.created_ms for row in rows), default=to_ms(created))),
        "updatedAt": iso(max((row.updated_ms for row in rows), default=to_ms(created))),
        "externalId": told.get("externalId"),
        "htmlPath": f"/project/{state.project_id}/traces/{trace_id}",
    }


_BARE: Document = {
    "name": None,
    "timestamp": "1970-01-01",
    "environment": "default",
    "release": None,
    "version": None,
    "userId": None,
    "sessionId": None,
    "public": False,
    "input": None,
    "output": None,
    "tags": (),
    "metadata": {},
}


def _derived(root: Observation, rows: Sequence[Observation]) -> Document:
    return {
        "name": root.trace_name or root.name or None,
        "timestamp": iso(rows[-1].start_ms),
        "environment": root.environment,
        "release": root.release or None,
        "version": root.version or None,
        "userId": root.user_id or None,
        "sessionId": root.session_id or None,
        "public": root.public,
        "input": _parsed(root.input),
        "output": _parsed(root.output),
        "tags": root.tags,
        "metadata": root.metadata,
    }


def observation_view(row: Observation) -> Document:
    """An observation as v3 shows it: parsed, and without user and session."""
    first = row.completion_start_ms
    tokens = {name: row.usage.get(name, 0) for name in ("input", "output", "total")}
    return {
        "id": row.id,
        "traceId": row.trace_id,
        "startTime": iso(row.start_ms),
        "endTime": iso_or_none(row.end_ms),
        "projectId": row.project_id,
        "parentObservationId": row.parent_id,
        "type": row.type,
        "environment": row.environment,
        "name": row.name or None,
        "level": row.level,
        "statusMessage": row.status_message or None,
        "version": row.version or None,
        "createdAt": iso(row.created_ms),
        "updatedAt": iso(row.updated_ms),
        "input": _parsed(row.input),
        "output": _parsed(row.output),
        "metadata": row.metadata,
        "model": row.model or None,
        # Seen on 4.16 in dual mode: null for a plain span, an empty object for any other type.
        "modelParameters": row.model_parameters or (None if row.type == "SPAN" else {}),
        "completionStartTime": iso_or_none(first),
        "promptId": None,
        "promptName": row.prompt_name or None,
        "promptVersion": row.prompt_version,
        "latency": row.latency_s,
        "timeToFirstToken": None if first is None else (first - row.start_ms) / 1000,
        "usageDetails": row.usage,
        "costDetails": row.cost_usd,
        "usagePricingTierId": None,
        "usagePricingTierName": None,
        "modelId": None,
        "inputPrice": None,
        "outputPrice": None,
        "totalPrice": None,
        "calculatedInputCost": row.cost_usd.get("input"),
        "calculatedOutputCost": row.cost_usd.get("output"),
        "calculatedTotalCost": row.cost_usd.get("total", 0),
        "unit": "TOKENS",
        "promptTokens": tokens["input"],
        "completionTokens": tokens["output"],
        "totalTokens": tokens["total"],
        "usage": {"unit": "TOKENS", **tokens},
    }


def session_view(state: State, session_id: str) -> Document:
    """A session, which has nothing but an id and a beginning."""
    first = state.observations.having("session", [session_id])[-1]
    return {
        "id": session_id,
        "createdAt": iso(first.created_ms),
        "projectId": state.project_id,
        "environment": first.environment,
    }


def _parsed(text: str) -> Any:
    return unpacked(text) if text else None
