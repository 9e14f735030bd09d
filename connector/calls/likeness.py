"""When two logs of one trace tell the same call: they agree in what was asked or answered, though not in every word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from connector.formats.repairs import Repair
from connector.traces import Call
from connector.types import digest
from rollouts.canonical import canonical_calls, canonical_json, fingerprint
from rollouts.types import Media, Message, ToolResult

_FLAT = ("custom_keys", "openlit", "plain_text")
_EMPTY = ("", "None", "null")
"""What loggers write for an answer that is nothing but calls."""
_CUT = re.compile(r"(?:…|\.{3}|[\[(<]truncated[^\])>]*[\])>]?)+$", re.IGNORECASE)
_LONGEST_MARK = 60
_LEAST_LETTERS = 16
"""A log that is cut holds more than that; of two answers, a short one may well trail off where the other goes on."""


class Likeness:
    """One call, reduced to what its copies share. Dear parts are worked out when they are asked for."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.said = squeezed(canonical_json(said_by(call)))
        self.said = "" if self.said in _EMPTY else self.said
        self.called = canonical_calls(call.answer.message) if call.answer else ()
        self.last = squeezed(_shown([message for message in call.messages if message.role != "system"][-1:]))

    @cached_property
    def asked(self) -> str:
        """What was asked, system prompts aside; results of parallel calls in any order."""
        return digest(*_prints(self.call.messages))

    @cached_property
    def worded(self) -> str:
        """What was asked, but for the images and files."""
        return digest(*_prints(bare for message in self.call.messages if (bare := _without_media(message)).parts))

    @cached_property
    def shown(self) -> frozenset[str]:
        """The images and files."""
        return frozenset(media_of(self.call.messages))

    @cached_property
    def system(self) -> str:
        """The system prompts."""
        return squeezed(_shown([message for message in self.call.messages if message.role == "system"]))

    def same_question(self, other: Likeness) -> bool:
        """Whether both were asked the same, or one of them lost images or files.

        Of what was flattened to text, only the last message is comparable.
        """
        if is_flat(self.call) or is_flat(other.call):
            return self.last == other.last != ""
        lost = self.shown < other.shown or other.shown < self.shown
        return self.asked == other.asked or (lost and self.worded == other.worded)

    def same_answer(self, other: Likeness) -> bool:
        """Whether both answered the same, or one of them lost its calls, its words or their end."""
        if not (self.tells and other.tells):
            return True
        cut = is_cut(said_by(self.call), said_by(other.call)) or is_cut(said_by(other.call), said_by(self.call))
        texts, calls = {self.said, self.said if cut else other.said}, {self.called, other.called}
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


def said_by(call: Call) -> str:
    """Return the words of its answer."""
    return call.answer.message.text if call.answer else ""


def is_cut(text: str, other: str) -> bool:
    """Whether a logger kept of `other` no more than its beginning, and said so."""
    kept, whole = squeezed(text), squeezed(other)
    stem = kept[:-_LONGEST_MARK] + _CUT.sub("", kept[-_LONGEST_MARK:])
    return len(kept) > len(stem) >= _LEAST_LETTERS and kept != whole and whole.startswith(stem)


def media_of(messages: Sequence[Message]) -> list[str]:
    """Return the images and files that were shown, by content or address; those that tools returned, too."""
    parts = [part for message in messages for part in message.parts]
    returned = [each for part in parts if isinstance(part, ToolResult) for each in part.media]
    return [part.content for part in (*parts, *returned) if isinstance(part, Media)]


def squeezed(text: str) -> str:
    """Return `text` without any white space."""
    return "".join(text.split())


def _model(call: Call) -> str:
    """Its model's name without a gateway's prefix; what follows it may be a version."""
    return ((call.answer.model if call.answer else None) or "").rpartition("/")[2].lower()


def _shown(messages: Sequence[Message]) -> str:
    results = (part.response for message in messages for part in message.parts if isinstance(part, ToolResult))
    return "".join((*(message.text for message in messages), *results))


def _without_media(message: Message) -> Message:
    said = [part for part in message.parts if not isinstance(part, Media)]
    bare = [part.model_copy(update={"media": ()}) if isinstance(part, ToolResult) else part for part in said]
    return message.model_copy(update={"parts": tuple(bare)})


def _prints(messages: Iterable[Message]) -> list[str]:
    found, results = list[str](), list[str]()
    for message in messages:
        if message.role == "tool":
            results.append(fingerprint(message))
        elif message.role != "system":
            found += [*sorted(results), fingerprint(message)]
            results.clear()
    return [*found, *sorted(results)]
