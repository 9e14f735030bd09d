"""Spans as an instrumented application sends them to Langfuse: OTLP's JSON, in the attribute names of its SDK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx
import orjson

from connector.types import digest

Wire = dict[str, Any]


def span(
    trace: Mapping[str, Any],
    trace_id: str,
    name: str,
    began: datetime,
    ended: datetime,
    *,
    place: str | None = None,
    **shown: Any,
) -> Wire:
    """Return one span of a trace: its root, or a child of the root at some `place`.

    `trace` holds the attributes that every span of the trace repeats; `shown` those of the observation.
    """
    attributes = {
        **trace,
        "langfuse.internal.is_app_root": True if place is None else None,
        **{f"langfuse.observation.{key}": value for key, value in shown.items()},
    }
    found = {
        "traceId": trace_id,
        "spanId": _span_id(trace_id, place or "root"),
        "name": name,
        "startTimeUnixNano": _nanoseconds(began),
        "endTimeUnixNano": _nanoseconds(ended),
        "attributes": [_attribute(key, value) for key, value in attributes.items() if value is not None],
    }
    return found if place is None else {**found, "parentSpanId": _span_id(trace_id, "root")}


async def send(base_url: str, keys: tuple[str, str], service: str, spans: Sequence[Wire]) -> None:
    """Export `spans` in one request. Raises httpx's errors."""
    scoped = [{"scope": {"name": "langfuse-sdk", "version": "5"}, "spans": spans}]
    resource = {"attributes": [_attribute("service.name", service)]}
    async with httpx.AsyncClient(base_url=base_url, auth=keys, trust_env=False) as client:
        answer = await client.post(
            "/api/public/otel/v1/traces",
            json={"resourceSpans": [{"resource": resource, "scopeSpans": scoped}]},
            headers={"x-langfuse-ingestion-version": "4"},
        )
        answer.raise_for_status()


def _span_id(*parts: str) -> str:
    return digest(*parts)[:16]


def _attribute(key: str, value: Any) -> Wire:
    """Flags, text and tuples of words as OTLP has them; anything else travels as JSON in a text."""
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, tuple):
        return {"key": key, "value": {"arrayValue": {"values": [{"stringValue": word} for word in value]}}}
    return {"key": key, "value": {"stringValue": value if isinstance(value, str) else orjson.dumps(value).decode()}}


def _nanoseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000) * 1_000_000)
