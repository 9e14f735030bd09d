"""The `filter` of `v2/observations`: a list of {type, column, operator, value, key?}, all of which must hold."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

import orjson

from connector.demo.langfuse.clock import to_ms
from connector.demo.langfuse.replies import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector.demo.langfuse.rows import Observation

    Test = Callable[[Observation], bool]
    Reader = Callable[[Observation], Any]

COLUMNS: dict[str, Reader] = {
    "id": lambda row: row.id,
    "traceId": lambda row: row.trace_id,
    "parentObservationId": lambda row: row.parent_id or "",
    "type": lambda row: row.type,
    "name": lambda row: row.name,
    "startTime": lambda row: row.start_ms,
    "endTime": lambda row: row.end_ms,
    "environment": lambda row: row.environment,
    "level": lambda row: row.level,
    "statusMessage": lambda row: row.status_message,
    "version": lambda row: row.version,
    "userId": lambda row: row.user_id,
    "sessionId": lambda row: row.session_id,
    "isRootObservation": lambda row: row.is_root,
    "hasParentObservation": lambda row: row.parent_id is not None,
    "traceName": lambda row: row.trace_name,
    "traceTags": lambda row: row.tags,
    "tags": lambda row: row.tags,
    "model": lambda row: row.model,
    "providedModelName": lambda row: row.model,
    "promptName": lambda row: row.prompt_name,
    "latency": lambda row: row.latency_s,
    "totalCost": lambda row: row.cost_usd.get("total"),
    "totalTokens": lambda row: row.usage.get("total"),
    "metadata": lambda row: row.metadata,
    "ingestionApiKey": lambda row: row.api_key,
    "experimentId": lambda row: row.experiment.id if row.experiment else "",
    "experimentName": lambda row: row.experiment.name if row.experiment else "",
    "experimentDatasetId": lambda row: row.experiment.dataset_id if row.experiment else "",
}

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    "<>": operator.ne,
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "contains": lambda text, part: part in text,
    "does not contain": lambda text, part: part not in text,
    "starts with": str.startswith,
    "ends with": str.endswith,
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
}
_OPTIONS: dict[str, Callable[[set[Any], set[Any]], bool]] = {
    "any of": lambda have, want: bool(have & want),
    "none of": lambda have, want: not have & want,
    "all of": lambda have, want: have >= want,
}


def parse(text: str | None) -> list[dict[str, Any]]:
    """The conditions of a `filter` parameter."""
    try:
        conditions = orjson.loads(text) if text else []
    except orjson.JSONDecodeError as error:
        raise bad_request("Invalid JSON in filter parameter") from error
    if not isinstance(conditions, list) or not all(isinstance(condition, dict) for condition in conditions):
        raise bad_request("Invalid filter: expected an array of conditions")
    return conditions


def tests(conditions: Iterable[dict[str, Any]]) -> list[Test]:
    """What a row must pass to be answered."""
    return [_test(condition) for condition in conditions]


def _test(condition: dict[str, Any]) -> Test:
    column = condition.get("column")
    if column not in COLUMNS:
        raise bad_request(f"Column {column} does not match a UI / CH table mapping.")
    try:
        compare = _comparison(condition)
    except (KeyError, TypeError, ValueError) as error:
        raise bad_request(f"Invalid filter on {column}: {condition.get('type')} {condition.get('operator')}") from error
    read = COLUMNS[column]
    return lambda row: compare(read(row))


def _comparison(condition: dict[str, Any]) -> Callable[[Any], bool]:
    """The right-hand side as a function of what the column holds. Raises KeyError for an unknown word."""
    kind, sign, value = condition["type"], condition["operator"], condition.get("value")
    match kind:
        case "null":
            wanted = {"is null": True, "is not null": False}[sign]
            return lambda have: (have is None or have == "") is wanted
        case "string":
            return _bind(_TEXT[sign], value)
        case "stringObject":
            matches = _TEXT[sign]
            return lambda have: matches(str(have.get(condition["key"], "")), str(value))
        case "stringOptions" | "arrayOptions":
            return _options(_OPTIONS[sign], set(value or ()))
        case "datetime":
            return _bind(_COMPARE[sign], to_ms(str(value)))
        case "number" | "boolean":
            return _bind(_COMPARE[sign], value)
        case _:
            raise KeyError(kind)


def _bind(compare: Callable[[Any, Any], bool], value: Any) -> Callable[[Any], bool]:
    return lambda have: have is not None and compare(have, value)


def _options(compare: Callable[[set[Any], set[Any]], bool], want: set[Any]) -> Callable[[Any], bool]:
    return lambda have: compare(set(have) if isinstance(have, tuple) else {have}, want)
