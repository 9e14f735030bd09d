"""The same call logged side by side: two handlers, two instrumentations, a proxy and its client. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from connector.calls.copies import Copies

_TOGETHER = timedelta(milliseconds=50)
_OVERLAP = 0.8
"""Of the shorter one's time."""


def merge_doubles(copies: Copies) -> None:
    """Let one call stand for all that agree in time, question, answer and speaker."""
    for one, other in _pairs(copies):
        if one in copies.calls and other in copies.calls and _is_double(copies, one, other):
            copies.merge(one, other)


def _pairs(copies: Copies) -> Iterator[tuple[str, str]]:
    """Yield those that end with the same words and run at one time; all others are never compared."""
    known = sorted((copies.likeness(step).last, *_times(copies, step), step) for step in copies.calls)
    for _, alike in groupby(known, key=itemgetter(0)):
        running = dict[str, datetime]()
        for _, begun, ended, step in alike:
            running = {each: until for each, until in running.items() if until + _TOGETHER > begun}
            yield from ((each, step) for each in running)
            running[step] = ended


def _is_double(copies: Copies, one: str, other: str) -> bool:
    a, b = copies.likeness(one), copies.likeness(other)
    return (
        _together(_times(copies, one), _times(copies, other))
        and a.same_answer(b)
        and a.same_speaker(b)
        and a.same_question(b)
    )


def _times(copies: Copies, step: str) -> tuple[datetime, datetime]:
    seen, begun = copies.tree.observations.get(step), copies.calls[step].started_at
    return begun, max(begun, (seen.ended_at if seen else None) or begun)


def _together(one: tuple[datetime, datetime], other: tuple[datetime, datetime]) -> bool:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    shorter = min(one[1] - one[0], other[1] - other[0])
    return abs(one[0] - other[0]) < _TOGETHER or shared > _OVERLAP * shorter
