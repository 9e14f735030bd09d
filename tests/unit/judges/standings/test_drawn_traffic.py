"""Traffic of which one customer sends 40 %, drawn with unequal chances: what a leaderboard says of all of it."""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import pytest

from judges.standings.columns import gathered
from judges.standings.outcomes import Outcome, Turn
from judges.standings.standing import Standing
from judges.verdicts import outcome
from tests.outcomes import plainly, rows

Scheme = Literal["square root", "capped"]

SEVENTHS = np.array([0, 1 / 7, 0.5, 6 / 7, 1])
STEPS = (-1.6, -0.4, 0.4, 1.6)
SHARES = np.array([0.4, 0.16, 0.11, 0.08, 0.06, 0.05, 0.04, 0.04, 0.02, 0.02, 0.01, 0.01])
"""Of the traffic, of each cluster; the first is the customer."""
AHEAD = np.array([1.2, -0.6, -0.2, 0.3, -1.0, 0.0, -0.4, 0.5, -0.8, 0.2, -1.2, 0.9])
"""How good the challenger is in each."""
MOST_TURNS = 3
"""Turns that are drawn of one conversation; the rest is stood for."""


class Sample(NamedTuple):
    """One week's leaderboard row, and what one would say who forgot the weights."""

    row: Standing
    unweighted: float
    traffic_turns: float


def scores(rng: np.random.Generator, ahead: np.ndarray, conversations: np.ndarray) -> np.ndarray:
    """Two rounds over each turn; turns of one conversation are alike."""
    good = ahead + rng.normal(0, 1, conversations.max() + 1)[conversations] + rng.normal(0, 0.7, len(conversations))
    first, second = (SEVENTHS[np.digitize(good + rng.normal(0, 0.5, len(good)), STEPS)] for _ in range(2))
    both: np.ndarray = (first + second) / 2
    return both


@cache
def truth() -> float:
    """The win rate over all traffic in the long run."""
    rng, n = np.random.default_rng(0), 200_000
    return float(
        sum(share * scores(rng, np.full(n, a), np.arange(n)).mean() for share, a in zip(SHARES, AHEAD, strict=True))
    )


def week(rng: np.random.Generator, wanted: int, scheme: Scheme) -> Sample:
    """Draw about so many of 6,000 conversations, each by itself, and of long ones three turns."""
    clusters = rng.choice(len(SHARES), size=6000, p=SHARES)
    sent = np.bincount(clusters, minlength=len(SHARES))
    allotted = np.sqrt(sent) if scheme == "square root" else np.minimum(sent, 0.15 * len(clusters))
    chances = np.minimum(1, allotted / allotted.sum() * wanted / np.maximum(1, sent))
    drawn = clusters[rng.uniform(size=len(clusters)) < chances[clusters]]
    lengths = rng.integers(1, 6, len(drawn))
    kept = np.minimum(lengths, MOST_TURNS)
    conversations = np.repeat(np.arange(len(drawn)), kept)
    weights = (lengths / kept / chances[drawn])[conversations]
    worths = scores(rng, AHEAD[drawn][conversations], conversations)
    facts = list(zip(conversations.tolist(), weights.tolist(), worths.tolist(), strict=True))
    turns = [Turn(f"c{n}", f"v{at}", weight=weight) for n, (at, weight, _) in enumerate(facts)]
    outcomes = [Outcome("m", f"c{n}", worth, outcome(worth)) for n, (*_, worth) in enumerate(facts)]
    board = plainly(gathered(turns, outcomes), rounds=200)
    return Sample(rows(board)["m"], float(worths.mean()), board.traffic_turns or 0.0)


@pytest.mark.parametrize("scheme", ["square root", "capped"])
def test_the_weighted_win_rate_is_that_of_all_traffic(scheme: Scheme) -> None:
    """Unbiased within its error over 150 weeks, where the unweighted mean is off by 5 points; 93 to 97 % cover."""
    rng = np.random.default_rng(11)
    weeks = [week(rng, wanted, scheme) for wanted in (30, 60, 120, 200, 90) * 30]
    known = np.array([each.row.win_rate for each in weeks], dtype=float)
    error = known.std() / np.sqrt(len(known))
    assert abs(known.mean() - truth()) < 2.5 * error < 0.02
    assert np.mean([each.traffic_turns for each in weeks]) == pytest.approx(6000 * 3, rel=0.03)
    assert np.mean([each.unweighted for each in weeks]) < truth() - 0.04
    held = [(each.row.low or 0) <= truth() <= (each.row.high or 0) for each in weeks]
    assert 0.93 <= np.mean(held) <= 0.97
    assert all(each.row.effective is not None and each.row.effective < each.row.conversations for each in weeks)
