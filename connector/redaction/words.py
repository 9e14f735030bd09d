"""Finders for a person's own lists: names, and patterns with names. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connector.redaction.found import Finder, Found

_UMLAUTS: Final = {"a": "ae?", "o": "oe?", "u": "ue?"}


class _Folding(dict[int, int]):
    """From each letter to the same without its accent, learnt as letters are met; the length of a text stays."""

    def __missing__(self, letter: int) -> int:
        bare = unicodedata.normalize("NFKD", chr(letter)).lower()
        self[letter] = ord(bare[0]) if bare and not unicodedata.combining(bare[0]) else letter
        return self[letter]


_FOLDING: Final = _Folding()


def names(listed: Sequence[str]) -> Finder:
    """Find these names as whole words, in any case, with or without accents (`Müller`, `MULLER`, `Mueller`)."""
    by_length = sorted({" ".join(name.split()) for name in listed if name.strip()}, key=len, reverse=True)
    parts = "|".join(f"(?P<n{number}>{_spelt(name)})" for number, name in enumerate(by_length))
    pattern = re.compile(parts)
    values = [" ".join(name.translate(_FOLDING).split()) for name in by_length]

    def find(text: str) -> Iterator[Found]:
        for found in pattern.finditer(text.translate(_FOLDING)):
            number = int(str(found.lastgroup)[1:])
            yield Found(found.start(), found.end(), "NAME", values[number])

    return find


def _spelt(name: str) -> str:
    words = [_word(word) for word in name.split()]
    # Scripts that set no blanks between words have no letter case either.
    before = "" if unicodedata.category(name[0]) == "Lo" else r"(?<!\w)"
    after = "" if unicodedata.category(name[-1]) == "Lo" else r"(?!\w)"
    return before + r"[\s_.-]{1,3}".join(words) + after


def _word(word: str) -> str:
    letters = unicodedata.normalize("NFKC", word)
    folded = letters.translate(_FOLDING)
    umlauts = (letter != bare and _UMLAUTS.get(bare) for letter, bare in zip(letters.lower(), folded, strict=True))
    return "".join(loose or re.escape(bare) for loose, bare in zip(umlauts, folded, strict=True))


def patterns(listed: Mapping[str, str]) -> Finder:
    """Find what these regular expressions match; each gives its name to its placeholders."""
    compiled = [(name.upper(), re.compile(pattern)) for name, pattern in listed.items()]

    def find(text: str) -> Iterator[Found]:
        for label, pattern in compiled:
            yield from (Found(f.start(), f.end(), label, f[0]) for f in pattern.finditer(text) if f[0].strip())

    return find


def why_not(pattern: str) -> str | None:
    """Return why a regular expression cannot be used, if it cannot: one that repeats its own repetition never ends."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        return f"is no regular expression: {error}"
    if compiled.match(""):
        return "matches the empty text"
    if _explodes(_tree(pattern)):
        return "repeats what itself repeats, such as (a+)+, and could run for ever"
    return None


def _tree(pattern: str) -> Any:
    import re._parser as parser  # type: ignore[import-not-found]  # noqa: PLC0415  no public module parses

    return parser.parse(pattern)


def _explodes(tree: Any, *, inside: bool = False) -> bool:
    """Whether a repetition without end holds nothing but another one, or may hold nothing at all beside it."""
    for name, value in tree:
        match str(name), value:
            case ("MAX_REPEAT" | "MIN_REPEAT", (_, most, body)) if most > 1:
                endless = most > 64  # noqa: PLR2004  as good as endless
                if inside and endless and _alone(tree):
                    return True
                if _explodes(body, inside=inside or endless):
                    return True
            case "SUBPATTERN", (*_, body):
                if _explodes(body, inside=inside):
                    return True
            case "BRANCH", (_, ways):
                if any(_explodes(way, inside=inside) for way in ways):
                    return True
    return False


def _alone(tree: Any) -> bool:
    """Whether every part of a sequence may repeat or be absent, so that nothing marks where one ends."""
    return all(str(name) in {"MAX_REPEAT", "MIN_REPEAT", "SUBPATTERN", "AT"} for name, _ in tree)
