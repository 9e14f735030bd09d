"""A logged history as every provider wants it: each call is answered once, right after the message that made it.

What has one obvious meaning is mended and named as lost. What production cannot have been asked in this form is
`unreplayable`, because part of it was not logged. A history in order comes back as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rollouts.errors import Permanent
from rollouts.projections.call_ids import fresh_ids
from rollouts.types import Message, Part, ToolCall, ToolResult


@dataclass(slots=True)
class _Asked:
    """One call of the history, and what answers it."""

    call: ToolCall
    place: int
    """Of its message."""
    run: int
    """Assistant messages in a row are one run: some logs write parallel calls as a message each."""
    result: ToolResult | None = None
    answered_at: int = 0


def mended(messages: Sequence[Message]) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Return the history in order, and what was lost in words. Raises `Permanent` for what lacks a part."""
    losses: list[str] = []
    steps = [step for message in messages for step in _split(message, losses)]
    runs = _runs(steps)
    asked = _paired(steps, runs, losses)
    for call in asked:
        if call.result is None:
            _leave_unanswered(call, steps, losses)
    ordered = tuple(_in_order(steps, runs, _with_own_ids(asked), losses))
    return ordered, tuple(dict.fromkeys(losses))


def _split(message: Message, losses: list[str]) -> Iterator[Message]:
    """One message per tool result, and calls only from the assistant."""
    parts = message.parts
    if message.role != "assistant" and message.tool_calls:
        losses.append("a call that was not the assistant's")
        parts = tuple(part for part in parts if not isinstance(part, ToolCall))
    if message.role == "tool" or any(isinstance(part, ToolResult) for part in parts):
        yield from _apart(message, parts, losses)
    else:
        yield message if parts is message.parts else message.model_copy(update={"parts": parts})


def _apart(message: Message, parts: Sequence[Part], losses: list[str]) -> Iterator[Message]:
    said: list[Part] = []
    for part in (*parts, None):
        if said and (part is None or isinstance(part, ToolResult)):
            if message.role == "tool":
                losses.append("a tool's words outside of its result")
            yield message.model_copy(
                update={"parts": tuple(said), "role": "user" if message.role == "tool" else message.role}
            )
            said = []
        if isinstance(part, ToolResult):
            alone = message.role == "tool" and len(parts) == 1
            yield message if alone else Message(role="tool", parts=(part,))
        elif part is not None:
            said.append(part)


def _runs(steps: Sequence[Message]) -> list[int]:
    """Number each message by the run of assistant messages that it belongs to, or comes after."""
    runs, last = list[int](), 0
    for place, step in enumerate(steps):
        last += step.role == "assistant" and (place == 0 or steps[place - 1].role != "assistant")
        runs.append(last)
    return runs


def _paired(steps: Sequence[Message], runs: Sequence[int], losses: list[str]) -> list[_Asked]:
    """Return all calls with their results: by id, else by a tool's name in its place, else by order."""
    asked: list[_Asked] = []
    known: defaultdict[str, list[_Asked]] = defaultdict(list)
    strays: defaultdict[int, list[int]] = defaultdict(list)
    for place, step in enumerate(steps):
        for call in step.tool_calls:
            asked.append(_Asked(call, place, runs[place]))
            for name in {call.id, call.name}:
                known[name].append(asked[-1])
        if step.role == "tool":
            _give(_result(step), place, known, strays[runs[place]], losses)
    for run, places in strays.items():
        _give_by_order(places, [one for one in asked if one.run == run and one.result is None], steps, losses)
    return asked


def _give(result: ToolResult, place: int, known: dict[str, list[_Asked]], strays: list[int], losses: list[str]) -> None:
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
    places: Sequence[int], waiting: Sequence[_Asked], steps: Sequence[Message], losses: list[str]
) -> None:
    if not places:
        return
    if len(places) != len(waiting) or places[0] < waiting[-1].place:
        raise Permanent("unreplayable: a tool result without its call: part of the history was not logged")
    losses.append("which call a tool result answers: taken by their order")
    for place, one in zip(places, waiting, strict=True):
        one.result, one.answered_at = _result(steps[place]), place


