"""OpenLIT: the whole prompt as one text, `system: …` and `user: …` at the beginnings of lines. Calls are lost in it.

A person may write such a text too, so that it counts only with OpenLIT's signs: its scope, or what it writes for
parameters that nobody set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from connector.formats.attributes import scope
from connector.formats.format import Format, Reading, Unusable, malformed
from connector.formats.gathering import Gathering, role_of
from connector.formats.loose_chat import LOST_CALLS
from connector.formats.outputs import as_text
from connector.formats.parameters import read_parameters
from connector.formats.repairs import Repair
from connector.traces import Observation
from connector.types import Fate
from rollouts.types import Message, Text

_SPEAKER = re.compile(r"^(system|developer|user|assistant|tool|function): ?", re.MULTILINE)


class OpenLIT(Format):
    """A transcript in one text."""

    rank: ClassVar[int] = 19

    def mine(self, observation: Observation) -> bool:
        """Text that begins with a role, and one of OpenLIT's signs."""
        text = observation.input
        return isinstance(text, str) and bool(_SPEAKER.match(text)) and _has_signs(observation)

    def read(self, observation: Observation) -> Reading:
        """Read the transcript, as far as text can be one."""
        into = Gathering()
        into.mended(Repair.FLAT)
        with malformed("transcript"):
            history = tuple(message for spoken in _spoken(observation.input) for message in _message(*spoken, into))
            said = observation.output
            return Reading(
                messages=history,
                answer=None if said in (None, "", {}, []) else _answer(as_text(said)),
                parameters=read_parameters(observation.parameters),
                repairs=into.repairs,
            )


def _has_signs(observation: Observation) -> bool:
    logged: dict[str, Any] = observation.parameters
    unset = str(logged.get("max_tokens")) == "-1" and logged.get("seed") == ""
    stop = "arrayValue" in str(logged.get("stop_sequences"))
    return scope(observation).startswith("openlit") or "is_stream" in logged or stop or unset


def _spoken(text: str) -> Iterator[tuple[str, str]]:
    marks = [*_SPEAKER.finditer(text)]
    for mark, end in zip(marks, [*(mark.start() for mark in marks[1:]), len(text)], strict=True):
        yield mark[1], text[mark.end() : end].removesuffix("\n")


def _message(role: str, said: str, into: Gathering) -> Iterator[Message]:
    if said.strip() == "None" and role == "assistant":
        raise Unusable(Fate.UNREADABLE, LOST_CALLS)
    yield from into.messages(role_of(role), [Text(content=said)])


def _answer(said: str) -> Message:
    if said.strip() == "None":
        raise Unusable(Fate.UNREADABLE, LOST_CALLS)
    return Message(role="assistant", parts=(Text(content=said.removeprefix("assistant: ")),))
