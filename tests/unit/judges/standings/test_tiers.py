"""Golden, regression and adversarial turns beside the fresh ones: apart, and together."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from judges.standings.apart import apart
from judges.standings.bootstrap import Interval
from judges.standings.columns import gathered
from judges.standings.held import held_interval
from judges.standings.leaderboard import Leaderboard
from judges.standings.outcomes import HumanVerdict, Opinion, Outcome, Turn
from judges.standings.spread import Sums, spread
from judges.standings.tiers import TIER_WEIGHTS, TierStanding
from judges.standings.together import together
from judges.types import Verdict
from judges.verdicts import outcome as said
from rollouts.types import Tier
from tests.outcomes import outcome, rows, tallied, turn

SCORES = (0.0, 1 / 7, 0.5, 6 / 7, 1.0)


def duels(tier: Tier, name: str, count: int, *, start: int = 0, **facts: Any) -> tuple[list[Turn], list[Outcome]]:
    """Two turns a conversation, of scores that come around."""
    places = [f"{tier}{n // 2}/{n}" for n in range(count)]
    turns = [turn(place, tier=tier, slices=(("tool", tier),), cost_usd=1.0, **facts) for place in places]
    return turns, [outcome(name, place, SCORES[(start + 3 * n) % 5]) for n, place in enumerate(places)]


def board(parts: Mapping[Tier, int], **facts: Any) -> Leaderboard:
    """One challenger with so many turns in each tier."""
    found = [duels(tier, "x", count) for tier, count in parts.items()]
    return tallied([row for _, some in found for row in some], [row for some, _ in found for row in some], **facts)


def tier(found: Leaderboard, name: Tier, challenger: str = "x") -> TierStanding:
    """Return one challenger in one tier."""
    return next(each for each in found.tiers if (each.tier, each.challenger) == (name, challenger))


def test_other_tiers_move_no_figure_of_the_traffic() -> None:
    """Rows, differences, slices, ratings and the counts of turns are those of the fresh tier alone."""
    alone, among = board({"fresh": 120}), board({"fresh": 120, "golden": 80, "regression": 40, "adversarial": 60})
    own = {"together", "together_low", "together_high", "weighted", "advice", "switching", "pareto"}
    for ours, theirs in zip(alone.standings, among.standings, strict=True):
        assert ours.model_dump(exclude=own) == theirs.model_dump(exclude=own)
    for figures in ("differences", "meetings", "slices", "drawn_turns", "traffic_turns", "noise_floor"):
        assert getattr(alone, figures) == getattr(among, figures)
    assert alone.tiers == among.tiers[:1]
    assert (alone.standings[0].together, [each.tier for each in among.tiers]) == (None, list(TIER_WEIGHTS))


def test_a_tier_stands_for_itself() -> None:
    """Weights of traffic count in the fresh tier only; the rest as in a leaderboard of its own."""
    found = [duels("fresh", "x", 90), duels("golden", "x", 90, weight=7.0)]
    turns = [
        row._replace(weight=1.0 + n % 5) if row.tier == "fresh" else row
        for some, _ in found
        for n, row in enumerate(some)
    ]
    known = tallied([row for _, some in found for row in some], turns)
    golden, plain = tier(known, "golden"), rows(board({"fresh": 90}))["x"]
    assert (golden.win_rate, golden.turns, golden.conversations) == (plain.win_rate, 90, 45)
    assert golden.low == pytest.approx(plain.low, abs=0.01)
    fresh, row = tier(known, "fresh"), rows(known)["x"]
    assert (fresh.win_rate, fresh.low, fresh.high) == (row.win_rate, row.low, row.high)
    assert fresh.win_rate != pytest.approx(golden.win_rate)


def test_a_tier_that_one_lacks_leaves_it_without_a_figure_of_all() -> None:
    """It is shown with nothing in that tier; whoever has all of them is compared with nobody who has not."""
    found = [duels("fresh", "x", 80), duels("golden", "x", 80), duels("fresh", "y", 80, start=1)]
    turns = {row.challenge_id: row for some, _ in found for row in some}
    known = tallied([row for _, some in found for row in some], turns.values())
    assert tier(known, "golden", "y").model_dump(include={"turns", "win_rate", "held", "small"}) == {
        "turns": 0,
        "win_rate": None,
        "held": None,
        "small": True,
    }
    assert rows(known)["y"].together is None
    assert rows(known)["x"].together is not None
    assert rows(known)["baseline"].together is None


def test_tiers_count_by_their_weights() -> None:
    """Together is the weighted mean of the win rates; a tier of no weight is shown, and left out."""
    parts: dict[Tier, int] = {"fresh": 90, "golden": 66, "adversarial": 71}
    known = board(parts)
    rates = {each.tier: (each.win_rate or 0.0, each.weight) for each in known.tiers}
    whole = sum(rate * weight for rate, weight in rates.values()) / 5
    row = rows(known)["x"]
    assert row.together == pytest.approx(whole)
    assert row.together_low is not None and row.together_high is not None  # noqa: PT018
    assert row.together_low < whole < row.together_high
    left = board(parts, tier_weights={"fresh": 1.0, "golden": 1.0, "adversarial": 0.0})
    assert rows(left)["x"].together == pytest.approx((rates["fresh"][0] + rates["golden"][0]) / 2)
    assert tier(left, "adversarial").win_rate == rates["adversarial"][0]
    assert (left.comparability, left.decided_by != known.decided_by) == (known.comparability, True)


def test_without_a_fresh_turn_the_tiers_are_still_shown() -> None:
    """Nothing is known of the traffic, and nothing is made up for it."""
    known = board({"golden": 80})
    row = rows(known)["x"]
    assert (row.turns, row.conversations, row.win_rate, row.rank_best, row.together) == (0, 0, None, None, None)
    assert (known.drawn_turns, known.traffic_turns, known.slices, known.differences) == (0, 0.0, (), ())
    assert tier(known, "golden").win_rate == pytest.approx(0.5)
    assert rows(known)["baseline"].turns == 0


def test_judges_are_known_from_all_tiers_and_their_scores_from_traffic() -> None:
    """Habits and agreement with people are the judge's own; what it gives each challenger stands beside win rates."""
    found = [duels("fresh", "x", 40), duels("golden", "x", 40)]
    outcomes = [row for _, some in found for row in some]
    opinions = [
        Opinion(judge, row.challenger, row.challenge_id, row.score, said(row.score or 0))
        for row in outcomes
        for judge in "ab"
    ]
    people = [HumanVerdict("x", row.challenge_id, row.score or 0, said(row.score or 0), 1.0) for row in outcomes]
    known = tallied(outcomes, [row for some, _ in found for row in some], opinions=opinions, people=people)
    (judge, _) = known.judges
    assert (judge.duels, judge.agreement.pairs if judge.agreement else 0) == (80, 80)
    assert judge.by_challenger == {"x": rows(known)["x"].win_rate}
    assert rows(known)["x"].human_labels == 40