def _leave_unanswered(one: _Asked, steps: Sequence[Message], losses: list[str]) -> None:
    """A user who speaks before the result comes is a fact of life; an assistant who goes on had a result."""
    later = (step for step in steps[one.place + 1 :] if step.role in {"user", "assistant"})
    follower = next((step for step in later if step.role == "user" or not _only_calls(step)), None)
    if follower is None or follower.role == "assistant":
        raise Permanent(f"unreplayable: the result of a call of {one.call.name!r} was not logged")
    losses.append("that a tool call had no result: an empty one was added")
    one.result, one.answered_at = ToolResult(id=one.call.id, response=""), len(steps)


def _with_own_ids(asked: Sequence[_Asked]) -> Sequence[_Asked]:
    """Give a fresh id to every call that has none or shares one, and to its result."""
    fresh, seen = fresh_ids({one.call.id for one in asked}), {""}
    for one in asked:
        own = one.call.id if one.call.id not in seen else next(fresh)
        seen.add(own)
        if own != one.call.id:
            one.call = one.call.model_copy(update={"id": own})
        if one.result is not None and own != one.result.id:
            one.result = one.result.model_copy(update={"id": own})
    return asked


def _in_order(
    steps: Sequence[Message], runs: Sequence[int], asked: Sequence[_Asked], losses: list[str]
) -> Iterator[Message]:
    """Each run of assistant messages with its results right behind it, and everything else in its place."""
    calls, results = defaultdict[int, list[_Asked]](list), defaultdict[int, list[_Asked]](list)
    for one in asked:
        calls[one.place].append(one)
        results[one.run].append(one)
    run: list[Message] = []
    for place, step in enumerate(steps):
        if step.role == "assistant":
            run.append(_with_calls(step, calls[place]))
            if place + 1 == len(steps) or steps[place + 1].role != "assistant":
                yield from _joined(run, losses)
                yield from _behind(place, steps, results[runs[place]], losses)
                run = []
        elif step.role != "tool":
            yield step


def _with_calls(step: Message, calls: Sequence[_Asked]) -> Message:
    if all(one.call is call for one, call in zip(calls, step.tool_calls, strict=True)):
        return step
    own = iter(calls)
    return step.model_copy(
        update={"parts": tuple(next(own).call if isinstance(part, ToolCall) else part for part in step.parts)}
    )


def _joined(run: Sequence[Message], losses: list[str]) -> Iterator[Message]:
    """A result must follow its call at once, so what the assistant said in between becomes one message with it."""
    first = next((number for number, message in enumerate(run) if message.tool_calls), len(run))
    yield from run[:first]
    if rest := run[first:]:
        if len(rest) > 1:
            losses.append("the border between two messages of the assistant")
        parts = tuple(part for message in rest for part in message.parts)
        yield rest[0] if len(rest) == 1 else rest[0].model_copy(update={"parts": parts})


def _behind(place: int, steps: Sequence[Message], answered: list[_Asked], losses: list[str]) -> Iterator[Message]:
    near = place + 1
    while near < len(steps) and steps[near].role == "tool":
        near += 1
    for one in sorted(answered, key=lambda one: one.answered_at):
        if near <= one.answered_at < len(steps):
            losses.append("the place of a tool result")
        original = steps[one.answered_at] if one.answered_at < len(steps) else None
        kept = original is not None and original.parts == (one.result,)
        if kept and original is not None:
            yield original
        elif one.result is not None:
            yield Message(role="tool", parts=(one.result,))


def _result(step: Message) -> ToolResult:
    return next(part for part in step.parts if isinstance(part, ToolResult))


def _same(one: ToolResult, other: ToolResult) -> bool:
    return one.response == other.response and one.media == other.media


def _only_calls(step: Message) -> bool:
    return bool(step.tool_calls) and not step.text.strip()
