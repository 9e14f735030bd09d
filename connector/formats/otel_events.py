"""OpenTelemetry's older form, one event for each message, as the server gathers them; and what speaks it its own way.

Semantic Kernel puts the whole event into `gen_ai.event.content`; PydanticAI's first version adds `event.name` and other
fields; Strands writes Bedrock's blocks as JSON in text. The answer is a choice whose `message` may be text or JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.attributes import scope
from connector.formats.blocks import blocks_in_text
from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.gathering import Gathering
from connector.formats.loose_chat import read_answer, read_messages
from connector.formats.parameters import read_parameters
from connector.formats.pieces import finish_reason, wires_of
from connector.formats.repairs import Repair
from connector.formats.tool_definitions import read_tools
from connector.traces import Observation
from rollouts.types import Message

Wire = Mapping[str, Any]

_EVENT = "gen_ai.event.content"
_MARKS = ("event.name", _EVENT, "gen_ai.message.index")


class OTelEvents(Format):
    """Messages that were events of a span."""

    rank: ClassVar[int] = 6

    def mine(self, observation: Observation) -> bool:
        """Fields of an event, calls as text, results under `id`, a choice of text, or blocks as text throughout."""
        wires = wires_of(observation.input)
        if not wires or any("parts" in wire for wire in wires):
            return False
        choices = wires_of(observation.output)
        return any(map(_is_event, wires)) or any(map(_is_choice, choices)) or _speaks_blocks(observation, wires)

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        into, wires = Gathering(), wires_of(observation.input)
        blocks = _speaks_blocks(observation, wires)
        body = observation.input if isinstance(observation.input, Mapping) else {}
        with malformed("events"):
            history = read_messages([_opened(wire) for wire in wires], into, blocks=blocks)
            answer, reason = _answer(observation.output, into, blocks=blocks)
            return Reading(
                messages=history,
                answer=answer,
                finish_reason=reason,
                tools=read_tools(body.get("tools") or ()),
                parameters=read_parameters(observation.parameters),
                repairs=into.repairs,
            )


def _is_event(wire: Wire) -> bool:
    said = isinstance(wire.get("content"), str)
    unnamed = wire.get("role") == "tool" and said and "id" in wire and "tool_call_id" not in wire
    calls = wire.get("tool_calls")
    hidden = isinstance(calls, str) and isinstance(decoded(calls), list)
    return unnamed or hidden or any(mark in wire for mark in _MARKS)


def _is_choice(wire: Wire) -> bool:
    return _EVENT in wire or (isinstance(wire.get("message"), str) and bool(wire.keys() & {"index", "finish_reason"}))


def _speaks_blocks(observation: Observation, wires: list[Wire]) -> bool:
    """Strands writes every content so; a person might write one."""
    said = [wire["content"] for wire in wires if isinstance(wire.get("content"), str)]
    whole = bool(said) and all(blocks_in_text(text) is not None for text in said)
    return whole or (scope(observation).startswith("strands") and any(map(blocks_in_text, said)))


def _opened(wire: Wire) -> Wire:
    """Return what an event says, which may lie in one field as JSON."""
    event = decoded(wire.get(_EVENT))
    if isinstance(event, Mapping):
        return {**{key: value for key, value in wire.items() if key == "role"}, **event}
    return wire


def _answer(output: Any, into: Gathering, *, blocks: bool) -> tuple[Message | None, str | None]:
    if output in (None, "", {}, []):
        return None, None
    if isinstance(output, str) or not (choices := [_opened(wire) for wire in wires_of(output)]):
        return read_answer({"content": output}, into, blocks=blocks), None
    if len(choices) > 1:
        into.mended(Repair.ALTERNATIVES)
    choice = choices[0]
    said = decoded(choice.get("message", choice))
    if isinstance(said, str | list):  # Strands has its blocks at once
        said = {"content": said}
    stopped = choice.get("finish_reason")
    return read_answer({"finish_reason": stopped, **said}, into, blocks=blocks), finish_reason(stopped)
