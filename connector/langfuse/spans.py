"""Results → OpenTelemetry spans, under ids and times that are functions of the result.

The server keeps one row per trace id, span id and start time, so that posting a span again overwrites it. Spans are
built with the OpenTelemetry SDK's own types and encoded by its exporter's code, but posted by ourselves: only a
synchronous answer of the server counts as delivered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags

from connector.langfuse.client import Client
from connector.langfuse.own import MARK, TAG
from rollouts.types import Record, Usage

_PATH = "/api/public/otel/v1/traces"
_MOST_BYTES = 3_000_000  # Langfuse Cloud takes 5 MB a request
# The server copies all attributes into the metadata of spans of any other scope than the SDK's own.
_SCOPE = InstrumentationScope("langfuse-sdk-understudy", "1")
_RESOURCE = Resource({"service.name": "understudy"})
_HEADERS = {"content-type": "application/x-protobuf", "x-langfuse-ingestion-version": "4"}


class Span(Record):
    """One observation to be written."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    name: str
    type: str = "span"
    started_at: datetime
    duration_s: float = 0.0
    environment: str
    trace_name: str
    shows: str
    """What this is, as the value of our mark: `rollout`, `baseline`, `judge` or `leaderboard`."""
    input: Any = None
    output: Any = None
    metadata: Mapping[str, Any] = {}
    tags: tuple[str, ...] = ()
    """Beside our own."""
    session_id: str | None = None
    model: str | None = None
    parameters: Mapping[str, Any] | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    level: str | None = None
    status_message: str | None = None
    extra: Mapping[str, str] = {}
    """Further attributes as they are, such as those of an experiment."""


async def send(client: Client, spans: Sequence[Span]) -> None:
    """Post `spans`; return once the server has taken them all. Raises as the client does."""
    if not spans:
        return
    content = encode_spans([_readable(span) for span in spans]).SerializeToString()
    if len(content) > _MOST_BYTES and len(spans) > 1:
        half = len(spans) // 2
        await send(client, spans[:half])
        await send(client, spans[half:])
        return
    await client.send("POST", _PATH, content=content, headers=_HEADERS)


def _readable(span: Span) -> ReadableSpan:
    start = _nanoseconds(span.started_at)
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace_id, span.span_id),
        parent=_context(span.trace_id, span.parent_id) if span.parent_id else None,
        resource=_RESOURCE,
        attributes=_attributes(span),
        start_time=start,
        end_time=start + int(span.duration_s * 1e9),
        instrumentation_scope=_SCOPE,
    )


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(1))


def _nanoseconds(moment: datetime) -> int:
    """Whole milliseconds: what the server keeps of a start time, which is part of a span's identity."""
    return int(moment.timestamp() * 1000) * 1_000_000


def _attributes(span: Span) -> dict[str, Any]:
    """Langfuse's own attribute names."""
    found: dict[str, Any] = {
        "langfuse.environment": span.environment,
        "langfuse.trace.name": span.trace_name,
        "langfuse.trace.tags": (TAG, *span.tags),
        f"langfuse.trace.metadata.{MARK}": span.shows,
        f"langfuse.observation.metadata.{MARK}": span.shows,
        "langfuse.observation.type": span.type,
        "session.id": span.session_id,
        "langfuse.observation.input": _json(span.input),
        "langfuse.observation.output": _json(span.output),
        "langfuse.observation.model.name": span.model,
        "langfuse.observation.model.parameters": _json(span.parameters),
        "langfuse.observation.usage_details": _json(_usage(span.usage)),
        "langfuse.observation.cost_details": _json({"total": span.cost_usd} if span.cost_usd is not None else None),
        "langfuse.observation.level": span.level,
        "langfuse.observation.status_message": span.status_message,
        **{f"langfuse.observation.metadata.{key}": _plain(value) for key, value in span.metadata.items()},
        **span.extra,
    }
    if span.parent_id is None:
        found["langfuse.internal.is_app_root"] = True
    return {key: value for key, value in found.items() if value is not None}


def _usage(usage: Usage | None) -> dict[str, int] | None:
    """Langfuse adds all figures up: what came from a cache is told apart from the rest of the input."""
    if usage is None:
        return None
    cached, written = usage.cached_input_tokens, usage.cache_write_tokens
    fresh = None if usage.input_tokens is None else usage.input_tokens - (cached or 0) - (written or 0)
    figures = {
        "input": fresh,
        "input_cached_tokens": cached,
        "input_cache_creation": written,
        "output": usage.output_tokens,
    }
    return {key: value for key, value in figures.items() if value is not None} or None


def _json(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | bool | int | float) else _json(value)
