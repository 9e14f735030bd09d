"""OpenTelemetry's GenAI messages: `gen_ai.input.messages` and `gen_ai.output.messages`, whose messages hold parts.

Also what writes them under other names: PydanticAI, the Microsoft Agent Framework and Microsoft.Extensions.AI, newer
OpenLLMetry. System prompt and tools beside the messages are completed from attributes (see `completed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.gathering import Gathering
from connector.formats.parameters import read_parameters
from connector.formats.pieces import as_json, beyond, finish_reason
from connector.formats.repairs import Repair
from connector.formats.semconv_parts import has_parts, read_message
from connector.formats.tool_definitions import read_tools
from connector.traces import Observation
from rollouts.types import Message, Text


class OTelGenAI(Format):
    """Messages with typed parts, alone or under `messages`."""

    rank: ClassVar[int] = 10

    def mine(self, observation: Observation) -> bool:
        """Parts with types in the input, or in the output of an input that is text or chat."""
        return any(map(has_parts, _wires(observation.input))) or any(map(has_parts, _wires(observation.output)))

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        into = Gathering()
        with malformed("parts"):
            history = tuple(message for wire in _wires(observation.input) for message in read_message(wire, into))
            said = _said(observation.output, into)
            return Reading(
                messages=(*history, *beyond(said.before, history)),
                answer=said.answer,
                finish_reason=said.finish_reason,
                tools=read_tools(body.get("tools") or ()),
                parameters=read_parameters(observation.parameters, body),
                repairs=into.repairs,
            )


class _Said(NamedTuple):
    """What an output says."""

    answer: Message | None
    finish_reason: str | None = None
    before: tuple[Message, ...] = ()
    """Calls and results of an agent's loop, in front of its last words."""


def _wires(value: Any) -> list[Any]:
    """Return the messages of an input or output; text is what a user says."""
    found = value
    if isinstance(value, Mapping):
        found = decoded(value["messages"]) if "messages" in value else value.get("prompt", [value])
    if isinstance(found, str) and found.strip():
        return [{"role": "user", "content": found}]
    return found if isinstance(found, list) and all(isinstance(wire, Mapping) for wire in found) else []


def _said(output: Any, into: Gathering) -> _Said:
    """Tell the answer from alternatives (each with a finish reason) and from the loop that led to it."""
    if output in (None, "", {}, []):
        return _Said(None)
    wires = [] if isinstance(output, str) else _wires(output)
    if not wires or not any("role" in wire for wire in wires):
        return _Said(Message(role="assistant", parts=(Text(content=as_json(output)),)))
    reasons = [finish_reason(wire.get("finish_reason")) for wire in wires]
    if len(wires) > 1 and all(reasons) and all(wire.get("role") == "assistant" for wire in wires):
        into.mended(Repair.ALTERNATIVES)
        wires, reasons = wires[:1], reasons[:1]
    said = [message for wire in wires for message in read_message(wire, into)]
    before, answer = _last_response(said)
    return _Said(answer, reasons[-1], before)


def _last_response(said: Sequence[Message]) -> tuple[tuple[Message, ...], Message]:
    """Join the assistant's messages at the end: one response may be logged in pieces."""
    end = next((at for at in range(len(said), 0, -1) if said[at - 1].role != "assistant"), 0)
    parts: Iterable[Any] = (part for message in said[end:] for part in message.parts)
    if said and end == len(said):
        return tuple(said[:-1]), said[-1]
    return tuple(said[:end]), Message(role="assistant", parts=tuple(parts))
