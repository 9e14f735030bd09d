"""Which result answers which call, in logs that do not always say so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rollouts.errors import Permanent
from rollouts.projections.call_ids import fresh_ids
from rollouts.types import Message, ToolCall, ToolResult


@dataclass(slots=True)
class CallMade:
    """One call of the history, and what answers it."""

    call: ToolCall
    place: int
    """Of its message."""
    run: int
    """Assistant messages in a row are one run: some logs write parallel calls as a message each."""
    result: ToolResult | None = None
    answered_at: int = 0


def paired(steps: Sequence[Message], runs: Sequence[int], losses: list[str]) -> list[CallMade]:
    """Return every call with its result and an id of its own. Each `tool` message of `steps` holds one result.

    A result goes to the call of its id, else of its name, else by order. Raises `Permanent` for what lacks a part.
    """
    found = _matched(steps, runs, losses)
    for one in found:
        if one.result is None:
            _leave_unanswered(one, steps, losses)
    _give_own_ids(found)
    return found


def _matched(steps: Sequence[Message], runs: Sequence[int], losses: list[str]) -> list[CallMade]:
    """Return all calls with their results: by id, else by a tool's name in its place, else by order."""
    asked: list[CallMade] = []
    known: defaultdict[str, list[CallMade]] = defaultdict(list)
    strays: defaultdict[int, list[int]] = defaultdict(list)
    for place, step in enumerate(steps):
        for call in step.tool_calls if step.role == "assistant" else ():
            asked.append(CallMade(call, place, runs[place]))
            for name in {call.id, call.name}:
                known[name].append(asked[-1])
        if step.role == "tool":
            _give(_result(step), place, known, strays[runs[place]], losses)
    for run, places in strays.items():
        _give_by_order(places, [one for one in asked if one.run == run and one.result is None], steps, losses)
    return asked


def _give(
    result: ToolResult, place: int, known: dict[str, list[CallMade]], strays: list[int], losses: list[str]
) -> None:
    found = known.get(result.id, [])
    waiting = [one for one in found if one.result is None and one.call.id == result.id]
    waiting = waiting or [one for one in found if one.result is None]
    if waiting:
        latest = waiting[-1].run
        one = next(one for one in waiting if one.run == latest)
        one.result, one.answered_at = result, place
    elif any(one.result is not None and _same(one.result, result) for one in found):
        losses.append("a tool result that was logged twice")
    elif found:
        raise Permanent("unreplayable: two different results for one tool call")
    else:
        strays.append(place)


def _give_by_order(
    places: Sequence[int], waiting: Sequence[CallMade], steps: Sequence[Message], losses: list[str]
) -> None:
    if not places:
        return
    if len(places) != len(waiting) or places[0] < waiting[-1].place:
        raise Permanent("unreplayable: a tool result without its call: part of the history was not logged")
    losses.append("which call a tool result answers: taken by their order")
    for place, one in zip(places, waiting, strict=True):
        one.result, one.answered_at = _result(steps[place]), place


def _leave_unanswered(one: CallMade, steps: Sequence[Message], losses: list[str]) -> None:
    """A user who speaks before the result comes is a fact of life; an assistant who goes on had a result."""
    later = (step for step in steps[one.place + 1 :] if step.role in {"user", "assistant"})
    follower = next((step for step in later if step.role == "user" or not _only_calls(step)), None)
    if follower is None or follower.role == "assistant":
        raise Permanent(f"unreplayable: the result of a call of {one.call.name!r} was not logged")
    losses.append("that a tool call had no result: an empty one was added")
    one.result, one.answered_at = ToolResult(id=one.call.id, response=""), len(steps)


def _give_own_ids(asked: Sequence[CallMade]) -> None:
    """Give a fresh id to every call that has none or shares one, and to its result."""
    fresh, seen = fresh_ids({one.call.id for one in asked}), {""}
    for one in asked:
        own = one.call.id if one.call.id not in seen else next(fresh)
        seen.add(own)
        if own != one.call.id:
            one.call = one.call.model_copy(update={"id": own})
        if one.result is not None and own != one.result.id:
            one.result = one.result.model_copy(update={"id": own})


def _result(step: Message) -> ToolResult:
    return next(part for part in step.parts if isinstance(part, ToolResult))


def _same(one: ToolResult, other: ToolResult) -> bool:
    return one.response == other.response and one.media == other.media


def _only_calls(step: Message) -> bool:
    return bool(step.tool_calls) and not step.text.strip()
