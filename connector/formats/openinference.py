"""OpenInference's own messages, `llm.input_messages.N.message`, where no raw request was logged beside them.

Tools and parameters are in attributes, `llm.tools.N` and `llm.invocation_parameters` (see `completed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.gathering import Gathering
from connector.formats.loose_chat import read_messages, read_said
from connector.formats.parameters import read_parameters
from connector.formats.pieces import beyond
from connector.traces import Observation


class OpenInference(Format):
    """A list of `{"message": {…}}`."""

    rank: ClassVar[int] = 16

    def mine(self, observation: Observation) -> bool:
        """Every entry of the input wraps a message with a role."""
        wires = _wires(observation.input)
        return bool(wires) and all("role" in wire for wire in wires)

    def read(self, observation: Observation) -> Reading:
        """Read history, answer and parameters."""
        into = Gathering()
        with malformed("wrapped messages"):
            history = read_messages(_wires(observation.input), into)
            before, answer = read_said(observation.output, _wires(observation.output), into)
            return Reading(
                messages=(*history, *beyond(before, history)),
                answer=answer,
                parameters=read_parameters(observation.parameters),
                repairs=into.repairs,
            )


def _wires(value: Any) -> list[Mapping[str, Any]]:
    """Return the messages inside their wrappers; nothing where one entry is not wrapped."""
    found = decoded(value["messages"]) if isinstance(value, Mapping) and "messages" in value else value
    entries = found if isinstance(found, list) else [found]
    inner = [entry.get("message") if isinstance(entry, Mapping) else None for entry in entries]
    return [wire for wire in inner if isinstance(wire, Mapping)] if all(map(_is_message, inner)) else []


def _is_message(value: Any) -> bool:
    """A model's own answer may have a `message`, too."""
    return isinstance(value, Mapping) and bool(value.keys() & {"role", "content", "contents", "tool_calls"})
