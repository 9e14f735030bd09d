"""Tool call ids as a provider accepts them: of the right letters and length, and no id twice."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Collection, Iterator, Sequence

from rollouts.types import Message, Part, ToolCall, ToolResult


def with_fitting_ids(messages: Sequence[Message], fitting: re.Pattern[str]) -> Sequence[Message]:
    """Return `messages` with every id that does not fit, or names two calls, replaced in the call and in its result.

    Some frameworks use a tool's name as the id, so a result belongs to the oldest call of its id without a result.
    """
    ids = [part.id for message in messages for part in message.parts if isinstance(part, ToolCall)]
    results = [part.id for message in messages for part in message.parts if isinstance(part, ToolResult)]
    if len(set(ids)) == len(ids) and all(fitting.fullmatch(name) for name in (*ids, *results)):
        return messages
    fresh = fresh_ids({*ids, *results})
    seen: set[str] = set()
    waiting: defaultdict[str, deque[str]] = defaultdict(deque)

    def renamed(part: Part) -> Part:
        if isinstance(part, ToolCall):
            name = part.id if part.id not in seen and fitting.fullmatch(part.id) else next(fresh)
            seen.add(name)
            waiting[part.id].append(name)
            return part.model_copy(update={"id": name})
        if isinstance(part, ToolResult):
            answered = waiting[part.id]
            name = answered.popleft() if answered else part.id if fitting.fullmatch(part.id) else next(fresh)
            return part.model_copy(update={"id": name})
        return part

    return tuple(m.model_copy(update={"parts": tuple(renamed(part) for part in m.parts)}) for m in messages)


def fresh_ids(taken: Collection[str]) -> Iterator[str]:
    """Yield ids that nobody has taken, of nine letters and digits: Mistral accepts no others."""
    for number in range(1, 100_000):
        if (name := f"call{number:05d}") not in taken:
            yield name
