from __future__ import annotations

import time
from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.standings.bootstrap import TOO_FEW, cluster_interval
from judges.standings.draws import MOST, groups, resampled
from judges.standings.pairs import NOTHING_SHARED, Difference, Scores, differences, ranks, scores
from judges.standings.spread import NO_SPREAD
from judges.standings.weighing import Weighed

SEVENTHS = [0, 1 / 7, 0.5, 6 / 7, 1]


class Score(NamedTuple):
    """What a challenger got for one challenge."""

    challenger: str
    challenge: str
    conversation: str
    worth: float
    weight: float = 1.0


def tabled(found: list[Score], **facts: str) -> Scores:
    """The table of `found`, its names and challenges in the order in which they come."""
    names = list(dict.fromkeys(row.challenger for row in found))
    challenges = {row.challenge: row.conversation for row in found}
    order, clusters = list(challenges), np.unique(list(challenges.values()), return_inverse=True)[1].astype(np.int32)
    columns = Weighed(
        np.arange(len(found)),
        np.array([names.index(row.challenger) for row in found], dtype=np.int32),
        np.array([order.index(row.challenge) for row in found], dtype=np.int32),
        np.array([row.worth for row in found]),
        np.array([row.weight for row in found]),
        np.ones(len(found)),
    )
    return scores(names, columns, clusters, np.ones(len(clusters)), **facts)


def table(worths: np.ndarray, clusters: np.ndarray) -> Scores:
    """Challenges by challengers, everything judged once."""
    names = tuple(f"m{n}" for n in range(worths.shape[1]))
    codes = np.unique(clusters, return_inverse=True)[1].astype(np.int32)
    return Scores(names, worths, np.ones_like(worths), codes, np.ones(len(codes)))


def study(rng: np.random.Generator, conversations: int, ahead: list[float]) -> Scores:
    """Conversations of 1 to 6 turns: what is hard is hard for all, and each challenger has its moods."""
    clusters = np.repeat(np.arange(conversations), rng.integers(1, 7, conversations))
    hard, moods = rng.normal(0, 1, conversations), rng.normal(0, 1, (conversations, len(ahead)))
    worths = hard[clusters, None] + moods[clusters] + rng.normal(0, 0.5, (len(clusters), len(ahead))) + ahead
    return table(1 / (1 + np.exp(-worths)), clusters)


def only(found: tuple[Difference, ...]) -> Difference:
    """The one pair there is."""
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("conversations", [6, 15, 40, 150])
def test_intervals_of_differences_cover_what_they_promise(conversations: int) -> None:
    """Where turns belong together, a 95 % interval holds nought in 95 % of A/A studies, within what 1,500 can tell."""
    rng, held, called = np.random.default_rng(11), [], []
    for trial in range(1500):
        row = only(differences(study(rng, conversations, [0, 0]), seed=trial, rounds=400))
        assert row.low is not None
        assert row.high is not None
        assert row.p_value is not None
        held.append(row.low <= 0 <= row.high)
        called.append(row.p_value <= 0.05)
    assert np.mean(held) >= 0.945
    assert np.mean(called) <= 0.055


def test_turns_taken_for_independent_would_be_called_different_far_too_often() -> None:
    """The same studies with every turn as a conversation of its own: the simulation can tell right from wrong."""
    rng, called = np.random.default_rng(11), []
    for _ in range(200):
        known = study(rng, 40, [0, 0])
        row = only(
            differences(known._replace(clusters=np.arange(len(known.clusters), dtype=np.int32)), seed=1, rounds=10)
        )
        called.append((row.p_value or 0) <= 0.05)
    assert np.mean(called) > 0.15


def test_holm_calls_any_of_six_equals_different_at_most_at_its_rate() -> None:
    """In A/A studies of six challengers, fifteen pairs each, at most 5 % hold a false call, and uncorrected many do."""
    rng, corrected, raw = np.random.default_rng(5), [], []
    for trial in range(400):
        found = differences(study(rng, 40, [0] * 6), seed=trial, rounds=20)
        corrected.append(min(row.adjusted or 0 for row in found) <= 0.05)
        raw.append(min(row.p_value or 0 for row in found) <= 0.05)
    assert np.mean(corrected) <= 0.05
    assert np.mean(raw) > 0.2


