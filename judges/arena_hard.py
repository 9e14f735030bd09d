"""Two rounds of one model with swapped seats and five labels, after Arena-Hard-Auto."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from pydantic import Field

from judges import prompts, transcript
from judges.judge import Ask, Judge
from judges.labels import Problem, read_label
from judges.types import Judgment, Label, Round, Seat
from judges.verdicts import add_up, score
from rollouts.errors import Fatal, Permanent, Retryable
from rollouts.types import Challenge, Completion, Message, Parameters, Request, Rollout, Text, Usage


class ArenaHard(Judge):
    """Asks both rounds at once, each until a reply has a label, at most `asks` times."""

    asks: int = Field(default=2, ge=1)
    """How often at most to ask per round. A limit, not part of what the judge is: raising it starts no new version."""
    temperature: float | None = 0.0
    """Name `temperature` as unsupported on a judging model that refuses it."""
    max_tokens: int = Field(default=16_000, ge=1)
    """The most tokens of one reply, reasoning included."""
    prompt: str | None = None
    """Replaces the built-in instructions to the judge, the five labels included."""

    @property
    def most_asks(self) -> int:
        """As configured."""
        return self.asks

    @property
    def most_output_tokens(self) -> int:
        """As configured."""
        return self.max_tokens

    def version(self, model: str) -> str:
        """Name the judge, `model`, everything that it is told, and how it is asked."""
        told = (prompts.PROMPT_VERSION, self.prompt, self.temperature, self.max_tokens)
        return f"arena_hard/{model}/{prompts.fingerprint(*told)}"

    async def judge(self, challenge: Challenge, rollout: Rollout, ask: Ask, *, model: str) -> Judgment:
        """Return what both rounds add up to. If one fails, the other is finished first, for it is being paid."""
        version, case = self.version(model), _case(challenge, rollout)
        seats: tuple[Seat, Seat] = ("B", "A")
        rounds = (self._round(case, ask, seat, version) for seat in seats)
        return add_up(version, _all_or_worst(await asyncio.gather(*rounds, return_exceptions=True)))

    async def _round(self, case: _Case, ask: Ask, seat: Seat, version: str) -> Round:
        messages = self._opening(case, seat)
        replies: list[Completion] = []
        reading: Label | Problem = Problem(what="nobody was asked")
        while len(replies) < self.asks:
            key = _key(case, version, seat, len(replies))
            reply = await ask(Request(key=key, messages=messages, parameters=self._parameters()))
            replies.append(reply)
            # Earlier replies had no label, or were cut off, which proves nothing.
            reading = Problem(what="truncated") if reply.truncated else read_label(reply.message.text)
            if isinstance(reading, Label):
                break
            messages = (*messages, *_urging(reply.message.text))
        return _concluded(seat, replies, reading)

    def _opening(self, case: _Case, seat: Seat) -> tuple[Message, ...]:
        a, b = (case.candidate, case.baseline) if seat == "A" else (case.baseline, case.candidate)
        return (
            _message("system", prompts.SYSTEM if self.prompt is None else self.prompt),
            _message("user", prompts.question(case.situation, a=a, b=b)),
        )

    def _parameters(self) -> Parameters:
        return Parameters(temperature=self.temperature, max_tokens=self.max_tokens)


class _Case(NamedTuple):
    """What both rounds look at, written out once: making text harmless costs more than anything else here."""

    challenge_id: str
    situation: str
    baseline: str
    candidate: str


def _case(challenge: Challenge, rollout: Rollout) -> _Case:
    baseline, candidate = challenge.baseline.message, rollout.completion.message
    return _Case(challenge.id, prompts.situation(challenge), transcript.answer(baseline), transcript.answer(candidate))


def _key(case: _Case, version: str, seat: Seat, asked: int) -> str:
    """Name a call by all that it depends on; earlier replies of the round follow from these."""
    named = [case.challenge_id, case.baseline, case.candidate, version, seat, asked]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def _urging(said: str) -> tuple[Message, ...]:
    """Return what was said, without reasoning, and the wish for a label. Providers refuse messages without content."""
    wish = _message("user", prompts.CONTINUE)
    return (_message("assistant", said), wish) if said.strip() else (wish,)


def _concluded(seat: Seat, replies: Sequence[Completion], reading: Label | Problem) -> Round:
    label = reading if isinstance(reading, Label) else None
    return Round(
        challenger_seat=seat,
        label=label,
        score=score(label, seat) if label else None,
        problem=reading.what if isinstance(reading, Problem) else None,
        text=_text(replies),
        asks=len(replies),
        model=replies[-1].model,
        usage=_usage([reply.usage for reply in replies]),
        cost_usd=_total(reply.cost_usd for reply in replies),
        latency_s=_total(reply.latency_s for reply in replies),
        started_at=replies[0].started_at,
    )


def _text(replies: Sequence[Completion]) -> str:
    return "\n\n".join(reply.message.text for reply in replies)


def _usage(usages: Sequence[Usage]) -> Usage:
    return Usage.model_validate({name: _total(getattr(usage, name) for usage in usages) for name in Usage.model_fields})


def _total(figures: Iterable[float | None]) -> float | None:
    """Return the sum, unknown if any part of it is."""
    known = list(figures)
    return None if None in known else sum(figure for figure in known if figure is not None)


def _message(role: Literal["system", "user", "assistant"], content: str) -> Message:
    return Message(role=role, parts=(Text(content=content),))


def _all_or_worst(results: Sequence[Round | BaseException]) -> list[Round]:
    """Return the rounds, or raise what leaves the least hope: a bug, then `Fatal`, `Permanent`, `Retryable`."""
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        raise min(errors, key=_hope)
    return [result for result in results if isinstance(result, Round)]


def _hope(error: BaseException) -> int:
    return next((rank for rank, kind in enumerate((Fatal, Permanent, Retryable), 1) if isinstance(error, kind)), 0)
