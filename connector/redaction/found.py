"""The words of finders. A finder is pure: from a text to the spans of it that nobody else should see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Found(NamedTuple):
    """One span of a text."""

    start: int
    end: int
    label: str
    """What it is, as its placeholder says: `EMAIL` becomes `<EMAIL_1>`."""
    value: str
    """The one spelling that all spellings of the same thing share."""


Finder = Callable[[str], Iterable[Found]]


class Unmaskable(Exception):
    """Something may hold personal data that nobody can find; the text says what it is, in few words."""


_CHECKED = {"CARD", "IBAN"}
"""What has so many check digits that no part of it is a phone number."""


def merged(found: Iterable[Found]) -> tuple[Found, ...]:
    """Return spans that do not overlap, left to right. Of overlapping ones the longest names all that they cover."""
    kept: list[Found] = []
    spans = list(found)
    sure = [span for span in spans if span.label in _CHECKED]
    spans = [span for span in spans if span.label != "PHONE" or not any(_overlap(span, other) for other in sure)]
    for each in sorted(spans, key=lambda span: (span.start, span.start - span.end)):
        if kept and each.start < kept[-1].end:
            kept[-1] = _union(kept[-1], each)
        elif each.end > each.start:
            kept.append(each)
    return tuple(kept)


def _overlap(one: Found, other: Found) -> bool:
    return one.start < other.end and other.start < one.end


def _union(one: Found, other: Found) -> Found:
    longer = max(one, other, key=lambda span: span.end - span.start)
    start, end = min(one.start, other.start), max(one.end, other.end)
    if (longer.start, longer.end) == (start, end):
        return longer
    return Found(start, end, longer.label, f"{one.value}\x1f{other.value}")
