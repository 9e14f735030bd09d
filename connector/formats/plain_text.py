"""Plain question and answer: text in, text or one telling key of a table out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, Unusable
from connector.formats.parameters import read_parameters
from connector.types import Fate, Observation
from rollouts.types import Message, Text

_QUESTIONS = ("question", "query", "prompt", "input", "text", "message", "user_input")
_ANSWERS = ("answer", "content", "output", "response", "text", "message", "result", "completion")
_BROKEN = re.compile(r"""\s*(\[\s*)?\{.{0,400}?["']role["']\s*:""", re.DOTALL)
"""Text that was to be a list of messages: cut off, or written as Python and not as JSON."""


class PlainText(Format):
    """What simple applications log: a string, or a table with one key that names it."""

    rank: ClassVar[int] = 90

    def mine(self, observation: Observation) -> bool:
        """Text that is not blank, or a table with a telling key."""
        return bool(_said(observation.input, _QUESTIONS))

    def read(self, observation: Observation) -> Reading:
        """Read one question and one answer."""
        question, answer = _said(observation.input, _QUESTIONS), _said(observation.output, _ANSWERS)
        if question is None:
            raise Unusable(Fate.UNREADABLE, "no question in its input")
        if _BROKEN.match(question):
            raise Unusable(Fate.UNREADABLE, "messages in broken JSON")
        if answer is None and observation.output not in (None, "", {}, []):
            raise Unusable(Fate.UNREADABLE, "its output is neither text nor a message")
        return Reading(
            messages=(Message(role="user", parts=(Text(content=question),)),),
            answer=Message(role="assistant", parts=(Text(content=answer),)) if answer else None,
            parameters=read_parameters(observation.parameters),
        )


def _said(value: Any, keys: tuple[str, ...]) -> str | None:
    if isinstance(value, Mapping):
        return next((text for key in keys if (text := _said(value.get(key), ())) is not None), None)
    if keys and isinstance(value, int | float):  # servers before v4 read text as JSON, "2" too
        return json.dumps(value)
    return value if isinstance(value, str) and value.strip() else None
