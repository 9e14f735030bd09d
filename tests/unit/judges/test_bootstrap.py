from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.standings.bootstrap import cluster_interval, student

scored = st.lists(st.tuples(st.sampled_from([0, 1 / 7, 0.5, 6 / 7, 1]), st.integers(0, 6)), min_size=2, max_size=40)


def conversations(rng: np.random.Generator, count: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Conversations of 1 to 8 turns whose turns share most of what makes them good or bad."""
    sizes = rng.integers(1, 9, count)
    clusters = np.repeat(np.arange(count), sizes)
    mood = rng.normal(0, 1.0, count)[clusters]
    return (rng.normal(0, 0.5, len(clusters)) + mood + level > 0).astype(float), clusters


@pytest.mark.parametrize(
    ("count", "level", "truth", "least"),
    [
        *((count, 0.5, 0.6726, 0.93) for count in (10, 20, 40, 200)),
        *((count, 1.5, 0.9101, 0.92) for count in (40, 150)),
    ],
)
def test_intervals_cover_what_they_promise(count: int, level: float, truth: float, least: float) -> None:
    """Over correlated conversations a 95 % interval holds the truth in 93 % of 600 cases, near 1 in 92 %.

    `truth` is P(N(0, 1.25) > -level), what conversations() averages to.
    """
    rng, trials, held = np.random.default_rng(7), 600, 0
    for trial in range(trials):
        interval = cluster_interval(*conversations(rng, count, level), seed=trial, rounds=400)
        held += interval is not None and interval.low <= truth <= interval.high
    assert held / trials >= least


def test_plain_quantiles_are_too_short_on_the_side_of_the_long_tail() -> None:
    """The same cases by plain quantiles: the simulation can tell right from wrong."""
    rng, held = np.random.default_rng(7), []
    for _ in range(400):
        values, clusters = conversations(rng, 40, 1.5)
        sums, sizes = np.bincount(clusters, weights=values), np.bincount(clusters)
        drawn = rng.integers(0, 40, (400, 40))
        low, high = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), (0.025, 0.975))
        held.append(low <= 0.9101 <= high)
    assert np.mean(held) < 0.92


def test_weights_make_it_the_interval_of_the_weighted_mean() -> None:
    """A value that weighs three is three copies of it in the same conversation."""
    rng = np.random.default_rng(3)
    values, clusters = conversations(rng, 60, 0.3)
    weights = rng.choice([1, 3], len(values))
    copied = cluster_interval(np.repeat(values, weights), np.repeat(clusters, weights), seed=1)
    weighed = cluster_interval(values, clusters, weights=weights, seed=1)
    assert weighed is not None and copied is not None  # noqa: PT018
    assert (weighed.low, weighed.high) == pytest.approx((copied.low, copied.high))
    none = cluster_interval([1.0, 0.0, 0.5], ["a", "b", "c"], weights=[1, 0, 0], seed=1)
    assert none is None


def test_a_conversation_that_outweighs_all_others_is_all_there_is() -> None:
    """However many small ones stand beside it, the interval says next to nothing."""
    values, clusters = [1.0] * 500 + [0.0, 1.0] * 30, [0] * 500 + list(range(1, 61))
    interval = cluster_interval(values, clusters, seed=1)
    assert interval is not None
    assert interval.high - interval.low > 0.5


def test_row_4_the_interval_is_that_of_the_mean() -> None:
    """A hundred wins and a hundred losses have a standard error of 0.035, not 0; two hundred ties have none."""
    mixed = cluster_interval([1.0] * 100 + [0.0] * 100, range(200), seed=1)
    assert mixed is not None
    assert (mixed.high - mixed.low) / 2 == pytest.approx(1.96 * 0.0354, rel=0.06)
    ties = cluster_interval([0.5] * 200, range(200), seed=1)
    assert ties is not None
    assert (ties.low, ties.high, ties.degenerate) == (0.5, 0.5, True)
    assert not mixed.degenerate


def test_row_11_one_seed_one_interval() -> None:
    """The same outcomes give the same interval; another seed gives another one, hardly different."""
    values, clusters = conversations(np.random.default_rng(3), 100, 0)
    first, again, other = (cluster_interval(values, clusters, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first is not None and other is not None  # noqa: PT018
    assert first.low == pytest.approx(other.low, abs=0.02)


@given(scored, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_of_the_turns_changes_nothing(rows: Any, random: Any) -> None:
    """Neither when turns arrive nor how conversations are called moves the interval."""
    first = cluster_interval([v for v, _ in rows], [c for _, c in rows], seed=5, rounds=50)
    random.shuffle(rows)
    assert cluster_interval([v for v, _ in rows], [f"v{9 - c}" for _, c in rows], seed=5, rounds=50) == first


@given(scored)
@settings(max_examples=50)
def test_an_interval_holds_its_mean(rows: Any) -> None:
    """Low never exceeds high, the mean lies between, and neither leaves 0 to 1."""
    values, clusters = zip(*rows, strict=True)
    interval = cluster_interval(values, clusters, seed=5, rounds=50)
    if len(set(clusters)) < 2:
        assert interval is None
    else:
        assert interval is not None
        assert 0 <= interval.low <= np.mean(values) + 1e-9
        assert np.mean(values) - 1e-9 <= interval.high <= 1


def test_turns_of_one_conversation_stay_together() -> None:
    """Ten copies of every turn in its conversation add nothing; as conversations of their own they seem to."""
    values, clusters = np.tile([0.0, 1.0], 50), np.arange(100)
    once = cluster_interval(values, clusters, seed=1)
    copied = cluster_interval(np.repeat(values, 10), np.repeat(clusters, 10), seed=1)
    apart = cluster_interval(np.repeat(values, 10), np.arange(1000), seed=1)
    assert once is not None and copied is not None and apart is not None  # noqa: PT018
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))
    assert apart.high - apart.low < (once.high - once.low) / 2.5


@pytest.mark.parametrize(("values", "clusters"), [([], []), ([1.0], ["a"]), ([1.0, 0.0], ["a", "a"])])
def test_one_conversation_has_no_interval(values: list[float], clusters: list[str]) -> None:
    """Nothing can be said about how conversations differ from fewer than two."""
    assert cluster_interval(values, clusters, seed=1) is None


def test_values_and_clusters_belong_together() -> None:
    """A caller's mistake is no statistic."""
    with pytest.raises(ValueError, match="clusters"):
        cluster_interval([1.0, 2.0], ["a"], seed=1)


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.7062), (2, 4.3027), (3, 3.1824), (5, 2.5706), (10, 2.2281), (100, 1.9840)]
)
def test_students_quantile_is_that_of_the_tables(freedom: int, quantile: float) -> None:
    """Known values of t at 97.5 %."""
    assert student(0.975, freedom) == pytest.approx(quantile, abs=0.004)


