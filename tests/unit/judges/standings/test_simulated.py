"""Leaderboards of made-up traffic whose truth is known: conversations have moods, and turns of one are alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np
import pytest

from judges.standings.columns import gathered
from judges.standings.leaderboard import Leaderboard
from judges.standings.outcomes import BASELINE, Outcome, Turn
from judges.types import Scale
from judges.verdicts import outcome
from tests.outcomes import plainly

WON, FOUGHT = np.array([0, 0, 0.5, 1, 3.0]), np.array([3, 1, 1, 1, 3.0])
SEVENTHS = np.array([0, 1 / 7, 0.5, 6 / 7, 1])
Lengths = Literal["one to six", "some very long"]

STEPS = (-1.6, -0.4, 0.4, 1.6)
"""What it takes for each of the five labels."""


def labels(rng: np.random.Generator, clusters: np.ndarray, ahead: float, steps: Sequence[float]) -> list[np.ndarray]:
    """Two rounds over each turn, each with some noise of its own."""
    good = ahead + rng.normal(0, 1, clusters.max() + 1)[clusters] + rng.normal(0, 0.7, len(clusters))
    return [np.digitize(good + rng.normal(0, 0.5, len(clusters)), steps) for _ in range(2)]


def study(
    seed: int,
    sizes: np.ndarray,
    ahead: Sequence[float],
    *,
    scale: Scale = "sevenths",
    steps: Sequence[float] = STEPS,
    controls: Sequence[str] = (),
    apart: bool = False,
) -> Leaderboard:
    """Challengers m0, m1 …, each so much `ahead`; with `apart`, every turn counts as a conversation."""
    rng, clusters = np.random.default_rng(seed), np.repeat(np.arange(len(sizes)), sizes)
    turns = [
        Turn(f"c{n}", f"v{n if apart else at}", slices=(("turn", str(n % 3)), ("tag", str(at % 2))))
        for n, at in enumerate(clusters.tolist())
    ]
    outcomes = []
    for m, by in enumerate(ahead):
        rounds = labels(rng, clusters, by, steps)
        scores, won, fought = (sum(worth[label] for label in rounds) for worth in (SEVENTHS / 2, WON, FOUGHT))
        cells = zip(scores.tolist(), won.tolist(), fought.tolist(), strict=True)
        outcomes += [Outcome(f"m{m}", f"c{n}", s, outcome(s), won=w, battles=f) for n, (s, w, f) in enumerate(cells)]
    columns = gathered(turns, outcomes)
    return plainly(columns, scale=scale, seed=seed, rounds=200, controls=controls)


@cache
def truth(ahead: float, scale: Scale) -> float:
    """What a challenger's win rate is in the long run."""
    rounds = labels(np.random.default_rng(0), np.arange(1_000_000), ahead, STEPS)
    if scale == "sevenths":
        return float(np.mean([SEVENTHS[label] for label in rounds]))
    return float(sum(WON[label].sum() for label in rounds) / sum(FOUGHT[label].sum() for label in rounds))


def lengths(rng: np.random.Generator, conversations: int, kind: Lengths) -> np.ndarray:
    """How many turns each conversation has."""
    if kind == "one to six":
        return rng.integers(1, 7, conversations)
    long: np.ndarray = np.minimum(60, 1 + rng.pareto(1.2, conversations).astype(int))
    return long


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["sevenths", "weight_3"])
@pytest.mark.parametrize("kind", ["one to six", "some very long"])
@pytest.mark.parametrize("conversations", [10, 20, 40, 80])
def test_intervals_cover_what_they_promise(conversations: int, kind: Lengths, scale: Scale) -> None:
    """A 95 % interval holds the truth in 95 % of cases, within what 360 can tell, however long conversations are."""
    rng, ahead, held = np.random.default_rng(21), (0.0, 0.7, -0.5), []
    for seed in range(120):
        board = study(seed, lengths(rng, conversations, kind), ahead, scale=scale)
        for row in board.standings:
            if not row.baseline:
                assert row.low is not None
                assert row.high is not None
                held.append(row.low <= truth(ahead[int(row.challenger[1:])], scale) <= row.high)
    assert np.mean(held) >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / len(held))


def test_turns_taken_for_independent_would_not_cover() -> None:
    """The same traffic with every turn as a conversation of its own: the simulation can tell right from wrong."""
    rng, held = np.random.default_rng(21), []
    for seed in range(100):
        board = study(seed, lengths(rng, 40, "one to six"), (0.0,), apart=True)
        row = next(row for row in board.standings if not row.baseline)
        held.append((row.low or 0) <= 0.5 <= (row.high or 0))
    assert np.mean(held) < 0.85


