"""Answers that need no judge.

A judge that is shown one text twice still prefers one of them in a fifth of the games, mostly the first (205 of 1,000
on the A/A row of ko-arena-hard-auto), and turns that call tools are often identical.
"""

from __future__ import annotations

from judges.types import Judgment, Verdict
from rollouts.canonical import canonical_calls, canonical_text
from rollouts.types import Challenge, Media, Message, Rollout

_TIE = "Both answers are identical, so this is a tie; nobody was asked."
_NOTHING = "Neither answer says or calls anything, so there is nothing to compare; nobody was asked."


def identical(challenge: Challenge, rollout: Rollout, judge: str) -> Judgment | None:
    """Return a tie if both answers say and call the same, and `None` if a judge has to look.

    What is the same is for `rollouts.canonical` to say; parallel calls may come in any order. Two empty answers are
    `UNREADABLE`, not a tie: more often they were lost on the way than two models chose to be silent.
    """
    baseline, candidate = _essence(challenge.baseline.message), _essence(rollout.completion.message)
    if baseline != candidate:
        return None
    if not any(baseline):
        return Judgment(judge=judge, verdict=Verdict.UNREADABLE, score=None, consistent=None, reason=_NOTHING)
    return Judgment(judge=judge, verdict=Verdict.TIE, score=0.5, consistent=True, reason=_TIE)


def _essence(message: Message) -> tuple[str, tuple[tuple[str, str], ...], tuple[Media, ...]]:
    media = tuple(part for part in message.parts if isinstance(part, Media))
    return canonical_text(message.text), canonical_calls(message), media
