"""What the output of a chat call says: a message, choices, several messages, text, or a table that is the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from connector.formats.format import Unusable
from connector.types import Fate

Wire = Mapping[str, Any]

_OF_A_MESSAGE = {"content", "tool_calls", "function_call", "refusal"}
_BESIDE_IT = {"role", "name", "type", "id", "reasoning", "reasoning_content", "annotations", "audio", "thinking_blocks"}
# fmt: off
_OF_AN_ENVELOPE = {
    "call_id", "candidates", "choices", "error", "finish_reason", "generations", "lc", "message", "messages", "object",
    "parts", "role", "stopReason", "toolCallId", "toolCalls", "tool_calls", "usage",
}
# fmt: on
"""Keys of what surrounds an answer in forms that are read elsewhere, or not yet: no model answers with such a table."""


class Output(NamedTuple):
    """One output, before its messages are read."""

    answer: Wire | str | None
    """A message, a text, or nothing."""
    finish_reason: Any = None
    before: tuple[Wire, ...] = ()
    """Messages that the output holds in front of its answer; they may repeat the history."""


def read_output(output: Any) -> Output:
    """Tell the answer from what surrounds it. Raises `Unusable` for an envelope that is none of chat's."""
    if output in (None, "", {}, []):
        return Output(None)
    if isinstance(output, Mapping) and isinstance(output.get("choices"), list):
        return _choice(output["choices"][0]) if output["choices"] else Output(None)
    if isinstance(output, Mapping) and isinstance(output.get("message"), Mapping):
        return _choice(output)
    several = output.get("messages") if isinstance(output, Mapping) else output
    if isinstance(several, list) and all(map(_is_message, several)):
        return _last(several)
    if isinstance(several, list) and all(
        isinstance(c, Mapping) and isinstance(c.get("message"), Mapping) for c in several
    ):
        return _choice(several[0])
    return Output(output if _is_message(output) else as_text(output))


def as_text(value: Any) -> str:
    """Return text as it is, and a number or a structured answer as JSON. Raises `Unusable` for a foreign envelope."""
    if isinstance(value, str):
        return value
    tables = [table for table in (value if isinstance(value, list) else [value]) if isinstance(table, Mapping)]
    if any(table.keys() & _OF_AN_ENVELOPE or str(table.get("type")).startswith("tool-") for table in tables):
        raise Unusable(Fate.UNREADABLE, "its output is in no known form")
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)  # orjson refuses numbers beyond 64 bits


def _is_message(value: Any) -> bool:
    """A structured answer may have a `content` of its own, but then other keys too, and no role."""
    if not isinstance(value, Mapping) or not value.keys() & _OF_A_MESSAGE:
        return False
    return "role" in value or value.keys() <= _OF_A_MESSAGE | _BESIDE_IT


def _choice(choice: Any) -> Output:
    if not isinstance(choice, Mapping):
        return Output(as_text(choice))
    said = choice.get("message", choice.get("text"))
    if said in (None, "", {}):
        return Output(None)
    return Output(said if isinstance(said, str) or _is_message(said) else as_text(said), choice.get("finish_reason"))


def _last(messages: list[Wire]) -> Output:
    """Several answers are alternatives, of which the first is taken; a dialogue ends with its answer."""
    if all(message.get("role", "assistant") == "assistant" for message in messages):
        return Output(messages[0])
    return Output(messages[-1], before=tuple(messages[:-1]))
