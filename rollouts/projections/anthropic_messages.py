"""Anthropic messages: the body's `system`, `messages`, `tools` and parameters, and messages read back.

Reading back what was written gives the same messages when they are in the form that Anthropic can hold: at most one
system message, in front; then a user's; roles take turns, where a `tool` message, which holds one result, comes before
the user's own words; no text is blank; no message is empty or has a name; arguments are JSON objects without
spaces; ids are unique, of letters, digits, `_` and `-`; there is no reasoning; images and documents come by address, by
value with their type, or by handle. `losses` names what else is left behind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.errors import Permanent
from rollouts.projections.anthropic_media import media_from, media_to
from rollouts.projections.anthropic_parameters import lost_parameters, parameters_to
from rollouts.projections.call_ids import with_fitting_ids
from rollouts.types import Media, Message, Parameters, Part, Reasoning, Text, ToolCall, ToolDefinition, ToolResult

Wire = dict[str, Any]

IDS = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def to_anthropic(
    messages: Sequence[Message],
    tools: Sequence[ToolDefinition] = (),
    parameters: Parameters = Parameters(),  # noqa: B008 - frozen
    *,
    max_tokens: int = 4096,
) -> Wire:
    """Return the part of a request's body that says what is asked, the model's name left out.

    `max_tokens` is for requests that do not say, because Anthropic must know. Raises `Permanent` for a history that
    Anthropic has no form for.
    """
    body: Wire = {"messages": _turns(with_fitting_ids(messages, IDS))}
    if not body["messages"] or body["messages"][0]["role"] != "user":
        raise Permanent("unreplayable: Anthropic's first message must be a user's")
    if system := [_text(part) for m in messages if m.role == "system" for part in m.parts if _said(part)]:
        body["system"] = system
    if tools:
        body["tools"] = [_tool(tool) for tool in tools]
    return body | parameters_to(parameters, max_tokens=max_tokens, with_tools=bool(tools))


def losses(messages: Sequence[Message], parameters: Parameters) -> tuple[str, ...]:
    """Name what `to_anthropic` leaves behind, in words; reasoning apart, which is never sent to another model."""
    first = next((number for number, message in enumerate(messages) if message.role != "system"), len(messages))
    found = [lost for message in messages for lost in _lost(message)]
    if any(message.role == "system" for message in messages[first:]):
        found.append("the place of a later system message")
    return tuple(dict.fromkeys([*found, *lost_parameters(parameters)]))


def from_anthropic(message: Mapping[str, Any]) -> Message:
    """Read an answer. Raises `ValueError`, `TypeError` or `KeyError` when it is malformed."""
    return Message(role=message["role"], parts=tuple(_parts(message["content"])))


def messages_from_anthropic(body: Mapping[str, Any]) -> tuple[Message, ...]:
    """Read the history in a request's body. Raises as `from_anthropic`."""
    read: list[Message] = []
    if system := tuple(_parts(body.get("system") or ())):
        read.append(Message(role="system", parts=system))
    for message in body["messages"]:
        parts = tuple(_parts(message["content"]))
        read += [Message(role="tool", parts=(part,)) for part in parts if isinstance(part, ToolResult)]
        if said := tuple(part for part in parts if not isinstance(part, ToolResult)):
            read.append(Message(role=message["role"], parts=said))
    return tuple(read)


def _turns(messages: Sequence[Message]) -> list[Wire]:
    """Messages that follow each other in one role become one; in a user's, tool results must stand first."""
    turns: list[Wire] = []
    for message in messages:
        blocks = [block for part in message.parts if (block := _block(part, message.role)) is not None]
        if message.role == "system" or not blocks:
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    for turn in turns:
        if turn["role"] == "user":
            turn["content"].sort(key=lambda block: block["type"] != "tool_result")
    return turns


def _block(part: Part, role: str) -> Wire | None:
    match part:
        case Text():
            return _text(part) if _said(part) else None
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": _input(part)}
        case ToolResult():
            return _result(part)
        case Media() if role == "user":
            return media_to(part)
        case _:
            return None


def _said(part: Part) -> bool:
    """Anthropic refuses blank text."""
    return isinstance(part, Text) and bool(part.content.strip())


def _text(part: Any) -> Wire:
    return {"type": "text", "text": part.content}


def _input(call: ToolCall) -> Wire:
    """Read the arguments; not by orjson, which makes floats of whole numbers beyond 64 bits."""
    try:
        value = json.loads(call.arguments or "{}", parse_constant=_refused)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Permanent(f"unreplayable: Anthropic needs a JSON object as arguments of {call.name!r}")
    return value


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _result(result: ToolResult) -> Wire:
    wire: Wire = {"type": "tool_result", "tool_use_id": result.id, "content": result.response}
    if shown := [block for media in result.media if (block := media_to(media)) is not None]:
        said = [{"type": "text", "text": result.response}] if result.response.strip() else []
        wire["content"] = said + shown
    if result.is_error is not None:
        wire["is_error"] = result.is_error
    return wire


def _tool(tool: ToolDefinition) -> Wire:
    schema = {"type": "object", **(tool.parameters or {"properties": {}})}
    optional = {"description": tool.description, "strict": tool.strict}
    return {"name": tool.name, "input_schema": schema, **{k: v for k, v in optional.items() if v is not None}}


def _lost(message: Message) -> Iterator[str]:
    if message.name:
        yield "the names of speakers"
    for part in message.parts:
        match part:
            case Media() if _block(part, message.role) is None:
                yield f"{part.modality} by {part.type} in a message of {message.role}"
            case ToolResult(media=media):
                yield from (f"{item.modality} in a tool result" for item in media if media_to(item) is None)


def _parts(content: Any) -> Iterator[Part]:
    for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        part = _part(block)
        if part is not None and (_said(part) or not isinstance(part, Text)):
            yield part


def _part(block: Mapping[str, Any]) -> Part | None:
    match block["type"]:
        case "text":
            return Text(content=block["text"])
        case "tool_use":
            written = json.dumps(block["input"], separators=(",", ":"), ensure_ascii=False)
            return ToolCall(id=block["id"], name=block["name"], arguments=written)
        case "tool_result":
            return _read_result(block)
        case "thinking":
            return Reasoning(content=block["thinking"], signature=block.get("signature"))
        case "redacted_thinking":
            return Reasoning(content="", signature=block["data"])
        case _:
            return media_from(block)


def _read_result(block: Mapping[str, Any]) -> ToolResult:
    content = block.get("content") or ""
    inner = () if isinstance(content, str) else tuple(_parts(content))
    said = content if isinstance(content, str) else "\n".join(p.content for p in inner if isinstance(p, Text))
    media = tuple(part for part in inner if isinstance(part, Media))
    return ToolResult(id=block["tool_use_id"], response=said, media=media, is_error=block.get("is_error"))
