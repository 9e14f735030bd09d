"""Calls that log only what is new → calls with their whole history. Pure.

Where the provider or the framework keeps the conversation, a follow-up logs the tool's results alone. The call that
asked for those results is its predecessor: it is found by their ids, among the earlier calls of the same trace, and its
history and answer are put in front. What finds none stays as it is, and the split says that its history is incomplete.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.types import Call
from rollouts.types import Message, ToolResult

STITCHED = "stitched"
"""Named among a call's repairs."""


def stitch(calls: Sequence[Call]) -> list[Call]:
    """Complete each call from those before it; `calls` are of one trace, oldest first."""
    whole = list[Call]()
    for call in calls:
        before = _predecessor(call, whole)
        whole.append(call if before is None else _joined(before, call))
    return whole


def is_delta(messages: Sequence[Message]) -> bool:
    """Whether a history begins in the middle: no user has spoken in it."""
    return bool(messages) and all(message.role != "user" for message in messages)


def _predecessor(call: Call, earlier: Sequence[Call]) -> Call | None:
    answered = {part.id for message in call.messages for part in message.parts if isinstance(part, ToolResult)}
    if not is_delta(call.messages) or not answered:
        return None
    for other in reversed(earlier):
        asked = other.answer.message.tool_calls if other.answer else ()
        if answered <= {each.id for each in asked}:
            return other
    return None


def _joined(before: Call, call: Call) -> Call:
    """The predecessor's history and answer, then what is new; its tools and system prompt where the call has none."""
    said = (before.answer.message,) if before.answer else ()
    own = tuple(message for message in call.messages if message.role == "tool")
    return call.model_copy(
        update={
            "messages": (*before.messages, *said, *own),
            "tools": call.tools or before.tools,
            "repairs": (*call.repairs, STITCHED),
        }
    )