def test_turns_held_are_ties_or_better() -> None:
    """However little was won: what is lost is not held, and what nobody could read is in no share."""
    turns = [turn(f"g{n}/1", tier="golden") for n in range(8)]
    worths = [1.0, 4 / 7, 0.5, 0.5, 3 / 7, 0.0]
    outcomes = [outcome("x", f"g{n}/1", worth) for n, worth in enumerate(worths)]
    outcomes += [Outcome("x", "g6/1", None, Verdict.UNREADABLE), Outcome("x", "g7/1", None, None, failed=True)]
    known = tier(tallied(outcomes, turns), "golden")
    assert known.turns == 6
    assert known.held == pytest.approx(4 / 6)


def held(lost: np.ndarray, turns: int | np.ndarray = 1) -> Interval:
    """The interval of conversations of so many turns, of which so many are lost."""
    sizes = np.broadcast_to(turns, lost.shape)
    good = np.concatenate([np.arange(size) >= gone for size, gone in zip(sizes, lost, strict=True)]).astype(float)
    interval = held_interval(good, np.ones(len(good)), np.repeat(np.arange(len(lost)), sizes), 0.95)[1]
    assert interval is not None
    return interval


@pytest.mark.parametrize(("conversations", "low"), [(40, 0.90), (80, 0.95), (2, 0.0)])
def test_all_turns_held_have_an_interval_with_a_width(conversations: int, low: float) -> None:
    """40 of 40 may well be 91 of 100, and more turns of the same conversations prove nothing more."""
    one, five = (held(np.zeros(conversations), turns) for turns in (1, 5))
    assert (one.low, one.high) == pytest.approx((five.low, 1.0))
    assert low < one.low < 0.96
    assert held_interval(np.ones(3), np.ones(3), np.zeros(3), 0.95)[1] is None


