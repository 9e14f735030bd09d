"""BeeAI as OpenInference logs it: content is a list of parts by its Python `repr`.

Each call has two spans. The one that starts has the messages and no answer; what that one answered is seen only where
a later history shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, malformed
from connector.formats.gathering import Gathering
from connector.formats.loose_chat import read_answer, read_messages
from connector.formats.parameters import read_parameters
from connector.formats.pieces import beyond
from connector.formats.python_text import literal
from connector.types import Observation
from rollouts.types import Message

Wire = Mapping[str, Any]


class BeeAI(Format):
    """Messages whose content is a Python list in text."""

    rank: ClassVar[int] = 18

    def mine(self, observation: Observation) -> bool:
        """Messages with roles, of which one holds such a list."""
        wires = _wires(observation.input)
        return any(map(_is_python, wires)) and all("role" in wire for wire in wires)

    def read(self, observation: Observation) -> Reading:
        """Read history, answer and parameters."""
        into = Gathering()
        with malformed("Python representations"):
            history = read_messages(map(_opened, _wires(observation.input)), into)
            before, answer = _said(observation.output, into)
            return Reading(
                messages=(*history, *beyond(before, history)),
                answer=answer,
                parameters=read_parameters(observation.parameters),
                repairs=into.repairs,
            )


def _wires(value: Any) -> list[Wire]:
    return value if isinstance(value, list) and all(isinstance(wire, Mapping) for wire in value) else []


def _is_python(wire: Wire) -> bool:
    content = wire.get("content")
    return isinstance(content, str) and content.startswith("[{'type':") and content.rstrip().endswith("]")


def _opened(wire: Wire) -> Wire:
    return {**wire, "content": literal(wire["content"])} if _is_python(wire) else wire


def _said(output: Any, into: Gathering) -> tuple[tuple[Message, ...], Message | None]:
    if output in (None, "", {}, []):
        return (), None
    *before, answer = _wires(output) or [output if isinstance(output, Mapping) else {"content": output}]
    return read_messages(map(_opened, before), into), read_answer(_opened(answer), into)
