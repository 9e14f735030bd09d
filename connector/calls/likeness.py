"""When two logs of one trace tell the same call: they agree in what was asked or answered, though not in every word."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from connector.formats.repairs import Repair
from connector.types import Call, digest
from rollouts.canonical import canonical_calls, canonical_json, fingerprint
from rollouts.types import Message, ToolResult

_FLAT = ("custom_keys", "openlit", "plain_text")
_EMPTY = ("", "None", "null")
"""What loggers write for an answer that is nothing but calls."""


class Likeness:
    """One call, reduced to what its copies share. Dear parts are worked out when they are asked for."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.said = squeezed(canonical_json(call.answer.message.text)) if call.answer else ""
        self.said = "" if self.said in _EMPTY else self.said
        self.called = canonical_calls(call.answer.message) if call.answer else ()
        self.last = squeezed(_shown([message for message in call.messages if message.role != "system"][-1:]))

    @cached_property
    def asked(self) -> str:
        """What was asked, system prompts aside; results of parallel calls in any order."""
        return digest(*_prints(self.call.messages))

    @cached_property
    def system(self) -> str:
        """The system prompts."""
        return squeezed(_shown([message for message in self.call.messages if message.role == "system"]))

    def same_question(self, other: Likeness) -> bool:
        """Whether both were asked the same. Of what was flattened to text, only the last message is comparable."""
        if is_flat(self.call) or is_flat(other.call):
            return self.last == other.last != ""
        return self.asked == other.asked

    def same_answer(self, other: Likeness) -> bool:
        """Whether both answered the same, or one of them lost its calls or its words."""
        if not (self.tells and other.tells):
            return True
        texts, calls = {self.said, other.said}, {self.called, other.called}
        return (len(texts) == 1 and len(calls - {()}) <= 1) or (len(calls) == 1 and len(texts - {""}) <= 1)

    @property
    def tells(self) -> bool:
        """Whether it has an answer at all."""
        return bool(self.said or self.called)

    def same_speaker(self, other: Likeness) -> bool:
        """Whether nothing says that two models, or two prompts, were asked.

        One instrumentation logs the system prompt always or never: only another one's copy may lack it.
        """
        alike = self.call.integration == other.call.integration
        if self.system != other.system and (alike or (self.system and other.system)):
            return False
        one, two = sorted((_model(self.call), _model(other.call)), key=len)
        return two.startswith(one)


def is_flat(call: Call) -> bool:
    """Whether its messages had been flattened to text before they were logged."""
    return call.format in _FLAT or Repair.FLAT in call.repairs


def squeezed(text: str) -> str:
    """Return `text` without any white space."""
    return "".join(text.split())


def _model(call: Call) -> str:
    """Its model's name without a gateway's prefix; what follows it may be a version."""
    return ((call.answer.model if call.answer else None) or "").rpartition("/")[2].lower()


def _shown(messages: Sequence[Message]) -> str:
    results = (part.response for message in messages for part in message.parts if isinstance(part, ToolResult))
    return "".join((*(message.text for message in messages), *results))


def _prints(messages: Sequence[Message]) -> list[str]:
    found, results = list[str](), list[str]()
    for message in messages:
        if message.role == "tool":
            results.append(fingerprint(message))
        elif message.role != "system":
            found += [*sorted(results), fingerprint(message)]
            results.clear()
    return [*found, *sorted(results)]
