"""Ask a judge's model one question until its reply can be read, and say what that took."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from judges.judge import Ask
from judges.labels import Problem
from judges.types import Round
from rollouts.errors import Fatal, Permanent, Retryable, Unavailable
from rollouts.types import Completion, Message, Parameters, Request, Text, Usage

Said = TypeVar("Said")
Found = TypeVar("Found")


class Question(NamedTuple):
    """What is asked, and of whom."""

    system: str
    material: str
    urging: str
    """What a judge is told whose reply could not be read."""
    version: str
    """Of the judge, its model included."""
    challenge_id: str
    trace_id: str
    """The trace whose words are in the material."""
    look: int
    """Which of several looks, perhaps at the same material, this is: each is a call of its own."""
    masks: Mapping[str, str]
    """The placeholders in the material, as in `Challenge.masks`."""

    def key(self, asked: int) -> str:
        """Name a call by all that it depends on; earlier replies follow from these."""
        return hashlib.sha256(json.dumps([*self[:-1], asked]).encode()).hexdigest()

    def request(self, asked: int, messages: tuple[Message, ...], parameters: Parameters) -> Request:
        """Return the call that puts the question for the first time, or again."""
        return Request(
            key=self.key(asked),
            trace_id=self.trace_id,
            repetition=self.look,
            messages=messages,
            parameters=parameters,
            masks=self.masks,
        )

    def opening(self) -> tuple[Message, ...]:
        """Return what the judge is told first."""
        return _message("system", self.system), _message("user", self.material)


class Answered(NamedTuple, Generic[Said]):
    """What was read in the last reply, and all replies."""

    reading: Said | Problem
    replies: tuple[Completion, ...]

    @property
    def said(self) -> Said | None:
        """What could be read."""
        return None if isinstance(self.reading, Problem) else self.reading

    def round(self, seat: str | None, score: float | None, **facts: Any) -> Round:
        """Return the look at both answers with the challenger in `seat`; `facts` are further fields of it."""
        replies = self.replies
        known = {
            "challenger_seat": seat,
            "label": None,
            "score": score,
            "problem": self.reading.what if isinstance(self.reading, Problem) else None,
            "text": "\n\n".join(reply.message.text for reply in replies),
            "asks": len(replies),
            "model": replies[-1].model,
            "usage": _usage([reply.usage for reply in replies]),
            "cost_usd": _total(reply.cost_usd for reply in replies),
            "latency_s": _total(reply.latency_s for reply in replies),
            "started_at": replies[0].started_at,
        }
        return Round.model_validate(known | facts)


async def until_read(
    question: Question, ask: Ask, read: Callable[[str], Said | Problem], *, parameters: Parameters, most: int
) -> Answered[Said]:
    """Ask until `read` can make something of a whole reply, at most `most` times. A reply cut off proves nothing."""

    def made_of(reply: Completion) -> Said | Problem:
        return Problem(what="truncated") if reply.truncated else read(reply.message.text)

    messages, replies = question.opening(), list[Completion]()
    reading: Said | Problem = Problem(what="nobody was asked")
    while len(replies) < most:
        request = question.request(len(replies), messages, parameters)
        reply = await ask(request, fit=lambda reply: not isinstance(made_of(reply), Problem))
        replies.append(reply)
        reading = made_of(reply)
        if not isinstance(reading, Problem):
            break
        messages = (*messages, *_urged(reply.message.text, question.urging))
    return Answered(reading, tuple(replies))


async def all_of(asking: Iterable[Awaitable[Found]]) -> list[Found]:
    """Return what all found, at once. If one fails the others are finished first, for they are being paid."""
    results = await asyncio.gather(*asking, return_exceptions=True)
    raise_worst(results)
    return [result for result in results if not isinstance(result, BaseException)]


def raise_worst(results: Iterable[object]) -> None:
    """Raise the error among `results` that leaves the least hope: a bug, then `Fatal`, `Permanent`, `Retryable`.

    `Unavailable` goes before what is merely `Retryable`: it is no fault of the record.
    """
    if errors := [result for result in results if isinstance(result, BaseException)]:
        raise min(errors, key=_hope)


def _hope(error: BaseException) -> int:
    return next(
        (rank for rank, kind in enumerate((Fatal, Permanent, Unavailable, Retryable), 1) if isinstance(error, kind)), 0
    )


def _urged(said: str, urging: str) -> tuple[Message, ...]:
    """Return what was said, without reasoning, and the wish for more. Providers refuse messages without content."""
    wish = _message("user", urging)
    return (_message("assistant", said), wish) if said.strip() else (wish,)


def _message(role: Literal["system", "user", "assistant"], content: str) -> Message:
    return Message(role=role, parts=(Text(content=content),))


def _usage(usages: Sequence[Usage]) -> Usage:
    return Usage.model_validate({name: _total(getattr(usage, name) for usage in usages) for name in Usage.model_fields})


def _total(figures: Iterable[float | None]) -> float | None:
    """Return the sum, unknown if any part of it is."""
    known = list(figures)
    return None if None in known else sum(figure for figure in known if figure is not None)
