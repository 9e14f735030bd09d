"""Langfuse's plugin for Codex: the user's words, or tools' results by name alone; an answer without a role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.coding_agents import LACKS, refuse_cut
from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.gathering import Gathering
from connector.formats.pieces import as_json
from connector.traces import Observation
from rollouts.types import Message, Part, Reasoning, Text


class Codex(Format):
    """One step of a turn; which call a result answers is known by its name and its place."""

    rank: ClassVar[int] = 8

    def mine(self, observation: Observation) -> bool:
        """The plugin's own metadata, or a list of results that name nothing but a tool."""
        if isinstance(asked := observation.input, list) and asked:
            return all(isinstance(one, Mapping) and one.keys() == {"name", "output"} for one in asked)
        marked = any(name == "codex" or name.startswith("codex.") for name in observation.metadata)
        return marked and isinstance(asked, str) and bool(asked.strip())

    def read(self, observation: Observation) -> Reading:
        """Read what is new in this step; what came before stands in the steps before it."""
        into, asked = Gathering(), observation.input
        with malformed("messages of Codex"):
            if isinstance(asked, str):
                messages = tuple(into.messages("user", [Text(content=asked)]))
            else:
                results = [into.result(one["output"], None, one["name"]) for one in asked]
                messages = tuple(into.messages("tool", results))
            answer = _answer(observation.output, into)
            refuse_cut((*messages, answer))
            return Reading(messages=messages, answer=answer, lacks=LACKS, repairs=into.repairs)


def _answer(output: Any, into: Gathering) -> Message | None:
    if output in (None, "", {}, []):
        return None
    wire = output if isinstance(output, Mapping) else {"content": output}
    parts: list[Part] = [Reasoning(content=wire["reasoning"])] if wire.get("reasoning") else []
    parts += [Text(content=as_json(wire["content"]))] if wire.get("content") else []
    for call in decoded(wire.get("tool_calls")) or ():
        parts.append(into.call(call["name"], call.get("arguments") or {}, call.get("id")))
    return into.answer(parts)
