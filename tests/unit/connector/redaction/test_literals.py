"""Many literal texts as one pattern: it finds what a plain list of them finds, only sooner."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from connector.redaction.literals import any_of

texts = st.lists(st.text("ab.é(\n", min_size=1, max_size=24), min_size=1, max_size=12)


@given(texts, st.text("ab.é(\n", max_size=60))
@example(["a" * length for length in range(1, 40)], "a" * 60)
def test_the_pattern_finds_what_a_plain_list_finds(known: list[str], text: str) -> None:
    """Of what fits at a place the longest, and a shorter one where what follows forbids the longer."""
    listed = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    for follows in ("", r"(?!a)", r"\b"):
        plain, branched = (
            [found.span() for found in re.finditer(rf"(?<!b)(?:{each}){follows}", text)]
            for each in (listed, any_of(known))
        )
        assert branched == plain


def test_thousands_of_texts_make_one_pattern() -> None:
    """Also where each is the beginning of the next, and where all part at once."""
    nested = ["x" * length for length in range(1, 2000)]
    apart = [f"user{number}@example.com" for number in range(5000)]
    found = re.compile(any_of([*nested, *apart])).fullmatch
    assert all(found(text) for text in (*nested, *apart))
    assert not found("user5000@example.com")
