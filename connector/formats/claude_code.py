"""Langfuse's plugin for Claude Code: one message in, one out; calls without arguments, results under their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connector.formats.anthropic_blocks import read_blocks
from connector.formats.coding_agents import LACKS, refuse_cut
from connector.formats.format import Format, Reading, Unusable, decoded, malformed
from connector.formats.gathering import Gathering, role_of
from connector.formats.repairs import Repair
from connector.traces import Observation
from connector.types import Fate
from rollouts.types import Message, Part

Wire = Mapping[str, Any]


class ClaudeCode(Format):
    """`LLM Call 3`, its input the user's words or the results of tools."""

    rank: ClassVar[int] = 8

    def mine(self, observation: Observation) -> bool:
        """One message that holds `tool_results`, or the plugin's own metadata."""
        asked = observation.input
        if not isinstance(asked, Mapping) or "role" not in asked:
            return False
        return "tool_results" in asked or {"assistant_index", "assistant_text"} <= observation.metadata.keys()

    def read(self, observation: Observation) -> Reading:
        """Read what is new in this call; what came before stands in the calls before it."""
        into, told = Gathering(), decoded(observation.metadata.get("assistant_text"))
        with malformed("messages of Claude Code"):
            if isinstance(told, Mapping) and told.get("truncated") in (True, "true"):
                raise Unusable(Fate.UNREPLAYABLE, "its logger cut a text short")
            wire = observation.input
            messages = tuple(into.messages(role_of(wire["role"]), _asked(wire, into)))
            answer = _answer(observation.output, into)
            refuse_cut((*messages, answer))
            return Reading(messages=messages, answer=answer, lacks=LACKS, repairs=into.repairs)


def _asked(wire: Wire, into: Gathering) -> Iterator[Part]:
    for result in decoded(wire.get("tool_results")) or ():
        yield into.result(result.get("output"), result.get("tool_use_id"), result.get("tool_name"))
    yield from read_blocks(wire.get("content"), into)


def _answer(output: Any, into: Gathering) -> Message | None:
    """The plugin logs what the tools were called with beside this call, on the tools' own observations."""
    if output in (None, "", {}, []):
        return None
    said = [*read_blocks(output if isinstance(output, str) else output.get("content"), into)]
    calls = (decoded(output.get("tool_calls")) if isinstance(output, Mapping) else None) or []
    given = [next((call[key] for key in ("arguments", "input") if call.get(key) is not None), None) for call in calls]
    if None in given:
        into.mended(Repair.NO_ARGUMENTS)
    asked = [into.call(call["name"], told or {}, call.get("id")) for call, told in zip(calls, given, strict=True)]
    return into.answer([*said, *asked])
