"""What a writer is, and the pieces that several dialects share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from connector.traces import Observation
from rollouts.types import Media, Message, ToolCall, ToolResult

Wire = dict[str, Any]
Dialogue = tuple[Message, ...]


class Writer(NamedTuple):
    """One way of writing a call, and what it has no place for."""

    write: Callable[[Dialogue], Observation]
    calls: bool = True
    """Whether it can tell a tool call."""
    words_beside: bool = True
    """Whether words may stand beside a call."""
    images: bool = False
    one_exchange: bool = False
    """Whether it holds one question and one answer, and no system prompt."""


def result_of(message: Message) -> ToolResult | None:
    """Return the result that a message holds."""
    return next((part for part in message.parts if isinstance(part, ToolResult)), None)


def table(call: ToolCall) -> Any:
    """Return a call's arguments as a table."""
    return json.loads(call.arguments)


def functions(message: Message) -> list[Wire]:
    """Write calls as chat does."""
    return [
        {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
        for c in message.tool_calls
    ]


def images(message: Message) -> list[Media]:
    """Return the images that a message shows."""
    return [part for part in message.parts if isinstance(part, Media)]


def address(image: Media) -> str:
    """Return an image's address, or its data as one."""
    return image.content if image.type == "uri" else f"data:{image.mime_type};base64,{image.content}"


def told_apart(messages: Sequence[Message]) -> tuple[str, list[Message]]:
    """Return the system prompt, empty where there is none, and the other messages."""
    return "\n".join(m.text for m in messages if m.role == "system"), [m for m in messages if m.role != "system"]
