"""OpenAI chat completions: the body's `messages`, `tools` and parameters, and messages read back.

Reading back what was written gives the same messages when they are in the form that chat can hold: texts are not blank;
a message with several texts, or with media, has them in order; an assistant's calls follow its texts; a `tool` message
holds one result, without media and without an error mark; ids are unique and at most 40 characters; there is no
reasoning; media are images by address, images, sounds (wav, mp3) and documents by value, and files by handle.
`losses` names what else is left behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from rollouts.projections.call_ids import with_fitting_ids
from rollouts.projections.openai_media import media_from, media_to
from rollouts.types import (
    Media,
    Message,
    NamedTool,
    Parameters,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolDefinition,
    ToolResult,
)

Wire = dict[str, Any]

IDS = re.compile(r".{1,40}", re.DOTALL)
"""OpenAI refuses longer ids."""
NAMES = re.compile(r"[^\s<|\\/>]{1,64}")
"""OpenAI refuses other names of speakers; they are left out."""

_AS_THEY_ARE = (
    "temperature",
    "top_p",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "response_format",
    "reasoning_effort",
)
_ROLES = {"developer": "system", "function": "tool"}


def to_openai(
    messages: Sequence[Message],
    tools: Sequence[ToolDefinition] = (),
    parameters: Parameters = Parameters(),  # noqa: B008 - frozen
    *,
    max_tokens_key: str = "max_completion_tokens",
) -> Wire:
    """Return the part of a request's body that says what is asked, the model's name left out."""
    body: Wire = {"messages": [wire for message in with_fitting_ids(messages, IDS) for wire in _message(message)]}
    body.update((name, value) for name in _AS_THEY_ARE if (value := getattr(parameters, name)) is not None)
    if parameters.max_tokens is not None:
        body[max_tokens_key] = parameters.max_tokens
    if parameters.stop is not None:
        body["stop"] = list(parameters.stop)
    # Without tools OpenAI refuses both a choice among them and a word on parallel calls.
    if tools:
        body["tools"] = [{"type": "function", "function": _function(tool)} for tool in tools]
        if parameters.tool_choice is not None:
            body["tool_choice"] = _tool_choice(parameters.tool_choice)
        if parameters.parallel_tool_calls is not None:
            body["parallel_tool_calls"] = parameters.parallel_tool_calls
    return body


def losses(messages: Sequence[Message]) -> tuple[str, ...]:
    """Name what `to_openai` leaves behind, in words; reasoning apart, which is never sent to another model."""
    return tuple(dict.fromkeys(loss for message in messages for loss in _lost(message)))


def from_openai(message: Mapping[str, Any]) -> Message:
    """Read one message, an answer or one of a history. Raises `ValueError` or `TypeError` when it is malformed."""
    role = _ROLES.get(message["role"], message["role"])
    if role == "tool":
        return Message(role="tool", parts=(_result(message),))
    said = list(_content(message.get("content")))
    if not said and message.get("refusal"):
        said.append(Text(content=message["refusal"]))
    thoughts = message.get("reasoning_content") or message.get("reasoning")
    reasoning = [Reasoning(content=thoughts)] if isinstance(thoughts, str) and thoughts else []
    calls = [_call(number, call) for number, call in enumerate(message.get("tool_calls") or ())]
    return Message(role=role, parts=(*reasoning, *said, *calls), name=message.get("name"))


def messages_from_openai(messages: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Read a history. Raises as `from_openai`."""
    return tuple(from_openai(message) for message in messages)


def _message(message: Message) -> Iterator[Wire]:
    if message.role == "tool":
        for part in message.parts:
            if isinstance(part, ToolResult):
                yield {"role": "tool", "tool_call_id": part.id, "content": part.response}
        return
    wire: Wire = {"role": message.role, "content": _written(message)}
    if message.name and NAMES.fullmatch(message.name):
        wire["name"] = message.name
    if calls := message.tool_calls:
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ]
        wire["content"] = wire["content"] or None
    yield wire


def _written(message: Message) -> str | list[Wire]:
    """One text as a string, which every server understands; anything else as a list."""
    wires = [wire for part in message.parts if (wire := _spoken(part, message.role)) is not None]
    if len(wires) == 1 and wires[0]["type"] == "text":
        return str(wires[0]["text"])
    return wires or ""


def _spoken(part: Part, role: str) -> Wire | None:
    match part:
        case Text():
            return {"type": "text", "text": part.content}
        case Media() if role == "user":
            return media_to(part)
        case _:
            return None


def _function(tool: ToolDefinition) -> Wire:
    fields = {"description": tool.description, "parameters": tool.parameters, "strict": tool.strict}
    return {"name": tool.name, **{name: value for name, value in fields.items() if value is not None}}


def _tool_choice(choice: str | NamedTool) -> str | Wire:
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice


def _lost(message: Message) -> Iterator[str]:
    called = False
    if message.name and not NAMES.fullmatch(message.name):
        yield "the names of speakers"
    for part in message.parts:
        match part:
            case Media() if _spoken(part, message.role) is None:
                yield f"{part.modality} by {part.type} in a message of {message.role}"
            case ToolResult(media=media, is_error=is_error):
                yield from (f"{item.modality} in a tool result" for item in media)
                if is_error:
                    yield "the mark of a failed tool"
            case ToolCall():
                called = True
            case Text() if called:
                yield "the place of a text after a tool call"


def _content(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    for wire in content or ():
        part = _part(wire)
        if part is not None and not (isinstance(part, Text) and not part.content.strip()):
            yield part


def _part(wire: Mapping[str, Any]) -> Part | None:
    match wire.get("type"):
        case "text" | "refusal" as kind:
            return Text(content=wire["text" if kind == "text" else "refusal"])
        case "thinking":  # Mistral
            return Reasoning(content="\n".join(inner["text"] for inner in wire["thinking"] if "text" in inner))
        case _:
            return media_from(wire)


def _result(message: Mapping[str, Any]) -> ToolResult:
    said = message.get("content")
    if not isinstance(said, str):
        said = "\n".join(part.content for part in _content(said) if isinstance(part, Text))
    return ToolResult(id=message.get("tool_call_id") or message.get("name") or "", response=said)


def _call(number: int, call: Mapping[str, Any]) -> ToolCall:
    function = call.get("function") or call["custom"]
    arguments = function.get("arguments", function.get("input"))
    if not isinstance(arguments, str):  # Ollama sends an object, some servers null
        arguments = "" if arguments is None else orjson.dumps(arguments).decode()
    return ToolCall(id=call.get("id") or f"call_{number}", name=function["name"], arguments=arguments)
