"""Vercel's AI SDK, versions 4 and 5."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from connector.traces import Observation
from rollouts.types import Media, Message, Part, Text, ToolCall, ToolResult
from tests.dialogues import logged
from tests.writers.writer import Dialogue, Wire, Writer, address, table


def wire(message: Message, *, old: bool) -> Wire:
    """Write one message; version 4 said `args` and `result`."""
    system = message.role == "system"
    return {
        "role": message.role,
        "content": message.text if system else [_part(part, old=old) for part in message.parts],
    }


def _part(part: Part, *, old: bool) -> Wire:
    match part:
        case ToolCall():
            told = {"args" if old else "input": table(part)}
            return {"type": "tool-call", "toolCallId": part.id, "toolName": part.name, **told}
        case ToolResult():
            said = {"result": part.response} if old else {"output": {"type": "text", "value": part.response}}
            return {"type": "tool-result", "toolCallId": part.id, "toolName": "x", **said}
        case Media():
            return {"type": "image", "image": address(part), "mimeType": part.mime_type}
        case Text():
            return {"type": "text", "text": part.content}
    raise NotImplementedError


def step(messages: Dialogue, *, old: bool = False) -> Observation:
    """Write one step; the answer as text, as bare calls, or as a message with calls in text."""
    *asked, answered = messages
    calls = [{"toolCallId": c.id, "toolName": c.name, "input": table(c)} for c in answered.tool_calls]
    spoken = {"role": "assistant", "content": answered.text, "tool_calls": json.dumps(calls)}
    answer: Any = spoken if calls and answered.text else calls or answered.text
    return logged({"messages": [wire(m, old=old) for m in asked]}, answer, scope="ai")


WRITERS = {"vercel_ai": Writer(step, images=True), "vercel_ai 4": Writer(partial(step, old=True), images=True)}
