"""One pattern for many texts, found as they are written."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from os.path import commonprefix
from typing import Final

_DEEPEST: Final = 16
"""Branches upon branches: patterns must not nest without end."""


def any_of(texts: Iterable[str]) -> str:
    """Return a pattern that matches any of `texts`, of those that fit the longest first.

    It branches where they part: of a plain list of thousands each would be tried at each place.
    """
    return _branched(sorted(set(texts), key=lambda text: (-len(text), text)), depth=0)


def _branched(longest_first: list[str], depth: int) -> str:
    if len(longest_first) == 1 or depth == _DEEPEST:
        return _either([re.escape(text) for text in longest_first])
    shared = commonprefix(longest_first)  # noqa: RUF071  texts, not paths
    tails = defaultdict[str, list[str]](list)
    for text in longest_first:
        tails[text[len(shared) : len(shared) + 1]].append(text[len(shared) + 1 :])
    ended = [""] if tails.pop("", None) else []
    ways = [re.escape(at) + _branched(rest, depth + 1) for at, rest in tails.items()]
    return re.escape(shared) + _either(ways + ended)


def _either(ways: list[str]) -> str:
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