@pytest.mark.slow
@pytest.mark.parametrize("steps", [STEPS, (-3.2, -1.6, 1.6, 3.2)], ids=["plain", "mostly ties"])
def test_equals_are_called_different_at_most_at_the_rate_allowed(steps: Sequence[float]) -> None:
    """Of A/A leaderboards with four challengers and a control at most 5 % hold any false call, of whichever kind."""
    rng, studies = np.random.default_rng(22), 250
    calls: dict[str, list[bool]] = {"pairs": [], "ranks": [], "slices": [], "noise": []}
    for seed in range(studies):
        sizes = lengths(rng, 40, "one to six")
        board = study(seed, sizes, (0.0,) * 5, steps=steps, controls=["m4"])
        calls["pairs"].append(any(pair.adjusted is not None and pair.adjusted <= 0.05 for pair in board.differences))
        calls["ranks"].append(any((row.rank_best, row.rank_worst) != (1, 6) for row in board.standings))
        calls["slices"].append(any(part.adjusted is not None and part.adjusted <= 0.05 for part in board.slices))
        for row in board.standings:
            if row.within_noise is not None and row.low is not None and row.high is not None:
                calls["noise"].append(not row.within_noise and not row.low <= 0.5 <= row.high)
    shares = {kind: float(np.mean(found)) for kind, found in calls.items()}
    assert len(calls["noise"]) == 4 * studies
    assert all(share <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / studies) for share in shares.values()), shares
    assert shares["pairs"] > 0


def test_what_is_different_is_called_so() -> None:
    """With a hundred conversations a clear difference is found in pairs, places, slices' absence and advice."""
    board = study(1, np.full(100, 3), (1.0, -1.0, 0.0), controls=["m2"])
    known = {row.challenger: row for row in board.standings}
    assert [row.challenger for row in board.standings][0::3] == ["m0", "m1"]
    assert (known["m0"].rank_best, known["m0"].rank_worst, known["m1"].rank_best) == (1, 1, 4)
    assert (known["m0"].within_noise, known["m1"].within_noise) == (False, False)
    assert {known[name].rank_worst for name in ("m2", BASELINE)} == {3}


def test_statsmodels_sees_the_same_errors() -> None:
    """A weighted regression with cluster-robust errors agrees on the interval, and on a slice held against the rest."""
    api, norm = pytest.importorskip("statsmodels.api"), pytest.importorskip("scipy.stats").norm
    rng, clusters = np.random.default_rng(31), np.repeat(np.arange(400), np.random.default_rng(3).integers(1, 6, 400))
    fought, inside = rng.choice([2.0, 4.0, 6.0], len(clusters)), rng.uniform(size=len(clusters)) < 0.4
    worths = np.clip(0.5 + 0.1 * inside + rng.normal(0, 0.2, 400)[clusters] + rng.normal(0, 0.2, len(clusters)), 0, 1)
    turns = [Turn(f"c{n}", f"v{at}", slices=(("tag", "in"),) * int(inside[n])) for n, at in enumerate(clusters)]
    outcomes = [
        Outcome("m", f"c{n}", worth, outcome(worth), won=worth * of, battles=of)
        for n, (worth, of) in enumerate(zip(worths.tolist(), fought.tolist(), strict=True))
    ]
    board = plainly(gathered(turns, outcomes), scale="weight_3", rounds=4000)
    row, (part,) = next(row for row in board.standings if not row.baseline), board.slices
    robust = {"cov_type": "cluster", "cov_kwds": {"groups": clusters}}
    mean = api.WLS(worths, np.ones(len(worths)), weights=fought).fit(**robust)
    apart = api.WLS(worths, np.column_stack([np.ones(len(worths)), inside]), weights=fought).fit(**robust)
    assert row.low is not None and row.high is not None and part.adjusted is not None  # noqa: PT018
    assert row.win_rate == pytest.approx(mean.params[0])
    assert (row.high - row.low) / 2 == pytest.approx(1.96 * mean.bse[0], rel=0.06)
    assert norm.isf(part.adjusted / 2) == pytest.approx(abs(apart.tvalues[1]), rel=0.04)


@pytest.mark.slow
def test_equals_are_advised_against_or_for_at_most_at_the_rate_allowed() -> None:
    """However many copies of production there are: hardly ever is any of them called better, worse, or worth it."""
    rng, studies, said = np.random.default_rng(23), 100, []
    for seed in range(studies):
        board = study(seed, lengths(rng, 40, "one to six"), (0.0,) * 12)
        words = [row.advice or "" for row in board.standings if not row.baseline]
        said.append(any(text.startswith(("better", "worse")) or "is supported" in text for text in words))
    assert np.mean(said) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / studies)