def test_ranks_hold_the_true_order() -> None:
    """In 95 % of studies at least, all true places lie within their intervals, and these are not all wide."""
    rng, held, widths = np.random.default_rng(8), [], []
    for trial in range(200):
        places = ranks(differences(study(rng, 60, [1.5, 0.4, 0.2, -1.5]), seed=trial, rounds=20))
        held.append(all(places[f"m{n}"].best <= n + 1 <= places[f"m{n}"].worst for n in range(4)))
        widths.append(sum(place.worst - place.best for place in places.values()))
    assert np.mean(held) >= 0.95
    assert np.mean(widths) < 4


def test_statsmodels_gives_the_same_error_and_p_value() -> None:
    """On conversations of one length a regression on a constant, with cluster-robust errors and t, is our test."""
    api = pytest.importorskip("statsmodels.api")
    rng, clusters = np.random.default_rng(2), np.repeat(np.arange(50), 4)
    known = table(rng.beta(2, 2, (50, 2))[clusters] * 0.8 + rng.uniform(0, 0.2, (200, 2)), clusters)
    moved = known.worths[:, 0] - known.worths[:, 1]
    row, turns = only(differences(known, seed=1)), len(moved)
    fit = api.OLS(moved, np.ones(turns)).fit(cov_type="cluster", cov_kwds={"groups": known.clusters}, use_t=True)
    assert row.sd is not None
    assert row.difference == pytest.approx(fit.params[0])
    assert row.sd / np.sqrt(50) == pytest.approx(fit.bse[0])
    assert row.p_value == pytest.approx(fit.pvalues[0])


def test_the_interval_is_that_of_the_mean_difference() -> None:
    """Leaving out and drawing anew agree where there are conversations enough."""
    known = study(np.random.default_rng(3), 400, [0.3, 0])
    row = only(differences(known, seed=1, rounds=8000))
    exact = cluster_interval(known.worths[:, 0] - known.worths[:, 1], known.clusters, seed=2, rounds=8000)
    assert exact is not None
    assert (row.low, row.high) == pytest.approx((exact.low, exact.high), abs=0.002)


@given(st.lists(st.tuples(*[st.sampled_from(SEVENTHS)] * 3, st.integers(0, 5)), min_size=1, max_size=25))
@settings(max_examples=50, deadline=None)
def test_turning_a_pair_round_turns_its_sign(rows: list[tuple[float, float, float, int]]) -> None:
    """Differences add up round a triangle, p-values lie in 0 to 1, and bounds within -1 to 1."""
    found = [
        Score(name, f"c{n}", f"v{row[3]}", row[m])
        for n, row in enumerate(rows)
        for m, name in enumerate(("a", "b", "c"))
    ]
    forward, backward = (differences(tabled(order), seed=1, rounds=50) for order in (found, found[::-1]))
    ahead = {(row.first, row.second): row.difference or 0.0 for row in forward}
    assert ahead["a", "b"] + ahead["b", "c"] == pytest.approx(ahead["a", "c"], abs=1e-9)
    assert all(row.p_value is None or 0 < row.p_value <= (row.adjusted or 0) <= 1 for row in forward)
    assert all(row.low is None or -1 <= row.low <= (row.high or 0) + 1e-9 <= 1 + 1e-9 for row in forward)
    turned = {(row.second, row.first): (-(row.difference or 0.0), row.p_value) for row in backward}
    known = {(row.first, row.second): (row.difference or 0.0, row.p_value) for row in forward}
    assert turned.keys() == known.keys()
    assert all(turned[pair] == pytest.approx(known[pair], abs=1e-9) for pair in known)


def test_weights_make_the_difference_that_of_the_weighted_means() -> None:
    """On weight 3 the difference is that of two ratios, each with weights of its own."""
    found = [
        Score("a", "1", "v", 1.0, 6),
        Score("a", "2", "w", 0.0, 2),
        Score("b", "1", "v", 0.5, 2),
        Score("b", "2", "w", 0.5, 2),
    ]
    assert only(differences(tabled(found), seed=1)).difference == pytest.approx(6 / 8 - 0.5)


