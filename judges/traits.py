"""What code can tell of an answer without judging it: how it looks, and whether its tool calls are any good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from judges.faults import faults
from judges.standings.style import Style, style
from judges.tool_calls import Outcome, compare
from rollouts.types import Challenge, Completion, Message, ToolDefinition


class Traits(NamedTuple):
    """The figures of one answer."""

    style: Style
    """The length counts characters, arguments of calls included: tokens would count what a model only thought."""
    calls: int
    faults: tuple[str, ...]
    """The first thing that is wrong with each call that is no good, as `FaultKind` says it."""


def traits(answer: Completion, tools: Iterable[ToolDefinition]) -> Traits:
    """Measure `answer`, production's like any other."""
    message, offered = answer.message, tuple(tools)
    written = "\n".join([message.text, *(call.arguments for call in message.tool_calls)])
    wrong = (faults(alone, offered) for alone in _one_by_one(answer))
    return Traits(style(written), len(message.tool_calls), tuple(found[0].kind.value for found in wrong if found))


def same_calls(challenge: Challenge, answer: Message) -> bool | None:
    """Tell whether `answer` makes the calls that production made; `None` where neither makes any."""
    baseline = challenge.baseline.message
    if not (baseline.tool_calls or answer.tool_calls):
        return None
    return compare(baseline, answer, challenge.tools).outcome is Outcome.SAME


def _one_by_one(answer: Completion) -> Iterable[Completion]:
    """Yield the answer with each of its calls alone; only the last can have been cut off."""
    calls = answer.message.tool_calls
    for number, call in enumerate(calls, start=1):
        message = Message(role="assistant", parts=(call,))
        cut = answer.finish_reason if number == len(calls) else None
        yield answer.model_copy(update={"message": message, "finish_reason": cut})
