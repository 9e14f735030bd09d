"""What `v2/observations` shows of a row, by group of fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.demo.langfuse.clock import iso, iso_or_none
from connector.demo.langfuse.replies import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from connector.demo.langfuse.rows import Observation

    Fields = dict[str, Any]

_MAX_METADATA_TEXT = 200


def row_of(row: Observation, groups: Iterable[str], expand: Collection[str]) -> Fields:
    """`row` with the fields of `groups`; metadata values outside `expand` are cut to 200 characters."""
    shown = _core(row)
    for group in groups:
        shown |= GROUPS[group](row)
    if "metadata" in shown:
        shown["metadata"] = {
            key: unpacked(text if key in expand else text[:_MAX_METADATA_TEXT]) for key, text in flat(row.metadata)
        }
    return shown | {"modelId": None, "inputPrice": None, "outputPrice": None, "totalPrice": None}


def flat(metadata: Fields, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested metadata as the columns hold it: dotted keys, values as text."""
    for key, value in metadata.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", packed(value)


def _core(row: Observation) -> Fields:
    return {
        "id": row.id,
        "traceId": row.trace_id,
        "startTime": iso(row.start_ms),
        "endTime": iso_or_none(row.end_ms),
        "projectId": row.project_id,
        "parentObservationId": row.parent_id,
        "type": row.type,
    }


def _metrics(row: Observation) -> Fields:
    first = row.completion_start_ms
    return {
        "latency": row.latency_s,
        "timeToFirstToken": None if first is None else (first - row.start_ms) / 1000,
    }


def _basic(row: Observation) -> Fields:
    # Seen on 4.16: latency comes with this group too.
    return {
        "name": row.name,
        "level": row.level,
        "statusMessage": row.status_message,
        "version": row.version,
        "environment": row.environment,
        **_metrics(row),
        "userId": row.user_id,
        "sessionId": row.session_id,
        "isRootObservation": row.is_root,
        "bookmarked": False,
        "public": row.public,
    }


def _time(row: Observation) -> Fields:
    return {
        "completionStartTime": iso_or_none(row.completion_start_ms),
        "createdAt": iso(row.created_ms),
        "updatedAt": iso(row.updated_ms),
    }


def _model(row: Observation) -> Fields:
    return {"model": row.model, "internalModelId": "", "modelParameters": row.model_parameters}


def _usage(row: Observation) -> Fields:
    usage, cost = row.usage, row.cost_usd
    return {
        "usageDetails": usage,
        "inputUsage": usage.get("input", 0),
        "outputUsage": usage.get("output", 0),
        "totalUsage": usage.get("total", 0),
        "costDetails": cost,
        "inputCost": cost.get("input"),
        "outputCost": cost.get("output"),
        "totalCost": cost.get("total", 0),
        "usagePricingTierId": None,
        "usagePricingTierName": None,
    }


GROUPS: dict[str, Callable[[Observation], Fields]] = {
    "core": _core,
    "basic": _basic,
    "time": _time,
    "io": lambda row: {"input": row.input, "output": row.output},
    "metadata": lambda row: {"metadata": row.metadata},
    "model": _model,
    "usage": _usage,
    "prompt": lambda row: {
        "promptId": "",
        "promptName": row.prompt_name,
        "promptVersion": row.prompt_version,
    },
    "metrics": _metrics,
    "trace_context": lambda row: {"traceName": row.trace_name, "release": row.release, "tags": list(row.tags)},
}
