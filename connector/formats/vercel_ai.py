"""Vercel's AI SDK up to version 6: `ai.prompt.messages` of a step, the outer span around it, and messages of its UI.

Version 7 writes OpenTelemetry's parts, which are read elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connector.formats.attributes import attribute, attributes, scope
from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.gathering import Gathering
from connector.formats.outputs import as_text
from connector.formats.parameters import read_parameters
from connector.formats.pieces import finish_reason
from connector.formats.tool_definitions import read_tools
from connector.formats.vercel_parts import is_bare_call, is_part, read_message, read_parts
from connector.traces import Observation
from rollouts.types import Message, Part, Reasoning, Text

Wire = Mapping[str, Any]


class VercelAI(Format):
    """What `generateText`, `streamText`, `generateObject` and `streamObject` log."""

    rank: ClassVar[int] = 7

    def mine(self, observation: Observation) -> bool:
        """The SDK's own parts or bare calls somewhere, or its scope around messages or a prompt."""
        messages, output = _messages(observation.input), observation.output
        answered = [output, *(output if isinstance(output, list) else ())]
        if not messages or not all(map(_is_message, messages)):
            return False
        if any(isinstance(item, Mapping) and _is_ours(item) for item in (*messages, *answered)):
            return True
        return scope(observation) == "ai" or str(attribute(observation, "operation.name")).startswith("ai.")

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        known, into = attributes(observation), Gathering()
        with malformed("AI SDK messages"):
            history = tuple(message for wire in _messages(observation.input) for message in read_message(wire, into))
            answer = _answer(observation.output, known.get("ai.response.reasoning"), into)
            reason = known.get("ai.response.finishReason") or decoded(observation.parameters.get("finishReason"))
            return Reading(
                messages=history,
                answer=answer,
                finish_reason=finish_reason(reason[0] if isinstance(reason, list) and reason else reason),
                tools=read_tools(_offered(body.get("tools"))),
                parameters=read_parameters(*_settings(observation.parameters, body, known)),
                repairs=into.repairs,
            )


def _messages(value: Any) -> list[Any]:
    """Return the messages, the system prompt of an outer span first."""
    if not isinstance(value, Mapping):
        return value if isinstance(value, list) and all(isinstance(wire, Mapping) for wire in value) else []
    asked = decoded(value.get("messages") or value.get("prompt"))
    asked = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    if not isinstance(asked, list) or not all(isinstance(wire, Mapping) for wire in asked):
        return []
    told = decoded(value.get("system"))
    return [{"role": "system", "content": told}, *asked] if isinstance(told, str) and told else asked


def _is_message(wire: Wire) -> bool:
    """Chat's calls and results are somebody else's, whatever stands beside them."""
    parts, calls = wire.get("parts"), wire.get("tool_calls")
    if "tool_call_id" in wire or (isinstance(calls, list) and not all(map(is_bare_call, calls))):
        return False
    return wire.get("role") in ("system", "user", "assistant", "tool") and (
        isinstance(parts, list) and all(is_part(part) and "content" not in part for part in parts)
        if "parts" in wire
        else "content" in wire
    )


def _is_ours(wire: Wire) -> bool:
    """Only parts that nobody else has tell; texts and images look like anybody's."""
    calls = decoded(wire.get("tool_calls"))
    if is_bare_call(wire) or (isinstance(calls, list) and any(map(is_bare_call, calls))):
        return True
    content = decoded(wire.get("parts") or wire.get("content"))
    listed = [*(content if isinstance(content, list) else ()), wire]
    return any(isinstance(part, Mapping) and is_part(part) and _is_telling(part) for part in listed)


def _is_telling(part: Wire) -> bool:
    kind = str(part.get("type"))
    file = kind == "file" and "data" in part and ("mediaType" in part or "mimeType" in part)
    run = kind.startswith(("tool-", "dynamic-tool")) and ("toolCallId" in part or "toolInvocation" in part)
    return file or run or kind == "step-start" or (kind == "image" and "image" in part)


def _answer(output: Any, thoughts: Any, into: Gathering) -> Message | None:
    """A text, an object, calls, a message, or one response's message and calls side by side."""
    pieces = output if isinstance(output, list) else [output]
    if output in (None, "", {}, []):
        parts: list[Part] = []
    elif all(isinstance(piece, Mapping) and _is_spoken(piece) for piece in pieces):
        parts = [part for piece in pieces for part in _spoken(piece, into)]
    else:
        parts = [Text(content=as_text(output))]
    thought = any(isinstance(part, Reasoning) for part in parts)
    said = () if thought else _reasoning(thoughts)
    return into.answer([*said, *parts]) if said or parts else None


def _is_spoken(piece: Wire) -> bool:
    said = piece.keys() & {"tool_calls", "toolCalls"} or ("role" in piece and "content" in piece)
    return bool(said) or is_bare_call(piece) or (is_part(piece) and "role" not in piece)


def _spoken(piece: Wire, into: Gathering) -> Iterator[Part]:
    if is_bare_call(piece) or is_part(piece):
        yield from read_parts([piece], into)
        return
    yield from read_parts(piece.get("content") or piece.get("text"), into)
    yield from read_parts(decoded(piece.get("tool_calls") or piece.get("toolCalls")), into)


def _reasoning(thoughts: Any) -> tuple[Reasoning, ...]:
    listed = thoughts if isinstance(thoughts, list) else [thoughts]
    texts = [thought.get("text") if isinstance(thought, Mapping) else thought for thought in listed]
    return tuple(Reasoning(content=text) for text in texts if isinstance(text, str) and text.strip())


def _offered(tools: Any) -> list[Any]:
    """What a provider runs has a name too; the server writes the outer span's table of tools as one."""
    found = decoded(tools)
    listed = [{"name": name, **tool} for name, tool in found.items()] if isinstance(found, Mapping) else found or []
    known = [decoded(tool) for tool in listed]
    return [t for t in known if isinstance(t, Mapping) and not str(t.get("type")).startswith("provider")]


def _settings(parameters: Wire, body: Wire, known: Wire) -> Iterator[Wire]:
    """Yield where parameters stand. `system` among them is the provider, not a prompt."""
    settings = {name.removeprefix("ai.settings."): value for name, value in known.items() if "ai.settings." in name}
    choices = (parameters.get("toolChoice"), body.get("toolChoice"), known.get("ai.prompt.toolChoice"))
    choice = next((decoded(choice) for choice in choices if choice not in (None, "", "null")), None)
    if isinstance(choice, Mapping) and "toolName" in choice:
        choice = {"type": "tool", "name": choice["toolName"]}
    schema = decoded(known.get("ai.schema"))
    yield {**parameters, "toolChoice": choice}
    yield settings
    if isinstance(schema, Mapping):
        named = {"name": str(known.get("ai.schema.name") or "answer"), "schema": dict(schema)}
        yield {"response_format": {"type": "json_schema", "json_schema": named}}
