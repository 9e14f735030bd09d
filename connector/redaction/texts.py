"""Masks the texts of one conversation, plain or JSON, one after the other."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, Final, NamedTuple

from connector.redaction.finding import Finding
from connector.redaction.found import Found, Unmaskable, merged
from connector.redaction.literals import any_of
from connector.redaction.placeholders import PLACEHOLDER, Placeholders

WITHHELD: Final = "<WITHHELD>"
"""Stands for a text that could not be searched."""

TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*')
"""A text or a number within JSON."""
_DEEPEST: Final = 8
"""JSON within JSON within JSON: nobody nests deeper, and a search must end."""
_MOST_ROUNDS: Final = 4
"""What is masked may have hidden something beside it: a number is not seen within a longer one."""
_SHORTEST_AGAIN: Final = 5
"""Characters that a value needs to be looked for where no finder sees it."""
_LONGEST_AGAIN: Final = 64
"""Of a value that breaks off later the rest is no part of it any more."""


class Piece(NamedTuple):
    """One replacement."""

    start: int
    end: int
    text: str


class Texts:
    """Masks text after text with the placeholders of one conversation."""

    def __init__(self, find: Finding, placeholders: Placeholders, *, strict: bool, raw: bool) -> None:
        """With `raw`, what looks like a placeholder is production's own, and gets one of ours; else it stays."""
        self._find, self._placeholders, self._strict, self._raw = find, placeholders, strict, raw
        self.changed = False
        """Whether anything was masked so far."""
        self._again: re.Pattern[str] | None = None

    def look_again(self, *, cut: str | None = None) -> None:
        """From here on mask what was found so far also where no finder would see it, such as a bare number.

        With `cut` also where it breaks off, if that pattern follows.
        """
        known = sorted((s for s in self._placeholders.spellings if len(s) >= _SHORTEST_AGAIN), key=len, reverse=True)
        whole = rf"{any_of(known)}(?![A-Za-z0-9])"
        beginning = "" if cut is None else f"|(?:{'|'.join(map(_beginning, known))}){cut}"
        if known:
            self._again = re.compile(rf"(?<![A-Za-z0-9])(?:{whole}{beginning})")

    def text(self, text: str, depth: int = 0) -> str:
        """Return `text` masked; JSON stays JSON. Raises `Unmaskable` where that is not allowed to pass."""
        try:
            found = self._found(text)
            for _ in range(_MOST_ROUNDS):
                if not found:
                    break
                self.changed = True
                pieces = self._json_pieces(text, found, depth) if is_json(text) else self._pieces(text, found)
                text = _replaced(text, pieces)
                found = self._find(text)
        except Unmaskable:
            if self._strict:
                raise
            self.changed = True
            return WITHHELD
        return text

    def name(self, name: str) -> str:
        """Return an identifier masked, as an identifier: without brackets, which no provider takes there."""
        masked = self.text(name)
        return name if masked == name else masked.replace("<", "").replace(">", "")

    def value(self, value: Any) -> Any:
        """Return a JSON value with all its keys and texts masked, and numbers that are no mere numbers as texts."""
        written = json.dumps(value, ensure_ascii=False)
        masked = self.text(written)
        return value if masked is written else json.loads(masked) if masked != WITHHELD else masked

    def _found(self, text: str) -> tuple[Found, ...]:
        found = [*self._find(text), *self._literal(text)]
        if self._again is not None:
            found += (Found(m.start(), m.end(), *self._known(m[0])) for m in self._again.finditer(text))
        return merged(found)

    def _known(self, written: str) -> tuple[str, str]:
        """Return label and value of what is written so, or begins so."""
        spellings = self._placeholders.spellings
        return spellings.get(written) or next(each for whole, each in spellings.items() if whole.startswith(written))

    def _literal(self, text: str) -> Iterator[Found]:
        """Yield what looks like a placeholder and is none of ours: two values must never share one."""
        if "<" not in text:
            return
        for found in PLACEHOLDER.finditer(text):
            if self._raw and not self._placeholders.is_ours(found[0]):
                yield Found(found.start(), found.end(), found["label"], found[0])
            else:
                self._placeholders.pass_over(found[0])

    def _stand_in(self, found: Found, written: str, meant: str | None = None) -> str:
        """Return a placeholder for what stands there as `written`, and means `meant` where that is something else."""
        return self._placeholders.of(found.label, found.value, written, written if meant is None else meant)

    def _pieces(self, text: str, found: tuple[Found, ...]) -> Iterator[Piece]:
        for each in found:
            yield Piece(each.start, each.end, self._stand_in(each, _written(text, each)))

    def _json_pieces(self, text: str, found: tuple[Found, ...], depth: int) -> Iterator[Piece]:
        """Yield replacements within single texts and numbers, so that what is around them stays what it was."""
        ahead = deque(found)
        for token in TOKEN.finditer(text):
            inside = _within(token, ahead)
            if not inside:
                continue
            if not token[0].startswith('"'):
                yield Piece(token.start(), token.end(), f'"{self._stand_in(inside[0], _written(text, inside[0]))}"')
            elif depth < _DEEPEST and (nested := self._nested(text, token[0], inside, depth)):
                yield Piece(token.start(), token.end(), nested)
            else:
                yield from self._in_string(text, token, inside)

    def _nested(self, text: str, token: str, inside: list[Found], depth: int) -> str | None:
        """Return a text that is JSON itself masked as such, or `None` where that finds nothing or it is none."""
        if '\\"' not in token or not is_json(nested := json.loads(token)):
            return None
        for each in inside:
            self._stand_in(each, _written(text, each), "")
        self.look_again()
        masked = self.text(nested, depth + 1)
        return None if masked == nested else json.dumps(masked, ensure_ascii=False)

    def _in_string(self, text: str, token: re.Match[str], inside: list[Found]) -> Iterator[Piece]:
        for each in inside:
            start, end = max(each.start, token.start() + 1), min(each.end, token.end() - 1)
            if start < end:
                written = text[start:end]
                yield Piece(start, end, self._stand_in(each, written, _unescaped(written)))


def _within(token: re.Match[str], ahead: deque[Found]) -> list[Found]:
    """Return what lies in `token`, and forget what lies before it: a list of thousands is walked once."""
    while ahead and ahead[0].end <= token.start():
        ahead.popleft()
    return list(takewhile(lambda each: each.start < token.end(), ahead))


def _beginning(written: str) -> str:
    """Return a pattern of a value that may break off anywhere behind what would tell nothing."""
    head, tail = written[:_SHORTEST_AGAIN], written[_SHORTEST_AGAIN:_LONGEST_AGAIN]
    return re.escape(head) + "".join(f"(?:{re.escape(letter)}" for letter in tail) + ")?" * len(tail)


def _unescaped(written: str) -> str:
    if "\\" not in written:
        return written
    try:
        return str(json.loads(f'"{written}"'))
    except ValueError:
        return written


def _written(text: str, found: Found) -> str:
    return text[found.start : found.end]


def is_json(text: str) -> bool:
    """Whether a text is JSON by itself: an object, a list or a text in quotes."""
    if text.lstrip()[:1] not in {"{", "[", '"'}:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _replaced(text: str, pieces: Iterator[Piece]) -> str:
    told, at = list[str](), 0
    for piece in pieces:
        told += (text[at : piece.start], piece.text)
        at = piece.end
    return "".join((*told, text[at:]))
