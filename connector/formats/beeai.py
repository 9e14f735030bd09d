"""BeeAI as OpenInference logs it: content is a list of parts by its Python `repr`.

Each call has two spans. The one that starts has the messages and no answer; what that one answered is seen only where
a later history shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, malformed
from connector.formats.gathering import Gathering
from connector.formats.loose_chat import read_messages, read_said
from connector.formats.parameters import read_parameters
from connector.formats.pieces import beyond, wires_of
from connector.formats.python_text import literal
from connector.traces import Observation

Wire = Mapping[str, Any]


class BeeAI(Format):
    """Messages whose content is a Python list in text."""

    rank: ClassVar[int] = 18

    def mine(self, observation: Observation) -> bool:
        """Messages with roles, of which one holds such a list."""
        wires = wires_of(observation.input)
        return any(map(_is_python, wires)) and all("role" in wire for wire in wires)

    def read(self, observation: Observation) -> Reading:
        """Read history, answer and parameters."""
        into = Gathering()
        with malformed("Python representations"):
            history = read_messages(map(_opened, wires_of(observation.input)), into)
            before, answer = read_said(observation.output, [*map(_opened, wires_of(observation.output))], into)
            return Reading(
                messages=(*history, *beyond(before, history)),
                answer=answer,
                parameters=read_parameters(observation.parameters),
                repairs=into.repairs,
            )


def _is_python(wire: Wire) -> bool:
    content = wire.get("content")
    return isinstance(content, str) and content.startswith("[{'type':") and content.rstrip().endswith("]")


def _opened(wire: Wire) -> Wire:
    return {**wire, "content": literal(wire["content"])} if _is_python(wire) else wire
