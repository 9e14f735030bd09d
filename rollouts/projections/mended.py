"""A logged history as every provider wants it: each call is answered once, right after the message that made it.

What has one obvious meaning is mended and named as lost. What production cannot have been asked in this form is
`unreplayable`, because part of it was not logged. A history in order comes back as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rollouts.projections.pairing import CallMade, paired
from rollouts.types import Message, Part, ToolCall, ToolResult


def mended(messages: Sequence[Message]) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Return the history in order, and what was lost in words. Raises `Permanent` for what lacks a part."""
    losses: list[str] = []
    steps = [step for message in messages for step in _split(message, losses)]
    runs = _runs(steps)
    ordered = tuple(_in_order(steps, runs, paired(steps, runs, losses), losses))
    return ordered, tuple(dict.fromkeys(losses))


def _split(message: Message, losses: list[str]) -> Iterator[Message]:
    """One message per tool result, and calls only from the assistant."""
    parts = message.parts
    if message.role == "assistant" and not any(isinstance(part, ToolResult) for part in parts):
        yield message
        return
    if message.role != "assistant" and any(isinstance(part, ToolCall) for part in parts):
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


def _in_order(
    steps: Sequence[Message], runs: Sequence[int], asked: Sequence[CallMade], losses: list[str]
) -> Iterator[Message]:
    """Each run of assistant messages with its results right behind it, and everything else in its place."""
    calls, results = defaultdict[int, list[CallMade]](list), defaultdict[int, list[CallMade]](list)
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


def _with_calls(step: Message, calls: Sequence[CallMade]) -> Message:
    if not calls or all(one.call is call for one, call in zip(calls, step.tool_calls, strict=True)):
        return step
    own = iter(calls)
    return step.model_copy(
        update={"parts": tuple(next(own).call if isinstance(part, ToolCall) else part for part in step.parts)}
    )


def _joined(run: Sequence[Message], losses: list[str]) -> Iterator[Message]:
    """A result must follow its call at once, so what the assistant said in between becomes one message with it."""
    if len(run) == 1:
        yield run[0]
        return
    first = next((number for number, message in enumerate(run) if message.tool_calls), len(run))
    yield from run[:first]
    if rest := run[first:]:
        if len(rest) > 1:
            losses.append("the border between two messages of the assistant")
        parts = tuple(part for message in rest for part in message.parts)
        yield rest[0] if len(rest) == 1 else rest[0].model_copy(update={"parts": parts})


def _behind(place: int, steps: Sequence[Message], answered: list[CallMade], losses: list[str]) -> Iterator[Message]:
    near = place + 1
    while near < len(steps) and steps[near].role == "tool":
        near += 1
    for one in sorted(answered, key=lambda one: one.answered_at):
        if near <= one.answered_at < len(steps):
            losses.append("the place of a tool result")
        original = steps[one.answered_at] if one.answered_at < len(steps) else None
        if original is not None and len(original.parts) == 1 and original.parts[0] is one.result:
            yield original
        elif one.result is not None:
            yield Message(role="tool", parts=(one.result,))
