"""OTLP in both encodings, JSON and protobuf, to one plain form. An export with one broken span is refused whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from google.protobuf.message import DecodeError  # type: ignore[import-untyped] # ships no types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from connector.demo.langfuse.replies import Refusal
from rollouts.types import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

ERROR = 2
"""The status code of a span that failed."""


class Span(Record):
    """A span as any encoding says it, with its attributes as plain values."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope_name: str
    scope_version: str
    failed: bool
    status_message: str


def spans_of(content_type: str, body: bytes) -> Iterator[Span]:
    """Every span of an export, or a refusal of the whole."""
    try:
        if content_type == "application/x-protobuf":
            return _from_protobuf(ExportTraceServiceRequest.FromString(body))
        if content_type == "application/json":
            return _from_json(orjson.loads(body))
    except (DecodeError, orjson.JSONDecodeError) as error:
        raise Refusal(400, {"error": "Failed to parse OTel Trace"}) from error
    raise Refusal(400, {"error": "Invalid content type"})


def _from_json(export: dict[str, Any]) -> Iterator[Span]:
    groups = [
        (
            _plain_pairs(resource.get("resource", {}).get("attributes", ())),
            scoped.get("scope", {}),
            scoped.get("spans", ()),
        )
        for resource in export.get("resourceSpans", ())
        for scoped in resource.get("scopeSpans", ())
    ]
    _refuse_broken([(span, scope) for _, scope, spans in groups for span in spans])
    for resource, scope, spans in groups:
        for span in spans:
            status = span.get("status") or {}
            yield Span(
                trace_id=span["traceId"],
                span_id=span["spanId"],
                parent_id=span.get("parentSpanId") or None,
                name=span.get("name", ""),
                start_ns=int(span.get("startTimeUnixNano") or 0),
                end_ns=int(span.get("endTimeUnixNano") or 0),
                attributes=_plain_pairs(span.get("attributes", ())),
                resource=resource,
                scope_name=scope.get("name", ""),
                scope_version=scope.get("version", ""),
                failed=status.get("code") in {ERROR, "STATUS_CODE_ERROR"},
                status_message=status.get("message", ""),
            )


def _from_protobuf(export: ExportTraceServiceRequest) -> Iterator[Span]:
    groups = [
        (_pairs(resource.resource.attributes), scoped.scope, scoped.spans)
        for resource in export.resource_spans
        for scoped in resource.scope_spans
    ]
    ids = [
        ({"traceId": span.trace_id.hex(), "spanId": span.span_id.hex()}, {"name": scope.name})
        for _, scope, spans in groups
        for span in spans
    ]
    _refuse_broken(ids)
    for resource, scope, spans in groups:
        for span in spans:
            yield Span(
                trace_id=span.trace_id.hex(),
                span_id=span.span_id.hex(),
                parent_id=span.parent_span_id.hex() or None,
                name=span.name,
                start_ns=span.start_time_unix_nano,
                end_ns=span.end_time_unix_nano,
                attributes=_pairs(span.attributes),
                resource=resource,
                scope_name=scope.name,
                scope_version=scope.version,
                failed=span.status.code == ERROR,
                status_message=span.status.message,
            )


def _refuse_broken(spans: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    broken = [(span, scope) for span, scope in spans if not _sound(span)]
    if not broken:
        return
    states = [f"{name}:{'ok' if broken[0][0].get(name) else 'absent'}" for name in ("traceId", "spanId")]
    scopes = sorted({scope.get("name") or "unknown" for _, scope in broken})
    message = (
        f"Invalid OTLP trace export: {len(broken)} of {len(spans)} span(s) cannot be processed ({', '.join(states)}). "
        "traceId and spanId are required on every span, and each must be a string or a byte array. The entire export "
        f"was rejected and no spans were ingested. Instrumentation scopes: {', '.join(scopes)}. This endpoint accepts "
        "OpenTelemetry traces only \u2014 if you are exporting OpenTelemetry logs, point your log exporter elsewhere."
    )
    raise Refusal(400, {"error": message})


def _sound(span: dict[str, Any]) -> bool:
    named = span.get("traceId") and span.get("spanId")
    return bool(named) and all(isinstance(span.get(name, []), list) for name in ("attributes", "events"))


def _plain_pairs(pairs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: _plain(pair.get("value") or {}) for pair in pairs}


def _plain(value: dict[str, Any]) -> Any:
    for kind, content in value.items():
        if kind == "arrayValue":
            return [_plain(entry) for entry in content.get("values", ())]
        if kind == "kvlistValue":
            return _plain_pairs(content.get("values", ()))
        return int(content) if kind == "intValue" else content
    return None


def _pairs(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case "array_value":
            return [_value(entry) for entry in value.array_value.values]
        case "kvlist_value":
            return _pairs(value.kvlist_value.values)
        case None:
            return None
        case kind:
            return getattr(value, kind)
