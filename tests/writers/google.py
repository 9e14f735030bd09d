"""Gemini, spelled as the REST API and as the Python SDK do."""

from __future__ import annotations

from functools import partial

from connector.traces import Observation
from rollouts.types import Media, Message, Part, Text, ToolCall, ToolResult
from tests.dialogues import logged
from tests.writers.writer import Dialogue, Wire, Writer, table, told_apart

_SNAKE = {"functionCall": "function_call", "functionResponse": "function_response", "inlineData": "inline_data"}


def gemini(messages: Dialogue, *, snake: bool = False) -> Observation:
    """Write a call; results know their tool by its name alone."""
    told, said = told_apart(messages)
    names = {call.id: call.name for message in said for call in message.tool_calls}
    *asked, answered = [_content(message, names, snake=snake) for message in said]
    system = {"parts": [{"text": told}]} if told else None
    beside = {"config": {"system_instruction": system}} if snake else {"systemInstruction": system}
    return logged({"contents": asked, **beside}, {"candidates": [{"content": answered, "finishReason": "STOP"}]})


def _content(message: Message, names: dict[str, str], *, snake: bool) -> Wire:
    parts = [_part(part, names) for part in message.parts]
    spelled = [{_SNAKE.get(key, key) if snake else key: value for key, value in part.items()} for part in parts]
    return {"role": {"assistant": "model", "tool": "user"}.get(message.role, message.role), "parts": spelled}


def _part(part: Part, names: dict[str, str]) -> Wire:
    match part:
        case ToolCall():
            return {"functionCall": {"name": part.name, "args": table(part)}}
        case ToolResult():
            return {"functionResponse": {"name": names[part.id], "response": {"result": part.response}}}
        case Media(type="blob"):
            return {"inlineData": {"mimeType": part.mime_type, "data": part.content}}
        case Media():
            return {"fileData": {"mimeType": "image/png", "fileUri": part.content}}
        case Text():
            return {"text": part.content}
    raise NotImplementedError


WRITERS = {"gemini": Writer(gemini), "gemini snake": Writer(partial(gemini, snake=True))}
