"""The same call logged within itself, and runs that are logged as if they were calls. Pure."""

from __future__ import annotations

from connector.calls.copies import COPY, RUN, Copies
from connector.calls.likeness import is_flat


def merge_nested(copies: Copies) -> None:
    """Leave of nested logs those that are calls of their own, the innermost settled first.

    What a tool asks of a model while it runs is its own call, not a step of the call that encloses it.
    """
    inner: dict[str, list[str]] = {}
    steps = copies.steps
    for step in sorted(steps, key=lambda step: -sum(1 for _ in copies.tree.above(step))):
        within = sorted(inner.pop(step, []), key=lambda each: (copies.tree.observations[each].started_at, each))
        _settle(copies, step, within)
        left = [each for each in (step, *within) if each in copies.calls or each in copies.lost]
        above = copies.tree.nearest(step, lambda each: each.id in steps or each.type == "TOOL")
        if above is not None and above.id in steps:
            inner.setdefault(above.id, []).extend(left if step not in left else [step])


def _settle(copies: Copies, outer: str, within: list[str]) -> None:
    """Decide what `outer` is, from the logs that lie directly within it."""
    readable = [each for each in within if each in copies.calls]
    if within and (outer in copies.lost or (len(within) > 1 and not readable)):
        copies.drop(outer, within[-1], RUN)
    elif within and not readable:
        copies.drop(within[0], outer, COPY)
    elif len(within) == 1 and _is_copy(copies, outer, within[0]):
        copies.merge(outer, within[0])
    elif any(_is_wrapper(copies, outer, each) or _is_copy(copies, outer, each) for each in readable):
        copies.drop(outer, readable[-1], RUN)


def _is_copy(copies: Copies, outer: str, inner: str) -> bool:
    """An outer log may hold the object that was parsed from what its inner one said, or text without the calls.

    Under another system prompt the same question is another call's: a guard's, within the call that it guards.
    """
    one, other = copies.likeness(outer), copies.likeness(inner)
    alike = "" in (one.system, other.system) or one.system == other.system or is_flat(one.call) or is_flat(other.call)
    return (alike and one.same_question(other)) or (one.tells and other.tells and one.same_answer(other))


def _is_wrapper(copies: Copies, outer: str, inner: str) -> bool:
    """Around messages, text is what a function of the application was given and gave back."""
    return is_flat(copies.calls[outer]) and not is_flat(copies.calls[inner])
