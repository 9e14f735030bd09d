"""A history in words and lines: readable at 80 columns, without colours, and never joined across conditions."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from connector.chronicle import chronicle
from connector.commands._history_table import print_history
from connector.history_text.as_csv import as_csv
from connector.history_text.moves import move
from connector.history_text.whiskers import axis, scale, whisker
from connector.periods import Period
from judges.standings.changes import Shift
from judges.standings.parts import WHOLE, Part
from judges.standings.tiers import TierStanding
from tests.gating import board


def period(epoch: str, rate: float, *, judge: str = "j/1", mark: str = "f1", closed: bool = True) -> Period:
    """Return one epoch of one challenger."""
    row = TierStanding(
        tier="fresh", challenger="rival", turns=90, conversations=60, win_rate=rate, low=rate - 0.05, high=rate + 0.05
    )
    at = datetime(2026, 11, 25, tzinfo=UTC) if closed else None
    facts = {"judge": judge, "lasting": judge, "comparability": f"{judge} {epoch}", "closed_at": at}
    whole = Part(
        challenger="rival",
        dimension=WHOLE,
        value="(none)",
        turns=90,
        conversations=60,
        weight=90,
        mean=rate,
        variance=0.0006,
        freedom=59,
    )
    cluster = whole.model_copy(update={"dimension": "cluster", "value": "refunds"})
    return Period(
        board=board(row, epoch=epoch, **facts), fingerprints={"rival": mark}, unfinished={}, parts=(whole, cluster)
    )


PERIODS = [
    period("2026-W45", 0.60, judge="j/0"),
    period("2026-W46", 0.52, judge="j/0"),
    period("2026-W46", 0.50),
    period("2026-W47", 0.30),
    period("2026-W48", 0.31, mark="f2", closed=False),
]


def test_only_what_may_be_compared_is_compared() -> None:
    """Another judge or another configuration begins another line, and no change is told across it."""
    found = chronicle(PERIODS)
    assert [(each.earlier, each.later) for each in found.shifts] == [("2026-W45", "2026-W46"), ("2026-W46", "2026-W47")]
    assert len({point.line for point in found.points}) == 3
    assert [point.epoch for point in found.points] == ["2026-W45", "2026-W46", "2026-W46", "2026-W47", "2026-W48"]
    assert chronicle(PERIODS, only="nobody").points == ()
    assert chronicle(PERIODS, tier="golden").shifts == ()


@pytest.mark.parametrize("width", [55, 60, 80, 100, 200])
def test_it_fits_and_needs_no_colours(width: int) -> None:
    """Each epoch is a line with its interval; where conditions changed, a line says so."""
    out = io.StringIO()
    print_history(Console(file=out, width=width, color_system=None, highlight=False), chronicle(PERIODS))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert sum("●" in line for line in lines) == 5
    assert all(("├" in line) == ("┤" in line) for line in lines)
    assert sum(line.startswith("epoch") and line.rstrip().endswith("%") for line in lines) == 1
    assert sum("other conditions" in line for line in lines) == 2
    assert "2026-W48*" in out.getvalue()
    assert "The challenger has become worse." in " ".join(line.strip() for line in lines)


def test_without_room_for_a_drawing_there_is_none() -> None:
    """Half of one would be another one: figures and intervals stay whole."""
    out = io.StringIO()
    print_history(Console(file=out, width=44, color_system=None, highlight=False), chronicle(PERIODS))
    assert "●" not in out.getvalue()
    assert (
        sum(line.startswith("2026-W4") and line.rstrip().count("…") == 1 for line in out.getvalue().splitlines()) == 5
    )


def test_the_csv_has_every_point() -> None:
    """One line each, under a head."""
    assert len(as_csv(chronicle(PERIODS)).splitlines()) == 6


def test_a_move_says_whose_it_is() -> None:
    """Own change with its interval, other traffic, and how much was compared; what cannot be told apart is not."""
    found = Shift(challenger="x", earlier="a", later="b", before=0.5, after=0.4, dimension=None)
    assert "cannot be told apart" in move(found)
    told = {"dimension": "cluster", "within": -0.02, "low": -0.06, "high": 0.02, "mix": -0.08, "parts": 4}
    shown = move(found.model_copy(update=told | {"covered_before": 0.9, "covered_after": 0.8}))
    assert "-10.0 points = -2.0 on the same clusters in the same mix (-6.0 … 2.0) -8.0 by other traffic" in shown
    assert "90 % and 80 % of the traffic compared. No change of its own is certain." in shown


share = st.floats(0, 1)


@given(st.lists(st.tuples(share, share, share), min_size=1), st.integers(16, 120), st.none() | st.just(0.5))
def test_lines_stay_inside_and_points_inside_their_intervals(
    figures: list[tuple[float, float, float]], width: int, mark: float | None
) -> None:
    """Whatever the figures, no line is too long, and each point is drawn."""
    ordered = [(sorted(each)[1], min(each), max(each)) for each in figures]
    known = scale(ordered, mark)
    assert len(axis(known, width)) <= width
    for each in ordered:
        line = whisker(each, known, width)
        assert len(line) <= width
        assert line.count("●") == 1
    assert whisker((None, None, None), known, width).strip() in ("", "┊")
