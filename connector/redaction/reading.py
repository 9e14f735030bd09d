"""A text as a careful reader sees it: without what hides an address or a number from a search. Pure."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import unquote

_BLANK: Final = r"\u00a0\u2000-\u200a\u202f\u205f\u3000"
_INVISIBLE: Final = r"\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
_DASH: Final = r"\u2010-\u2015\u2212"
_WIDE: Final = r"\uff01-\uff5e"
_SIGN: Final = re.compile(rf"[%&\\{_BLANK}{_INVISIBLE}{_DASH}{_WIDE}\d](?<![0-9])")
"""How everything hidden begins. Searched first: one set of characters is found ten times as fast as a choice."""
_HIDDEN: Final = re.compile(
    r"(?P<percent>%(?:25)*[2-7][0-9A-Fa-f])"
    r"|(?P<entity>&(?:#\d{2,5}|#[xX][0-9A-Fa-f]{2,4}|commat|period|colon|lowbar|nbsp);)"
    r"|\\u(?P<escape>[0-9A-Fa-f]{4})"
    rf"|(?P<blank>\\[nrtbf]|[{_BLANK}])"
    r"|\\(?P<slashed>[/\"])"
    rf"|(?P<invisible>[{_INVISIBLE}])"
    rf"|(?P<dash>[{_DASH}])"
    rf"|(?P<wide>[{_WIDE}]|(?![0-9])\d)"
)
"""URL, HTML and JSON escapes, what nobody sees, and signs and digits in another dress."""


class Reading(NamedTuple):
    """A text to search in, and where each of its characters stands in the original."""

    text: str
    starts: Sequence[int] | None = None
    """`None` where every character stands for itself."""
    ends: Sequence[int] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text that was read between `start` and `end`."""
        if self.starts is None or self.ends is None or start >= end:
            return start, end
        return self.starts[start], self.ends[end - 1]


def read(text: str) -> Reading:
    """Return `text` with every escape, wide form and strange digit as plain characters, and without invisible ones."""
    signs = (sign.start() for sign in _SIGN.finditer(text))
    hidden = [found for start in signs if (found := _HIDDEN.match(text, start))]
    return _unveiled(text, hidden) if hidden else Reading(text)


def _unveiled(text: str, hidden: Sequence[re.Match[str]]) -> Reading:
    pieces, starts, ends, at = list[str](), list[int](), list[int](), 0
    for found in hidden:
        pieces += (text[at : found.start()], plain := _plain(found))
        starts.extend(range(at, found.start()))
        ends.extend(range(at + 1, found.start() + 1))
        starts.extend(found.start() for _ in plain)
        ends.extend(found.end() for _ in plain)
        at = found.end()
    pieces.append(text[at:])
    starts.extend(range(at, len(text)))
    ends.extend(range(at + 1, len(text) + 1))
    return Reading("".join(pieces), starts, ends)


def _plain(found: re.Match[str]) -> str:
    text = found[0]
    match found.lastgroup:
        case "percent":
            return unquote(f"%{text[-2:]}")
        case "entity":
            return html.unescape(text)
        case "escape":
            letter = chr(int(found["escape"], 16))
            hidden = _HIDDEN.fullmatch(letter)
            return _plain(hidden) if hidden else letter
        case "wide":
            return str(unicodedata.digit(text)) if text.isdigit() else unicodedata.normalize("NFKC", text)
        case kind:
            return {"blank": " ", "dash": "-", "slashed": text[-1]}.get(kind or "", "")