@pytest.mark.parametrize("at_once", [1, 4])
@pytest.mark.parametrize("turns", [1, 4])
def test_one_more_turn_lost_never_raises_the_bounds(turns: int, at_once: int) -> None:
    """From all held to few, both bounds fall, whether turns of one conversation are lost together or not."""
    lost, bounds = np.zeros(40, dtype=int), []
    for step in range(20 * turns):
        lost[step // at_once % 40] = min(turns, lost[step // at_once % 40] + 1)
        found = held(lost, turns)
        bounds.append((found.low, found.high))
    assert all(later[n] <= before[n] + 1e-9 for before, later in pairwise(bounds) for n in (0, 1))


@pytest.mark.parametrize("alike", [0.01, 0.3, 0.95])
@pytest.mark.parametrize("chance", [0.8, 0.95, 0.99])
def test_intervals_of_held_cover_what_they_promise(chance: float, alike: float) -> None:
    """Conversations of 1 to 4 turns, hardly alike to nearly the same: 93 to 100 of 100 intervals hold the truth."""
    rng, covered = np.random.default_rng(8), []
    strength = 1 / alike - 1
    for _ in range(600):
        sizes = rng.integers(1, 5, 60)
        own = rng.beta(strength * chance, strength * (1 - chance), 60)
        found = held(sizes - rng.binomial(sizes, own), sizes)
        covered.append(found.low <= chance <= found.high)
    assert np.mean(covered) >= 0.93


def test_conversations_in_two_tiers_are_resampled_together() -> None:
    """The same turns in both tiers tell no more than in one; turns of other conversations do."""
    worths = np.random.default_rng(3).uniform(size=60)
    one = spread(Sums(np.concatenate([worths, np.zeros(60)]), np.repeat([1.0, 0.0], 60)))
    other = spread(Sums(np.concatenate([np.zeros(60), worths]), np.repeat([0.0, 1.0], 60)))
    twice, apart_ = together([(1.0, one), (1.0, one)], 0.95), together([(1.0, one), (1.0, other)], 0.95)
    alone = together([(1.0, one)], 0.95)
    assert twice.interval is not None and apart_.interval is not None and alone.interval is not None  # noqa: PT018
    widths = [each.high - each.low for each in (alone.interval, twice.interval, apart_.interval)]
    assert widths[1] == pytest.approx(widths[0], rel=0.02)
    assert widths[2] == pytest.approx(widths[0] / np.sqrt(2), rel=0.03)
    assert together([(1.0, one), (3.0, spread(Sums(np.ones(120), np.eye(1, 120)[0])))], 0.95).interval is None


def test_the_figure_of_all_tiers_covers_what_it_promises() -> None:
    """Three tiers of 15 to 40 conversations, some in two of them: 95 % intervals hold the truth in 93 to 97 of 100."""
    rng, covered = np.random.default_rng(9), []
    for _ in range(1500):
        moods = rng.normal(0, 0.15, 90)
        tiers = []
        for weight, mean, first, last in ((1.0, 0.5, 0, 40), (1.0, 0.6, 30, 60), (3.0, 0.4, 50, 65)):
            inside = (np.arange(90) >= first) & (np.arange(90) < last)
            sizes = np.where(inside, rng.integers(1, 5, 90), 0).astype(float)
            scores = np.clip(mean + moods + rng.normal(0, 0.1, 90), 0, 1)
            tiers.append((weight, spread(Sums(scores * sizes, sizes))))
        found = together(tiers, 0.95).interval
        assert found is not None
        covered.append(found.low <= (0.5 + 0.6 + 3 * 0.4) / 5 <= found.high)
    assert 0.93 <= np.mean(covered) <= 0.97


def test_one_tier_keeps_only_its_own() -> None:
    """Turns, duels, encounters and slices of others are gone; conversations keep their codes."""
    found = [duels("fresh", "x", 6), duels("golden", "x", 4)]
    columns = gathered([row for some, _ in found for row in some], [row for _, some in found for row in some])
    part = apart(columns, "golden")
    assert sorted(part.challenges.values()) == [0, 1, 2, 3]
    assert {columns.clusters[columns.challenges[name]] for name in part.challenges} == set(part.clusters.tolist())
    assert part.duels.challenges.tolist() == [0, 1, 2, 3]
    assert {columns.slices[code] for code in part.sliced[:, 1]} == {("tool", "golden")}
    assert apart(columns, "adversarial").duels.scores.tolist() == []
