"""Chunks of a streamed chat completion → the choice that they make up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Wire = dict[str, Any]


def merged(output: Any) -> Wire | None:
    """Put a list of chunks together, the first choice only; `None` where `output` is no such list.

    Raises what a broken chunk raises.
    """
    chunks = [_unwrapped(chunk) for chunk in output] if isinstance(output, list) else []
    if not any(map(_is_chunk, chunks)) or not all(isinstance(chunk, Mapping) for chunk in chunks):
        return None
    message: Wire = {"role": "assistant", "content": ""}
    calls: dict[Any, Wire] = {}
    reason = None
    for choice in (choice for chunk in chunks for choice in chunk.get("choices") or () if not choice.get("index")):
        delta = choice.get("delta") or {}
        for key in ("content", "refusal", "reasoning_content", "reasoning"):
            if delta.get(key):
                message[key] = message.get(key, "") + delta[key]
        for piece in delta.get("tool_calls") or ():
            _add(calls.setdefault(piece.get("index", 0), {"function": {"name": "", "arguments": ""}}), piece)
        reason = choice.get("finish_reason") or reason
    return {"message": message | ({"tool_calls": [*calls.values()]} if calls else {}), "finish_reason": reason}


def _unwrapped(chunk: Any) -> Any:
    """Mistral's events have their chunk below `data`."""
    return chunk["data"] if isinstance(chunk, Mapping) and chunk.keys() == {"data"} else chunk


def _is_chunk(value: Any) -> bool:
    choices = value.get("choices") if isinstance(value, Mapping) else None
    return isinstance(choices, list) and any(
        isinstance(c, Mapping) and isinstance(c.get("delta"), Mapping) for c in choices
    )


def _add(call: Wire, piece: Mapping[str, Any]) -> None:
    call["id"] = call.get("id") or piece.get("id")
    for key in ("name", "arguments"):
        call["function"][key] += (piece.get("function") or {}).get(key) or ""