def test_only_what_both_answered_counts() -> None:
    """A challenge that one of the two has no score for is in none of their figures."""
    found = [Score("a", str(n), str(n), 1.0) for n in range(10)] + [Score("b", str(n), str(n), n % 2) for n in range(6)]
    row = only(differences(tabled(found), seed=1))
    assert (row.challenges, row.conversations, row.difference) == (6, 6, 0.5)
    apart = only(differences(tabled([Score("a", "1", "v", 1.0), Score("b", "2", "w", 1.0)]), seed=1))
    assert (apart.caveat, apart.difference, apart.p_value) == (NOTHING_SHARED, None, None)


def test_few_or_equal_conversations_are_said() -> None:
    """One conversation has no interval, a few carry a warning, those that all say the same prove as much as coins."""
    for count, caveat, p in ((1, TOO_FEW, None), (4, NO_SPREAD, 1 / 8), (40, NO_SPREAD, 2.0**-39)):
        always = [Score(name, str(n), str(n), worth) for n in range(count) for name, worth in (("a", 0.9), ("b", 0.6))]
        row = only(differences(tabled(always), seed=1))
        assert (row.caveat, row.p_value) == (caveat, p)
        assert row.difference == pytest.approx(0.3)
    same = [Score(name, str(n), str(n), 0.5) for n, name in product(range(40), ("a", "b"))]
    assert only(differences(tabled(same), seed=1)).p_value == 1
    few = only(differences(study(np.random.default_rng(1), 12, [0, 0]), seed=1))
    assert few.caveat == "only 12 conversations, a rough guide"


def test_the_baseline_can_be_one_of_them() -> None:
    """Added at one half, it makes the difference from production one of the pairs that Holm corrects for."""
    found = [Score("a", str(n), str(n), 0.9 if n % 4 else 0.4) for n in range(80)]
    row = only(differences(tabled(found, baseline="baseline"), seed=1))
    assert (row.first, row.second) == ("a", "baseline")
    assert row.difference == pytest.approx(0.275)
    places = ranks([row])
    assert (str(places["a"]), str(places["baseline"])) == ("1", "2")


def test_another_challenger_moves_no_pair() -> None:
    """Only Holm's correction knows how many there are."""
    known = study(np.random.default_rng(4), 60, [0.3, 0, 0.1])
    two = only(differences(known._replace(names=known.names[:2], worths=known.worths[:, :2]), seed=1))
    first = differences(known, seed=1)[0]
    assert first.model_copy(update={"adjusted": None}) == two.model_copy(update={"adjusted": None})
    assert differences(known, seed=1) == differences(known, seed=1)
    assert differences(tabled([]), seed=1) == ()


def test_many_conversations_are_drawn_in_groups_of_equal_size() -> None:
    """Beyond 5,000 they are put together at random; the spread of their total stays what it was."""
    rng = np.random.default_rng(6)
    sizes = np.bincount(groups(4 * MOST + 7, rng))
    assert (len(sizes), sizes.min(), sizes.max()) == (MOST, 4, 5)
    values = rng.normal(0, 1, 4 * MOST)
    sums = np.bincount(groups(4 * MOST, rng), weights=values).astype(float).reshape(-1, 1)
    assert resampled(sums, rng, 2000).std() == pytest.approx(values.std() * np.sqrt(4 * MOST), rel=0.06)


def test_ten_times_the_conversations_take_no_more_than_ten_times_the_time() -> None:
    """Drawing is bounded, the rest is one pass over the columns."""

    def seconds(conversations: int) -> float:
        rng = np.random.default_rng(1)
        known = table(rng.choice(SEVENTHS, (conversations, 8)), np.arange(conversations))
        began = time.perf_counter()
        differences(known, seed=1, rounds=500)
        return time.perf_counter() - began

    assert min(seconds(50_000) for _ in range(2)) < 10 * max(seconds(5_000) for _ in range(2))
