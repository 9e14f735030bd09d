"""Small conversations, and how the OpenAI family and its dialects log them: the inverse of their readers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from rollouts.types import Message, Text, ToolCall, ToolResult

Wire = dict[str, Any]
Dialogue = tuple[Message, ...]

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10).filter(str.strip)
names = st.from_regex(r"[a-z_]{1,9}", fullmatch=True)
arguments = st.dictionaries(names, st.integers() | words, max_size=2).map(
    lambda table: json.dumps(table, separators=(",", ":"), ensure_ascii=False)
)


def said(role: Any, text: str) -> Message:
    """Return a message of one text."""
    return Message(role=role, parts=(Text(content=text),))


@st.composite
def dialogues(draw: st.DrawFn) -> Dialogue:
    """Draw a conversation with parallel calls in it, the assistant's answer last; the answer may be calls."""
    messages = [said("system", draw(words))] if draw(st.booleans()) else []
    messages.append(said("user", draw(words)))
    for _ in range(draw(st.integers(0, 2))):
        calls = _calls(draw, len(messages))
        messages.append(Message(role="assistant", parts=calls))
        messages += [Message(role="tool", parts=(ToolResult(id=c.id, response=draw(words)),)) for c in calls]
        messages += [said("assistant", draw(words)), said("user", draw(words))] if draw(st.booleans()) else []
    last = Message(role="assistant", parts=_calls(draw, len(messages)))
    return (*messages, last if draw(st.booleans()) else said("assistant", draw(words)))


def _calls(draw: st.DrawFn, place: int) -> tuple[ToolCall, ...]:
    asked = draw(st.lists(arguments, min_size=1, max_size=2))
    return tuple(ToolCall(id=f"c{place}_{n}", name=draw(names), arguments=a) for n, a in enumerate(asked))


def items(messages: Sequence[Message]) -> list[Wire]:
    """Write messages as items of the Responses API."""
    return [item for message in messages for item in _items(message)]


def _items(message: Message) -> list[Wire]:
    kind = "output_text" if message.role == "assistant" else "input_text"
    found: list[Wire] = []
    for part in message.parts:
        if isinstance(part, Text):
            content = [{"type": kind, "text": part.content, "annotations": []}]
            found.append({"type": "message", "role": message.role, "content": content})
        elif isinstance(part, ToolCall):
            found.append({"type": "function_call", "call_id": part.id, "name": part.name, "arguments": part.arguments})
        elif isinstance(part, ToolResult):
            found.append({"type": "function_call_output", "call_id": part.id, "output": part.response})
    return found


def ollama(message: Message) -> Wire:
    """Write a message as Ollama does: arguments as tables, results under the tool's name, no ids."""
    calls = [{"function": {"name": c.name, "arguments": json.loads(c.arguments)}} for c in message.tool_calls]
    return _chat(message) | ({"tool_calls": calls} if calls else {})


def koog(message: Message) -> list[Wire]:
    """Write a message as Koog does: each call an element of its own, JSON in the content."""
    calls = [
        {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
        for c in message.tool_calls
    ]
    return [{"role": "tool", "content": json.dumps([call])} for call in calls] or [_chat(message)]


def dify(message: Message) -> Wire:
    """Write a message as Dify does."""
    return {"role": message.role, "text": message.text, "files": []}


def _chat(message: Message) -> Wire:
    results = [part.response for part in message.parts if isinstance(part, ToolResult)]
    return {"role": message.role, "content": results[0] if results else message.text}
