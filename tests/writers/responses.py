"""The Responses API, by its SDK and by the Agents SDK."""

from __future__ import annotations

from collections.abc import Sequence

from connector.traces import Observation
from rollouts.types import Media, Message, Text, ToolCall, ToolResult
from tests.dialogues import logged
from tests.writers.writer import Dialogue, Wire, Writer, address, told_apart


def items(messages: Sequence[Message]) -> list[Wire]:
    """Write messages as items."""
    return [item for message in messages for item in _items(message)]


def _items(message: Message) -> list[Wire]:
    kind = "output_text" if message.role == "assistant" else "input_text"
    found, content = list[Wire](), list[Wire]()
    for part in message.parts:
        match part:
            case Text():
                content.append({"type": kind, "text": part.content, "annotations": []})
            case Media():
                content.append({"type": "input_image", "image_url": address(part)})
            case ToolCall():
                call = {"call_id": part.id, "name": part.name, "arguments": part.arguments}
                found.append({"type": "function_call", **call})
            case ToolResult():
                found.append({"type": "function_call_output", "call_id": part.id, "output": part.response})
    return [*([{"type": "message", "role": message.role, "content": content}] if content else []), *found]


def wrapper(messages: Dialogue) -> Observation:
    """Write items in, and one bare item or a list of them out."""
    answered = items(messages[-1:])
    return logged(items(messages[:-1]), answered[0] if len(answered) == 1 else answered)


def agents_sdk(messages: Dialogue) -> Observation:
    """Write the input alone; the whole response repeats the instructions."""
    told, said = told_apart(messages)
    response = {"object": "response", "status": "completed", "output": items(said[-1:]), "instructions": told or None}
    return logged(items(said[:-1]), response)


WRITERS = {
    "openai_responses": Writer(wrapper, images=True),
    "openai_responses agents": Writer(agents_sdk, images=True),
}
