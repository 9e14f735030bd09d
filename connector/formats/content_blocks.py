"""Content blocks without a message around them, as `return response.content` leaves them, spelt as chat has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.formats.pieces import as_json

Wire = Mapping[str, Any]

_SAID = ("text", "output_text")
_THOUGHT = ("thinking", "redacted_thinking")
_CALLED = "tool_use"


def is_answer(block: Any) -> bool:
    """Tell a block of an assistant's answer: text, a thought or a call, each with what makes it one."""
    if not isinstance(block, Mapping):
        return False
    kind = block.get("type")
    said = kind in _SAID and isinstance(block.get("text"), str)
    return said or kind in _THOUGHT or (kind == _CALLED and isinstance(block.get("name"), str))


def as_message(blocks: Sequence[Wire]) -> dict[str, Any]:
    """Return the message that `blocks` are the content of."""
    thoughts = [block["thinking"] for block in blocks if isinstance(block.get("thinking"), str)]
    return {
        "role": "assistant",
        "content": [block for block in blocks if block["type"] in _SAID],
        "tool_calls": [_call(block) for block in blocks if block["type"] == _CALLED],
        "reasoning_content": "\n".join(thoughts),
    }


def _call(block: Wire) -> dict[str, Any]:
    return {"id": block.get("id"), "function": {"name": block["name"], "arguments": as_json(block.get("input"))}}
