"""What the plugins of coding agents have in common: each call logs only what is new, and never prompt or tools."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from connector.formats.format import Unusable
from connector.types import Fate
from rollouts.types import Message, Text, ToolCall, ToolResult

LACKS = "a coding agent's log has neither its system prompt nor its tools"

_CUT = re.compile(r"(…|\.\.\.)\s*\[truncated \d+ char[^\]]*\]\s*$")


def refuse_cut(messages: Iterable[Message | None]) -> None:
    """Raise `Unusable` where the plugin cut a text short."""
    if any(_CUT.search(text) for message in messages if message is not None for text in _texts(message)):
        raise Unusable(Fate.UNREPLAYABLE, "its logger cut a text short")


def _texts(message: Message) -> Iterator[str]:
    for part in message.parts:
        match part:
            case Text(content=text) | ToolResult(response=text) | ToolCall(arguments=text):
                yield text
