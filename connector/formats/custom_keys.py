"""Tables of an application's own making, whose keys the configuration names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ConfigDict

from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.openai_messages import ChatReader
from connector.formats.openai_parts import read_parts
from connector.formats.outputs import read_output
from connector.formats.parameters import read_parameters
from connector.formats.pieces import as_json
from connector.traces import Observation
from rollouts.types import Message, Text


class CustomKeys(Format):
    """Tables of your own, such as { "ticket" = "…" } in and { "draft" = "…" } out. Inner keys are written with dots."""

    model_config = ConfigDict(use_attribute_docstrings=True)
    rank: ClassVar[int] = 1

    question: tuple[str, ...] = ()
    """Keys of the input that hold what was asked, such as "ticket" or "form.text"; the first one found counts."""
    answer: tuple[str, ...] = ()
    """Keys of the output that hold what was answered."""
    system: tuple[str, ...] = ()
    """Keys of the input that hold the system prompt."""

    def mine(self, observation: Observation) -> bool:
        """One of the named keys is there."""
        return _found(observation.input, self.question) is not None

    def read(self, observation: Observation) -> Reading:
        """Read one question and one answer; a value that is no text is shown as JSON."""
        with malformed("table"):
            question, told = _found(observation.input, self.question), _found(observation.input, self.system)
            said = _found(observation.output, self.answer)
            output = read_output(observation.output if said is None else said)
            wire = {"content": output.answer} if isinstance(output.answer, str) else output.answer
            return Reading(
                messages=(
                    *([Message(role="system", parts=(Text(content=_shown(told)),))] if told is not None else []),
                    Message(role="user", parts=tuple(read_parts(_shown(question)))),
                ),
                answer=ChatReader().message({"role": "assistant", **wire}) if wire else None,
                parameters=read_parameters(observation.parameters),
            )


def _found(table: Any, keys: tuple[str, ...]) -> Any:
    """Return the value of the first key that has one; a key with dots leads inwards where it is none itself."""
    values = (_inner(table, key) for key in keys)
    return next((value for value in values if value not in (None, "", {}, [])), None)


def _inner(table: Any, key: str) -> Any:
    if not isinstance(table, Mapping):
        return None
    if key in table:
        return table[key]
    head, dot, rest = key.partition(".")
    return _inner(decoded(table.get(head)), rest) if dot else None


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)