def test_the_plain_bootstrap_is_nearly_the_same() -> None:
    """Where there is little skew, quantiles of conversations drawn one by one are not far off."""
    rng = np.random.default_rng(1)
    values, clusters = conversations(rng, 150, 0.2)
    sums, sizes = np.bincount(clusters, weights=values), np.bincount(clusters)
    drawn = rng.integers(0, 150, (4000, 150))
    low, high = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), (0.025, 0.975))
    interval = cluster_interval(values, clusters, seed=1, rounds=4000)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.01)


def test_scores_that_are_all_different_take_no_longer() -> None:
    """On scales without steps conversations are drawn in groups, and the interval is the one that it should be."""
    rng = np.random.default_rng(1)
    values, clusters = rng.uniform(size=60_000), np.arange(60_000) // 3
    began = time.perf_counter()
    interval = cluster_interval(values, clusters, seed=1)
    assert time.perf_counter() - began < 5
    assert interval is not None
    assert (interval.high - interval.low) / 2 == pytest.approx(1.96 * values.std() / np.sqrt(60_000), rel=0.08)


def test_a_million_turns_take_seconds() -> None:
    """Size is no reason to give up intervals."""
    rng = np.random.default_rng(1)
    values, clusters = rng.choice([0, 1 / 7, 0.5, 6 / 7, 1], 1_000_000), rng.integers(0, 200_000, 1_000_000)
    began = time.perf_counter()
    assert cluster_interval(values, clusters, seed=1) is not None
    assert time.perf_counter() - began < 10
