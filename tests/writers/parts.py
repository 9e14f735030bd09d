"""OpenTelemetry's GenAI messages with typed parts, and PydanticAI's and Microsoft's ways of writing them."""

from __future__ import annotations

from collections.abc import Sequence

from connector.traces import Observation
from rollouts.types import Media, Message, Part, Reasoning, Text, ToolCall, ToolResult
from tests.dialogues import logged
from tests.writers.writer import Dialogue, Wire, Writer, table, told_apart


def part(each: Part) -> Wire:
    """Write one part."""
    match each:
        case ToolCall():
            return {"type": "tool_call", "id": each.id, "name": each.name, "arguments": table(each)}
        case ToolResult():
            return {"type": "tool_call_response", "id": each.id, "response": each.response}
        case Text() | Reasoning():
            return {"type": each.type, "content": each.content}
        case Media(type="blob"):
            return {"type": "blob", "modality": "image", "mime_type": each.mime_type, "content": each.content}
        case Media():
            return {"type": "uri", "modality": "image", "mime_type": each.mime_type, "uri": each.content}
    raise NotImplementedError


def wire(message: Message) -> Wire:
    """Write one message."""
    return {"role": message.role, "parts": [*map(part, message.parts)]}


def genai(messages: Dialogue, *, scope: str = "otel") -> Observation:
    """Write a call."""
    *asked, answered = map(wire, messages)
    return logged(asked, [{**answered, "finish_reason": "stop"}], scope=scope)


def instructed(messages: Dialogue) -> Observation:
    """Write the system prompt as an attribute, as newer integrations do; results of one answer share a message."""
    told, said = told_apart(messages)
    *asked, answered = _merged(said, into="tool")
    attributes = {"gen_ai.system_instructions": [{"type": "text", "content": told}]} if told else {}
    return logged(asked, [{**answered, "finish_reason": "stop"}], scope="agent_framework", attributes=attributes)


def _merged(messages: Sequence[Message], into: str) -> list[Wire]:
    found: list[Wire] = []
    for message in messages:
        role = into if message.role == "tool" else message.role
        if found and found[-1]["role"] == role != "assistant":
            found[-1]["parts"] += map(part, message.parts)
        else:
            found.append({"role": role, "parts": [*map(part, message.parts)]})
    return found


def pydantic_ai(messages: Dialogue) -> Observation:
    """Write results into the user's message before or after them, under `result`."""
    *asked, answered = _merged(messages, into="user")
    for each in asked:
        each["parts"] = [{"result" if key == "response" else key: v for key, v in p.items()} for p in each["parts"]]
    return logged(asked, [answered], scope="pydantic-ai")


WRITERS = {
    "otel_genai": Writer(genai, images=True),
    "otel_genai instructed": Writer(instructed, images=True),
    "pydantic_ai": Writer(pydantic_ai, images=True),
}
