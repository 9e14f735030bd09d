"""Answers that need no judge.

A judge that is shown one text twice still prefers one of them in a fifth of the games, mostly the first (205 of 1,000
on the A/A row of ko-arena-hard-auto), and turns that call tools are often identical.
"""

from __future__ import annotations

from collections.abc import Sequence

from judges.faults import faults
from judges.tool_calls import compare
from judges.types import Judgment, Verdict
from rollouts.canonical import canonical_calls, canonical_text
from rollouts.types import Challenge, Completion, Media, Message, Rollout, ToolDefinition

_TIE = "Both answers are identical, so this is a tie; nobody was asked."
_NOTHING = "Neither answer says or calls anything, so there is nothing to compare; nobody was asked."


def identical(challenge: Challenge, rollout: Rollout, judge: str) -> Judgment | None:
    """Return a tie if both answers say and call the same, and `None` if a judge has to look.

    Two empty answers are `UNREADABLE`, not a tie: more often they were lost on the way than two models chose to be
    silent.
    """
    if not same(challenge.baseline, rollout.completion, challenge.tools):
        return None
    if empty(rollout.completion.message):
        return Judgment(judge=judge, verdict=Verdict.UNREADABLE, score=None, consistent=None, reason=_NOTHING)
    return Judgment(judge=judge, verdict=Verdict.TIE, score=0.5, consistent=True, reason=_TIE)


def same(one: Completion, other: Completion, tools: Sequence[ToolDefinition] = ()) -> bool:
    """Tell whether two answers say and call the same; parallel calls may come in any order.

    Arguments are the same if they are the same JSON (`rollouts.canonical`), or if they come to the same under the
    tool's schema, and neither answer has a fault: a number in quotes is still what some tools refuse.
    """
    if media(one.message) != media(other.message):
        return False
    if _essence(one.message) == _essence(other.message):
        return True
    if not one.message.tool_calls:
        return False
    settled = compare(one.message, other.message, tools).settled
    return settled and not faults(one, tools) and not faults(other, tools)


def empty(message: Message) -> bool:
    """Tell whether an answer neither says, calls nor shows anything."""
    return not any((*_essence(message), media(message)))


def media(message: Message) -> tuple[Media, ...]:
    """Return what an answer shows, in its order."""
    return tuple(part for part in message.parts if isinstance(part, Media))


def _essence(message: Message) -> tuple[str, tuple[tuple[str, str], ...]]:
    return canonical_text(message.text), canonical_calls(message)
