from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from judges.standings.columns import gathered
from judges.standings.outcomes import BASELINE, Outcome, Turn
from judges.standings.style import Style
from judges.standings.tables import KINDS, VERDICTS
from judges.types import Verdict
from tests.outcomes import outcome, turn


def test_everything_known_comes_back() -> None:
    """Columns hold what the rows held; what is unknown is NaN, and codes are places in the alphabet."""
    look = Style(100, 1, 2, 3)
    turns = [
        turn("b", cluster="v", style=look, slices=(("tool", "s"), ("tag", "a"), ("tool", "s"))),
        turn("a", calls=1),
    ]
    fought = outcome("y", "b", 0.5, won=1.0, battles=2.0, consistent=False, cost_usd=0.1, faults=("schema", "schema"))
    columns = gathered(turns, [fought, Outcome("x", "a", None, None, failed=True)])
    assert (columns.challengers, dict(columns.challenges), columns.clusters.tolist()) == (
        ("x", "y"),
        {"b": 1, "a": 0},
        [0, 1],
    )
    assert (columns.slices, columns.sliced.tolist()) == ((("tag", "a"), ("tool", "s")), [[1, 0], [1, 1]])
    assert columns.production.styles[1].tolist() == list(look)
    (x, y) = columns.of(0), columns.of(1)
    assert (x.failed.tolist(), x.verdicts.tolist(), np.isnan(x.scores).tolist()) == ([True], [-1], [True])
    assert (y.scores.tolist(), y.won.tolist(), y.battles.tolist()) == ([0.5], [1], [2])
    assert (VERDICTS[y.verdicts[0]], y.consistent.tolist(), np.isnan(y.same_calls[0])) == (Verdict.TIE, [0], True)
    assert y.answers.faults[0].tolist() == [2 * (kind == "schema") for kind in KINDS]
    assert (y.answers.costs_usd.tolist(), np.isnan(y.answers.latencies_s[0])) == ([0.1], True)


def test_two_who_were_ranked_met_once_a_challenge() -> None:
    """Both say what they are worth against each other, and it counts once; who has no duels has met nobody."""
    ranked = [
        outcome("y", "v/1", meetings={"x": 0.25, "gone": 1.0}),
        outcome("x", "v/1", meetings={"y": 0.75, "gone": 1.0}),
    ]
    met = gathered([turn("v/1")], ranked).encounters
    assert (met.firsts.tolist(), met.seconds.tolist(), met.worths.tolist()) == ([0], [1], [0.75])


def test_the_order_of_rows_changes_nothing() -> None:
    """Neither that of turns nor that of outcomes."""
    turns = [turn(f"v{n % 7}/{n}", slices=(("turn", str(n % 3)),), cost_usd=n) for n in range(50)]
    outcomes = [outcome(name, row.challenge_id, n % 8 / 7) for name in "zyx" for n, row in enumerate(turns)]
    first = gathered(turns, outcomes)
    random.Random(1).shuffle(turns)
    random.Random(2).shuffle(outcomes)
    second = gathered(turns, outcomes)
    for one, other in ((first, second), (first.duels, second.duels), (first.production, second.production)):
        for field, column in zip(one._fields, one, strict=True):
            if isinstance(column, np.ndarray):
                np.testing.assert_array_equal(column, getattr(other, field))


@pytest.mark.parametrize(
    ("turns", "outcomes", "problem"),
    [
        ([turn("a")], [outcome("x", "b")], "'b', which is not among the turns"),
        ([turn("a"), turn("a")], [], "'a' comes twice"),
        ([turn("a")], [outcome(BASELINE, "a")], "'baseline'"),
    ],
)
def test_what_does_not_belong_together_is_refused(turns: list[Turn], outcomes: list[Outcome], problem: str) -> None:
    """A caller's mistake is no statistic."""
    with pytest.raises(ValueError, match=problem):
        gathered(turns, outcomes)


def test_nothing_is_kept_but_numbers() -> None:
    """A hundred thousand duels take 15 MB at most, and thrice that while they are sorted."""

    def stream() -> Iterator[Outcome]:
        for n in range(100_000):
            look = Style(n % 300, 1, 2, 3)
            yield outcome(
                "xyzt"[n % 4], f"v{n // 40}/{n // 4}", n % 8 / 7, cost_usd=n / 9, style=look, meetings={"w": 1}
            )

    turns = [turn(f"v{n // 10}/{n}") for n in range(25_000)]
    tracemalloc.start()
    columns = gathered(turns, stream())
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(columns.duels.scores) == 100_000
    assert held < 15e6
    assert peak < 45e6


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_turn_stands_for_something(weight: float) -> None:
    """A weight that is none would make every figure unknown, or wrong without a word."""
    with pytest.raises(ValueError, match="the turn 'c1' stands for"):
        gathered([Turn("c0", "v0"), Turn("c1", "v1", weight=weight)], [])
