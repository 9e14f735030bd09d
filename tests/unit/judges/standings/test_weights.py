"""Figures as estimates for all traffic, from turns that were drawn with unequal chances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.standings.corrected import corrected
from judges.standings.leaderboard import Leaderboard
from judges.standings.outcomes import HumanVerdict, Outcome, Turn
from judges.standings.quantiles import quantiles
from judges.standings.spread import drawn
from judges.standings.style import Style
from judges.types import Scale
from judges.verdicts import outcome as said
from tests.outcomes import outcome, rows, tallied, turn

SEVENTHS = (0, 1 / 14, 1 / 7, 0.5, 6 / 7, 13 / 14, 1)
SCALES: tuple[Scale, ...] = ("sevenths", "weight_3")
SKEWED = [1.0 + n // 3 % 3 for n in range(150)]
"""What each of 150 turns of 50 conversations stands for."""
FIGURES = ("win_rate", "tool_validity", "same_calls", "cost_per_1000_turns_usd", "elo", "fault_shares", "cost_ratio")


def traffic(weights: Sequence[float], *, scale: Scale = "sevenths", written_out: bool = False) -> Leaderboard:
    """Two challengers on turns that stand for so many; written out, each is there as often as that."""
    turns, outcomes = list[Turn](), list[Outcome]()
    for n, weight in enumerate(weights):
        for copy in range(int(weight) if written_out else 1):
            place, look = f"v{n // 3}/{n}/{copy}", Style(100 + 7 * n % 50, n % 2, n % 3, 0)
            facts: dict[str, Any] = {"weight": 1.0 if written_out else weight, "slices": (("tag", str(n // 3 % 2)),)}
            turns.append(turn(place, cost_usd=1 + n % 5, latency_s=n % 7, style=look, calls=2, **facts))
            for name, step in (("x", 3), ("y", 5)):
                score, fought = SEVENTHS[n * step % 7], 2.0 + 2 * (n % 2)
                spent = {"cost_usd": n % 4, "latency_s": n % 11, "faults": ("schema",) * (n % 4 == 0)}
                looks = {"style": Style(100 + 3 * n % 40, 0, n % 4, 1), "calls": 1 + n % 2, "same_calls": n % 3 > 0}
                outcomes.append(outcome(name, place, score, won=score * fought, battles=fought, **looks, **spent))
    people = [HumanVerdict("x", f"v{n // 3}/{n}/0", n % 3 / 2, said(n % 3 / 2), 0.5) for n in range(0, 60, 4)]
    return tallied(outcomes, turns, scale=scale, rounds=200, people=people)


def others(board: Leaderboard) -> list[float | None]:
    """Return the means that are not in rows."""
    found = [pair.difference for pair in board.differences] + [part.win_rate for part in board.slices]
    return found + [each.share for each in board.meetings]


@pytest.mark.parametrize("scale", SCALES)
def test_how_much_traffic_there_was_changes_no_figure(scale: Scale) -> None:
    """All turns standing for 3.7 each give the leaderboard of all standing for one, to the last digit."""
    one, more = (traffic([weight] * 150, scale=scale) for weight in (1.0, 3.7))
    assert more.traffic_turns == pytest.approx(555)
    assert more.model_copy(update={"traffic_turns": one.traffic_turns}) == one


@pytest.mark.parametrize("scale", SCALES)
def test_a_turn_that_stands_for_two_counts_as_two(scale: Scale) -> None:
    """Every mean is that of the traffic written out: rows, production's, differences, slices and meetings."""
    ours, theirs = traffic(SKEWED, scale=scale), traffic(SKEWED, scale=scale, written_out=True)
    assert (ours.drawn_turns, ours.traffic_turns, theirs.traffic_turns) == (150, sum(SKEWED), sum(SKEWED))
    known = rows(ours)
    for name, row in rows(theirs).items():
        for figure in FIGURES:
            expected = getattr(row, figure)
            close = expected if expected is None else pytest.approx(expected, rel=1e-6)
            assert getattr(known[name], figure) == close, (name, figure)
    assert others(ours) == pytest.approx(others(theirs))


def test_unequal_weights_widen_intervals_and_count_as_fewer_conversations() -> None:
    """Kish: 50 conversations of which one in ten stands for ten times as much are worth some 18, a small sample."""
    heavy = [1.0 + 9 * (n // 3 % 10 == 0) for n in range(150)]
    even, uneven = (rows(traffic(weights))["x"] for weights in ([1.0] * 150, heavy))
    assert (even.conversations, even.effective, even.small) == (50, 50, False)
    assert (uneven.conversations, uneven.effective, uneven.small) == (50, 16, True)
    assert None not in (even.high, even.low, uneven.high, uneven.low)
    assert uneven.high - uneven.low > 1.3 * (even.high - even.low)  # type: ignore[operator]
    assert (uneven.more_conversations or 0) > 1.5 * (even.more_conversations or 0)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 5)), min_size=1, max_size=40), st.floats(0, 1))
def test_weighted_quantiles_lie_among_the_values(drawn_values: list[tuple[float, int]], share: float) -> None:
    """Between the least and the greatest, never falling with the share, and type 7 where all weigh the same."""
    values, weights = (np.array(column, dtype=float) for column in zip(*drawn_values, strict=True))
    lower, found = quantiles(values, weights, (share / 2, share))
    assert lower is not None
    assert found is not None
    assert values.min() - 1e-9 <= lower <= found + 1e-9 <= values.max() + 2e-9
    assert quantiles(values, np.full(len(values), 2.5), (share,)) == [np.quantile(values, share)]


def test_a_quantile_is_that_of_the_traffic() -> None:
    """Slow answers that stand for nineteen in twenty are the median, and of nothing there is none."""
    values, weights = np.arange(200.0), np.where(np.arange(200) < 100, 1.0, 19.0)
    assert quantiles(values, weights, (0.5,))[0] == pytest.approx(
        np.quantile(np.repeat(values, weights.astype(int)), 0.5), abs=1
    )
    assert quantiles(values[:0], weights[:0], (0.5, 0.95)) == [None, None]


@given(st.lists(st.floats(0.1, 50), min_size=1, max_size=50))
def test_equal_chances_are_worth_all_and_unequal_ones_less(weights: list[float]) -> None:
    """Kish's share is 1 for equal weights only, and never less than that of a single turn."""
    known = drawn(np.array(weights))
    assert 1 / len(weights) - 1e-9 <= known.efficiency <= 1
    assert drawn(np.full(len(weights), weights[0])).worth(30) == 30
    assert known.without(known).efficiency == 1.0


def test_people_correct_what_stands_for_the_traffic() -> None:
    """Both chances count: of a judge who is right on rare turns only, people's labels tell how far it is off on all."""
    rng, n = np.random.default_rng(5), 4000
    frequent = rng.uniform(size=n) < 0.2
    stands_for, judge = np.where(frequent, 16.0, 1.0), np.where(frequent, 0.9, 0.4)
    truth = np.where(frequent, 0.5, 0.4) + rng.normal(0, 0.05, n)
    chances = np.where(frequent, 0.1, 0.4)
    human = np.where(rng.uniform(size=n) < chances, truth, np.nan)
    known = corrected(judge, human, np.arange(n), chances=chances, traffic=stands_for)
    assert known is not None
    assert known.win_rate == pytest.approx(np.average(truth, weights=stands_for), abs=0.01)
    assert known.judge == pytest.approx(0.8, abs=0.01)
    assert known.interval is not None
    assert known.interval.low < 0.48 < known.interval.high
