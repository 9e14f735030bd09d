"""The draw: its chances are known, so that what is drawn stands for all that was held."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sampling.draw import Batch, Drawing, draw
from connector.sampling.options import Sampling
from connector.sampling.strata import OTHER, Held, by_slices, merged
from tests.sampled import mean, skewed, standard_error, won

TRAFFIC = skewed()
TRUTH = mean(won(turn) for turn in TRAFFIC)
BY_ID = {turn.id: turn for turn in TRAFFIC}
SEEDS = 200
WAYS: list[dict[str, Any]] = [
    {"strategy": "uniform"},
    {"strategy": "uniform", "per_user": 15},
    {"strategy": "stratified"},
    {"strategy": "stratified", "allocation": "square_root"},
    {"strategy": "stratified", "allocation": "square_root", "per_user": 15},
    {"strategy": "stratified", "per_user": 20, "per_conversation": 2},
]


def made(held: list[Held], quota: int, seed: int = 0, number: int = 1, **options: Any) -> Drawing:
    """Draw once."""
    sampling = Sampling(seed=seed, **options)
    strata = by_slices(held, ["tag"]) if sampling.strategy == "stratified" else {each.id: "all" for each in held}
    return draw(held, strata, Batch("2026-W47", number, quota), sampling)


def unbiased(estimates: list[float], truth: float) -> bool:
    """Whether the mean of many estimates is the truth within four of its standard errors."""
    return abs(mean(estimates) - truth) <= 4 * standard_error(estimates) + 1e-9


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_weighted_totals_are_those_of_all_traffic(options: dict[str, Any]) -> None:
    """Horvitz and Thompson: over many seeds the weights add up to the turns, and the weighted scores to all scores."""
    draws = [made(TRAFFIC, 100, seed, **options).weights for seed in range(SEEDS)]
    assert unbiased([sum(weights.values()) for weights in draws], len(TRAFFIC))
    totals = [sum(weight * won(BY_ID[each]) for each, weight in weights.items()) for weights in draws]
    assert unbiased(totals, TRUTH * len(TRAFFIC))


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_every_turn_stands_for_itself_on_average(options: dict[str, Any]) -> None:
    """A turn's weight, over draws that take it and draws that leave it, is one: its chance is what it is said to be."""
    expected = dict.fromkeys(BY_ID, 0.0)
    for seed in range(SEEDS):
        for each, weight in made(TRAFFIC, 250, seed, **options).weights.items():
            expected[each] += weight / SEEDS
    groups = {turn: (BY_ID[turn].user_id == "loud", BY_ID[turn].slices) for turn in BY_ID}
    for group in set(groups.values()):
        assert mean(expected[turn] for turn in BY_ID if groups[turn] == group) == pytest.approx(1, abs=0.12)


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_several_draws_of_one_window_add_up(options: dict[str, Any]) -> None:
    """Batches of different sizes and quotas, drawn apart, estimate the sum of them."""
    parts = [(TRAFFIC[:450], 20, 1), (TRAFFIC[450:500], 60, 2), (TRAFFIC[500:], 70, 3)]
    totals, sizes = list[float](), list[float]()
    for seed in range(SEEDS):
        weights = {k: v for held, quota, n in parts for k, v in made(held, quota, seed, n, **options).weights.items()}
        totals.append(sum(weight * won(BY_ID[each]) for each, weight in weights.items()))
        sizes.append(sum(weights.values()))
    assert unbiased(sizes, len(TRAFFIC))
    assert unbiased(totals, TRUTH * len(TRAFFIC))


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_the_weighted_win_rate_of_skewed_traffic_is_unbiased(options: dict[str, Any]) -> None:
    """One customer sends 40 % of it: the weighted mean is the traffic's, to less than a hundredth of a point."""
    rates, plain = list[float](), list[float]()
    for seed in range(SEEDS):
        weights = made(TRAFFIC, 200, seed, **options).weights
        rates.append(sum(w * won(BY_ID[each]) for each, w in weights.items()) / sum(weights.values()))
        plain.append(mean(won(BY_ID[each]) for each in weights))
    assert abs(mean(rates) - TRUTH) <= 4 * standard_error(rates) + 0.001
    if "per_user" in options:
        assert abs(mean(plain) - TRUTH) > 0.1, "without weights the cap would distort it"


def test_caps_hold_and_what_stays_weighs_more() -> None:
    """Of the loud customer's 400 turns 15 are left, each of them for 27 and more."""
    weights = made(TRAFFIC, 10_000, per_user=15, strategy="uniform").weights
    loud = [weight for each, weight in weights.items() if BY_ID[each].user_id == "loud"]
    assert loud == pytest.approx([400 / 15] * 15)
    several = made(TRAFFIC, 10_000, per_conversation=2, strategy="uniform").weights
    assert max(sum(BY_ID[e].conversation_id == c for e in several) for c in {t.conversation_id for t in TRAFFIC}) == 2


def test_turns_of_nobody_are_not_one_user() -> None:
    """Where no user is known, a cap per user takes nothing away."""
    held = [Held(f"{n}", f"{n}") for n in range(50)]
    assert len(made(held, 100, per_user=1, strategy="uniform").weights) == 50


def test_what_fits_is_taken_whole() -> None:
    """Below the quota every turn is drawn, and stands for itself alone."""
    assert set(made(TRAFFIC[:90], 100, strategy="stratified").weights.values()) == {1.0}


@given(st.integers(0, 2**32), st.integers(1, 300), st.randoms())
def test_the_order_of_arrival_means_nothing(seed: int, quota: int, rng: random.Random) -> None:
    """The draw depends on ids, seed, epoch and batch, and on nothing else."""
    some = TRAFFIC[::4]
    shuffled = rng.sample(some, len(some))
    options: dict[str, Any] = {"strategy": "stratified", "per_user": 9, "allocation": "square_root"}
    one, other = made(some, quota, seed, **options), made(shuffled, quota, seed, **options)
    assert (dict(one.weights), one.strata) == (dict(other.weights), other.strata)
    assert len(one.weights) <= quota


def test_seed_and_batch_draw_others() -> None:
    """Another seed, or the next draw, is another lottery."""
    first = set(made(TRAFFIC, 100, strategy="uniform").weights)
    for other in (made(TRAFFIC, 100, 1, strategy="uniform"), made(TRAFFIC, 100, 0, 2, strategy="uniform")):
        assert 0 < len(first & set(other.weights)) < 40


def test_small_strata_are_put_together() -> None:
    """More strata than the quota can look at twice become "other", the smallest first."""
    strata = {str(n): f"s{n % 7}" for n in range(100)} | {"x": "tiny"}
    found = merged(strata, 4)
    assert sorted(set(found.values())) == [OTHER, "s0", "s1", "s2"]
    assert found["x"] == OTHER
    assert set(merged(strata, 1).values()) == {OTHER}
    assert merged(strata, 8) == strata


def test_strata_are_what_the_slices_say_together() -> None:
    """Several tags are one value, a missing one is a hyphen, and what is rarer than five is "other"."""
    both = (("tag", "b"), ("tag", "a"), ("tool", "search"))
    held = [Held(str(n), "c", None, both if n < 6 else ()) for n in range(11)] + [Held("z", "c", None, (("tag", "q"),))]
    found = by_slices(held, ["tag", "tool"])
    assert (found["0"], found["7"], found["z"]) == ("a+b · search", "- · -", OTHER)
