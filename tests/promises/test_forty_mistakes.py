"""The forty mistakes of the closest peer: none can happen here, and each that could has a test that says so.

The numbers are those of the study that found them; a test named `test_row_07_…` keeps the promise of row 7.
"""

from __future__ import annotations

import re
from pathlib import Path

ALL = set(range(1, 41))

ELSEWHERE = {
    12: "a user writes no data loaders here: there is one source, and nothing closes over a loop's variable",
    35: "people look at Langfuse: there is no web interface of our own that could read whole tables for ever",
}
"""Rows that cannot apply, each with its reason."""


def rows() -> dict[int, list[str]]:
    """Return the tests of this folder by row."""
    found: dict[int, list[str]] = {}
    for path in Path(__file__).parent.glob("test_*.py"):
        for name, number in re.findall(
            r"^(?:async )?def (test_row_(\d\d)_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            found.setdefault(int(number), []).append(name)
    return found


def test_every_mistake_is_answered_for() -> None:
    """All forty rows are there: each has a test, or a reason why it cannot happen, and none has both."""
    assert rows().keys() | ELSEWHERE.keys() == ALL
    assert not rows().keys() & ELSEWHERE.keys()
    assert all(ELSEWHERE.values())
