"""OpenInference's own messages, `llm.input_messages.N.message`, where no raw request was logged beside them.

Tools and parameters are in attributes, `llm.tools.N` and `llm.invocation_parameters` (see `completed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, malformed
from connector.formats.gathering import Gathering
from connector.formats.loose_chat import read_answer, read_messages
from connector.formats.parameters import read_parameters
from connector.formats.pieces import beyond
from connector.types import Observation
from rollouts.types import Message


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
            before, answer = _said(observation.output, into)
            return Reading(
                messages=(*history, *beyond(before, history)),
                answer=answer,
                parameters=read_parameters(observation.parameters),
                repairs=into.repairs,
            )


def _wires(value: Any) -> list[Mapping[str, Any]]:
    """Return the messages inside their wrappers; nothing where one entry is not wrapped."""
    entries = value if isinstance(value, list) else [value]
    inner = [entry.get("message") if isinstance(entry, Mapping) else None for entry in entries]
    return [wire for wire in inner if isinstance(wire, Mapping)] if all(isinstance(i, Mapping) for i in inner) else []


def _said(output: Any, into: Gathering) -> tuple[tuple[Message, ...], Message | None]:
    if output in (None, "", {}, []):
        return (), None
    *before, answer = _wires(output) or [output if isinstance(output, Mapping) else {"content": output}]
    return read_messages(before, into), read_answer(answer, into)
