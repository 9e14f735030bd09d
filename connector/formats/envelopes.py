"""Whether a table surrounds an answer, in a form that is read elsewhere or not yet, or is the answer of a model itself.

A model that is asked for JSON may use any of an envelope's keys: `{"usage": "daily"}`, `{"parts": ["wheel"]}`. So the
value must have an envelope's form, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Wire = Mapping[str, Any]

# fmt: off
_ALWAYS = {"finish_reason", "lc", "stopReason", "toolCallId", "toolCalls", "tool_calls"}
_OF_AN_ERROR = {
    "cause", "code", "detail", "details", "error", "error_code", "error_message", "error_type", "message", "name", "ok",
    "param", "request_id", "stack", "status", "status_code", "statusCode", "success", "timestamp", "traceback", "type",
}
_OF_A_PART = {
    "content", "fileData", "functionCall", "functionResponse", "function_call", "inlineData", "inline_data", "text",
    "thought", "type",
}
# fmt: on
_OBJECTS = ("chat.completion", "text_completion", "response", "thread", "list", "error", "embedding")
_SPEAKERS = ("assistant", "model", "ai", "bot", "tool", "function")


def is_envelope(table: Wire) -> bool:
    """Tell a provider's or a framework's table by a key of theirs that holds what theirs hold."""
    if table.keys() & _ALWAYS or str(table.get("type")).startswith("tool-"):
        return True
    return any(key in table and test(table[key], table) for key, test in _TESTS.items())


def _is_failure(value: Any, table: Wire) -> bool:
    """What went wrong, in a table or alone; `"error": null` and a word among findings are a model's own."""
    return bool(value) and (table.keys() <= _OF_AN_ERROR or (isinstance(value, Mapping) and "message" in value))


def _is_message(value: Any, _: Wire) -> bool:
    return isinstance(value, Mapping) and bool(value.keys() & {"content", "parts", "role", "tool_calls"})


def _are_messages(value: Any, table: Wire) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) and _is_message(item, table) for item in value)


def _are_candidates(value: Any, _: Wire) -> bool:
    known = {"content", "finishReason", "finish_reason", "message", "text", "delta", "index"}
    return isinstance(value, list) and all(isinstance(item, Mapping) and item.keys() & known for item in value)


def _are_generations(value: Any, table: Wire) -> bool:
    return isinstance(value, list) and all(isinstance(item, list) or _are_candidates([item], table) for item in value)


def _are_parts(value: Any, table: Wire) -> bool:
    whole = isinstance(value, list) and all(isinstance(item, Mapping) and item.keys() & _OF_A_PART for item in value)
    return whole or "role" in table


def _is_bill(value: Any, _: Wire) -> bool:
    return isinstance(value, Mapping) and any("token" in str(key).lower() for key in value)


_TESTS: dict[str, Callable[[Any, Wire], bool]] = {
    "call_id": lambda _, table: bool(table.keys() & {"arguments", "output", "tool_name"}),
    "candidates": _are_candidates,
    "choices": _are_candidates,
    "error": _is_failure,
    "generations": _are_generations,
    "message": _is_message,
    "messages": _are_messages,
    "object": lambda value, _: isinstance(value, str) and value.startswith(_OBJECTS),
    "parts": _are_parts,
    "role": lambda value, _: value in _SPEAKERS,
    "usage": _is_bill,
}
