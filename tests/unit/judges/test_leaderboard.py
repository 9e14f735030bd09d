from __future__ import annotations

import random
import time
from collections.abc import Iterable
from typing import Any

import pytest

from judges.standings.bootstrap import TOO_FEW
from judges.standings.leaderboard import BASELINE, Leaderboard, Outcome, Standing, standings
from judges.types import Verdict


def board(outcomes: Iterable[Outcome], **facts: Any) -> tuple[dict[str, Standing], Leaderboard]:
    """Return the rows by name, and the whole leaderboard."""
    leaderboard = standings(outcomes, judge="j/1", seed=1, **facts)
    return {row.challenger: row for row in leaderboard.standings}, leaderboard


def outcome(challenger: str = "x", conversation: str = "v1", score: float = 1.0, **facts: Any) -> Outcome:
    """Return one judged duel."""
    known = Verdict.WIN if score > 0.5 else Verdict.LOSS if score < 0.5 else Verdict.TIE
    return Outcome(challenger, conversation, score, facts.pop("verdict", known), **facts)


def unreadable() -> Outcome:
    """Return a duel whose judge could not be read."""
    return Outcome("x", "v1", None, Verdict.UNREADABLE)


def failed() -> Outcome:
    """Return a duel that ended without an answer."""
    return Outcome("x", "v1", None, None, failed=True)


def test_the_baseline_stands_at_one_half() -> None:
    """Production is the yardstick: always there, at exactly one half, between the better and the worse."""
    rows, leaderboard = board([outcome("better"), outcome("worse", score=0.0)])
    assert [row.challenger for row in leaderboard.standings] == ["better", BASELINE, "worse"]
    assert (rows[BASELINE].win_rate, rows[BASELINE].low, rows[BASELINE].high) == (0.5, 0.5, 0.5)
    assert rows[BASELINE].baseline


def test_an_empty_leaderboard_has_the_baseline() -> None:
    """Before the first duel is decided there is already something true to show."""
    _, leaderboard = board([])
    assert [row.challenger for row in leaderboard.standings] == [BASELINE]


def test_the_baseline_brings_its_cost_and_speed() -> None:
    """Outcomes under its name say what production costs, and cannot move its win rate."""
    rows, _ = board([outcome(BASELINE, score=1.0, cost_usd=0.002, latency_s=1.0)])
    assert (rows[BASELINE].win_rate, rows[BASELINE].cost_per_1000_turns_usd) == (0.5, 2.0)
    assert rows[BASELINE].p50_latency_s == 1.0


def test_row_1_failures_are_counted_beside_the_win_rate() -> None:
    """Nineteen failing calls of a hundred leave the win rate where the others put it."""
    judged = [outcome(score=float(i % 2), conversation=f"v{i}") for i in range(80)]
    rows, _ = board([*judged, *[failed()] * 19, unreadable()])
    x = rows["x"]
    assert (x.win_rate, x.turns, x.failed, x.unreadable) == (0.5, 80, 19, 1)
    assert (x.wins, x.ties, x.losses) == (40, 0, 40)


def test_a_duel_that_died_after_it_was_judged_still_counts() -> None:
    """What could not be posted was judged all the same."""
    rows, _ = board([outcome(failed=True)])
    assert (rows["x"].turns, rows["x"].failed) == (1, 0)


def test_a_challenger_without_a_score_has_no_win_rate() -> None:
    """Unknown is `None`, never zero, and comes last."""
    rows, leaderboard = board([failed(), unreadable(), outcome("loser", score=0.0)])
    assert (rows["x"].win_rate, rows["x"].low, rows["x"].high, rows["x"].turns) == (None, None, None, 0)
    assert leaderboard.standings[-1].challenger == "x"
    assert rows["x"].no_interval == TOO_FEW


def test_a_missing_interval_says_why() -> None:
    """One conversation, however long, has no interval."""
    rows, _ = board([outcome(score=i % 2) for i in range(50)])
    assert (rows["x"].low, rows["x"].no_interval, rows["x"].conversations) == (None, TOO_FEW, 1)


def test_the_interval_holds_the_win_rate() -> None:
    """Centre and interval come from the same numbers."""
    rows, _ = board([outcome(score=i % 3 / 2, conversation=f"v{i // 4}") for i in range(200)])
    x = rows["x"]
    assert x.low is not None and x.win_rate is not None and x.high is not None  # noqa: PT018
    assert x.low < x.win_rate < x.high
    assert (x.conversations, x.no_interval) == (50, None)


def test_identical_answers_do_not_flatter_the_judge() -> None:
    """Agreement is the judge's: rounds that never took place cannot agree."""
    asked = [outcome(consistent=True), outcome(consistent=False), unreadable()]
    rows, _ = board([*asked, *[outcome(score=0.5, consistent=True, identical=True)] * 7])
    assert (rows["x"].round_agreement, rows["x"].identical, rows["x"].ties) == (0.5, 7, 7)
    rows, _ = board([outcome(score=0.5, consistent=True, identical=True)])
    assert rows["x"].round_agreement is None


def test_unknown_costs_are_not_free() -> None:
    """The mean is over known costs, and says over how many."""
    rows, _ = board([outcome(cost_usd=0.004), outcome(cost_usd=0.002), outcome(), outcome("y")])
    assert rows["x"].cost_per_1000_turns_usd == pytest.approx(3)
    assert (rows["x"].costs_known, rows["y"].costs_known) == (2, 0)
    assert rows["y"].cost_per_1000_turns_usd is None


def test_speed_is_that_of_the_slow_ones_too() -> None:
    """Median and 95th percentile of what is known."""
    rows, _ = board([outcome(latency_s=float(i)) for i in range(101)] + [outcome("y")])
    assert (rows["x"].p50_latency_s, rows["x"].p95_latency_s) == (50, 95)
    assert rows["y"].p50_latency_s is None


def test_a_new_challenger_moves_nobody() -> None:
    """Neither another challenger nor the order of outcomes changes a row."""
    outcomes = [outcome(score=i % 3 / 2, conversation=f"v{i // 4}") for i in range(200)]
    alone, _ = board(outcomes)
    more = outcomes + [outcome("y", score=i % 2, conversation=f"w{i}") for i in range(50)]
    random.Random(1).shuffle(more)
    assert board(more)[0]["x"] == alone["x"]


def test_the_control_arm_is_marked() -> None:
    """Production's own model, replayed, shows how far chance alone goes."""
    rows, leaderboard = board([outcome("x"), outcome("y")], controls=["y"], epoch="e1")
    assert (rows["x"].control, rows["y"].control) == (False, True)
    assert (leaderboard.judge, leaderboard.seed, leaderboard.scale, leaderboard.epoch) == ("j/1", 1, "sevenths", "e1")


@pytest.mark.slow
def test_a_million_outcomes_are_added_up_as_they_come() -> None:
    """Outcomes may be a stream; none is kept."""
    began = time.perf_counter()
    stream = (outcome("xyz"[i % 3], f"v{i // 9}", i % 15 / 14, cost_usd=0.001, latency_s=1.0) for i in range(1_000_000))
    rows, _ = board(stream)
    assert sum(rows[name].turns for name in "xyz") == 1_000_000
    assert time.perf_counter() - began < 30
