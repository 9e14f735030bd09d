"""How logs name the sampling parameters, and what they write when there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from connector.formats.format import decoded, is_too_deep
from rollouts.types import NamedTool, Parameters

_ALIASES = {
    "maxTokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "maxOutputTokens": "max_tokens",
    "num_predict": "max_tokens",
    "topP": "top_p",
    "stop_sequences": "stop",
    "stopSequences": "stop",
    "toolChoice": "tool_choice",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "responseFormat": "response_format",
    "format": "response_format",
    "reasoningEffort": "reasoning_effort",
    "function_call": "tool_choice",
    "text": "response_format",
    "text_format": "response_format",
    "reasoning": "reasoning_effort",
}
_INSIDE = ("options", "generation_kwargs")
"""Tables of parameters within the parameters: Ollama's and Haystack's."""
_OF_A_SCHEMA = ("name", "description", "schema", "strict")
_OF_JSON = ("object", "array", "string", "number", "integer", "boolean")
"""What a schema describes; forms of answers have other types."""
_UNSET = ("", "null", "None", "Infinity", "NaN", "undefined")


def read_parameters(*sources: Mapping[str, Any]) -> Parameters:
    """Return the parameters that `sources` set, the earlier source first; what makes no sense counts as unset."""
    found: dict[str, Any] = {}
    for source in _flat(sources):
        for key, raw in source.items():
            name = _ALIASES.get(key, key)
            if name in _READERS and name not in found and _is_set(raw):
                value = _READERS[name](decoded(raw))
                if value is not None:
                    found[name] = value
    return Parameters(**found)


def _flat(sources: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for source in sources:
        yield source
        inside = (decoded(source.get(key)) for key in _INSIDE)
        yield from (table for table in inside if isinstance(table, Mapping))


def is_marker(raw: Any) -> bool:
    """Tell the `repr` of an object, such as the one that stands for an argument that nobody gave."""
    return isinstance(raw, str) and " object at 0x" in raw


def _is_set(raw: Any) -> bool:
    return raw is not None and not (isinstance(raw, str) and raw in _UNSET) and not is_marker(raw)


def _number(raw: Any) -> float | None:
    try:
        value = None if isinstance(raw, bool) else float(raw)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if value is not None and math.isfinite(value) else None


def _whole(raw: Any) -> int | None:
    value = _number(raw)
    return int(value) if value is not None and value >= 0 else None


def _count(raw: Any) -> int | None:
    return _whole(raw) or None


def _flag(raw: Any) -> bool | None:
    return {"true": True, "false": False}.get(str(raw).lower())


def _words(raw: Any) -> tuple[str, ...] | None:
    words = [raw] if isinstance(raw, str) else raw if isinstance(raw, list) else []
    return tuple(word for word in words if isinstance(word, str)) or None


def _answer_form(raw: Any) -> dict[str, Any] | None:
    """Chat's table; the Responses API has it flat, below `format`; Ollama has a schema there, or the word `json`."""
    form = raw.get("format") if isinstance(raw, dict) and isinstance(raw.get("format"), dict) else raw
    if form in ("json", "json_object"):
        return {"type": "json_object"}
    if not isinstance(form, dict) or is_too_deep(form):
        return None
    if isinstance(form.get("properties"), dict) or form.get("type") in _OF_JSON:
        return {"type": "json_schema", "json_schema": {"name": "answer", "schema": form}}
    if form.get("type") in (None, "text"):
        return None
    if form["type"] == "json_schema" and "schema" in form:
        return {"type": "json_schema", "json_schema": {key: form[key] for key in _OF_A_SCHEMA if key in form}}
    return form


def _effort(raw: Any) -> str | None:
    """A word; the Responses API has it in a table."""
    word = raw.get("effort") if isinstance(raw, dict) else raw
    return word if isinstance(word, str) else None


def _tool_choice(raw: Any) -> str | NamedTool | None:
    """OpenAI's word or `{"type": "function", "function": {"name"}}`; Anthropic's `{"type": "tool", "name"}`."""
    words = {"auto": "auto", "none": "none", "required": "required", "any": "required"}
    if isinstance(raw, str):
        return words.get(raw)
    if not isinstance(raw, dict):
        return None
    inner = raw.get("function")
    name = inner.get("name") if isinstance(inner, dict) else raw.get("name")
    return NamedTool(name=name) if isinstance(name, str) else words.get(str(raw.get("type")))


_READERS: dict[str, Callable[[Any], Any]] = {
    "temperature": _number,
    "top_p": _number,
    "max_tokens": _count,
    "stop": _words,
    "seed": _whole,
    "presence_penalty": _number,
    "frequency_penalty": _number,
    "tool_choice": _tool_choice,
    "parallel_tool_calls": _flag,
    "response_format": _answer_form,
    "reasoning_effort": _effort,
}
