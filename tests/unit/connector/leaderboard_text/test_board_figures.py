"""Figures and names that have to be short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from connector.leaderboard_text.figures import (
    bounds,
    chance,
    count,
    dollars,
    elo,
    percent,
    places,
    points,
    seconds,
    within,
)
from connector.leaderboard_text.fitting import GAP, LEAST, apart, cut, fitted, least_width
from connector.leaderboard_text.sheets import Cell, Sheet, row

names = st.text(st.characters(exclude_categories=["C", "Z", "M"]), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (9_999, "9999"),
        (10_000, "10.0k"),
        (99_949, "99.9k"),
        (99_951, "100k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (123_456_789, "123M"),
    ],
)
def test_counts(number: int, text: str) -> None:
    """Exact as long as there is room."""
    assert count(number) == text


@given(st.integers(0, 999_499_999))
def test_counts_are_short(number: int) -> None:
    """Five characters are enough below a thousand millions."""
    assert len(count(number)) <= 5


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (percent(None), "—"),
        (percent(0.123), "12.3 %"),
        (points(-0.0312), "-3.1"),
        (within(0.5, None, None), "50.0 %"),
        (within(0.5, 0.25, 1.0), "50.0 (25.0 … 100.0)"),
        (bounds(0.5, 0.5), "no spread"),
        (places(2, 2), "2"),
        (places(None, 3), "—"),
        (dollars(0.0), "0.00"),
        (dollars(0.00421), "0.00421"),
        (dollars(999.994), "999.99"),
        (dollars(12_345.0), "12.3k"),
        (seconds(9.994), "9.99"),
        (seconds(9.996), "10.0"),
        (seconds(99.96), "100"),
        (chance(0.0009), "<0.001"),
        (chance(1.0), "1.000"),
        (elo(1000.4, None, None), "1000"),
    ],
)
def test_figures(text: str, wanted: str) -> None:
    """Unknown is a dash, and nothing is rounded into another width."""
    assert text == wanted


@given(names, st.integers(1, 40))
def test_cutting_keeps_to_the_limit(name: str, limit: int) -> None:
    """A name is no wider than it may be, whatever its letters are; a short one is left alone."""
    assert cell_len(cut(name, limit)) <= limit
    assert cut(name, cell_len(name)) == name


@given(st.lists(names, unique=True, max_size=20), st.integers(LEAST, 40))
def test_no_two_names_become_one(found: list[str], limit: int) -> None:
    """Shortened names are told apart by where they differ, or else by a digest."""
    short = apart(found, limit)
    assert list(short) == found
    assert len(set(short.values())) == len(found)
    assert all(cell_len(text) <= limit for text in short.values())


def test_names_are_told_apart_by_where_they_differ() -> None:
    """What they share at their beginning goes first."""
    assert list(apart(["a-long-vendor/one-small-model", "a-long-vendor/two-small-model"], 14).values()) == [
        "…one-sm…-model",
        "…two-sm…-model",
    ]


@given(st.lists(st.tuples(names, names, st.integers(0, 10**9)), min_size=1, max_size=8), st.integers(20, 120))
def test_a_sheet_is_as_narrow_as_asked_where_it_can(found: list[tuple[str, str, int]], width: int) -> None:
    """Names give way; figures are never touched."""
    sheet = Sheet("t", ("first", "second", "n"), tuple(row(a, b, str(n)) for a, b, n in found), names=2)
    shown = fitted(sheet, width)
    widths = [max(cell_len(text) for text in column) for column in zip(shown.columns, *_texts(shown), strict=True)]
    assert sum(widths) + 2 * GAP <= max(width, least_width(sheet))
    assert [cells[2] for cells in shown.rows] == [Cell(str(n)) for _, _, n in found]


def _texts(sheet: Sheet) -> list[list[str]]:
    return [[cell.text for cell in cells] for cells in sheet.rows]
