from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.standings.bootstrap import TOO_FEW
from judges.standings.ratings import ANCHOR, NOT_CONNECTED, ONE_WAY, Comparisons, Rating, _fitted, _iterated, ratings

SEVENTHS = [0, 1 / 7, 0.5, 6 / 7, 1]


class Comparison(NamedTuple):
    """Two answers to one challenge, and the share of the first."""

    conversation: str
    first: str
    second: str
    worth: float
    weight: float = 1.0


def columns(found: list[Comparison]) -> Comparisons:
    """The same in columns; the baseline is b."""
    names = sorted({"b", *(name for row in found for name in (row.first, row.second))})
    conversations = sorted({row.conversation for row in found})
    codes = [(conversations.index(row[0]), names.index(row[1]), names.index(row[2])) for row in found]
    places = np.array(codes, dtype=np.int32).reshape(-1, 3).T
    worths, weights = (np.array([row[cell] for row in found], dtype=float) for cell in (3, 4))
    conversation, first, second = places
    return Comparisons(tuple(names), conversation, first, second, worths, weights, np.ones(len(weights)))


def rated(found: list[Comparison], *, rounds: int = 50, seed: int = 1) -> dict[str, Rating]:
    """Ratings by name, against b."""
    return {row.name: row for row in ratings(columns(found), baseline="b", seed=seed, rounds=rounds)}


def tournament(rng: np.random.Generator, strengths: list[float], turns: int = 400) -> list[Comparison]:
    """Everybody meets everybody, and wins as often as Bradley and Terry say; two turns a conversation."""
    met = (rng.choice(len(strengths), 2, replace=False).tolist() for _ in range(turns))
    chances = ((i, j, 1 / (1 + np.exp(strengths[j] - strengths[i]))) for i, j in met)
    names = ["b", *(f"m{n}" for n in range(1, len(strengths)))]
    return [
        Comparison(f"v{turn // 2}", names[i], names[j], float(rng.random() < chance))
        for turn, (i, j, chance) in enumerate(chances)
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.sampled_from(SEVENTHS), st.sampled_from([1, 3])), min_size=3, max_size=60
    )
)
@settings(max_examples=60, deadline=None)
def test_against_one_baseline_the_rating_is_the_win_rate(rows: list[tuple[str, float, int]]) -> None:
    """The chance to win equals the weighted mean to 1e-9; whoever only wins or only loses has no finite rating."""
    found = rated([Comparison(f"v{n // 2}", name, "b", worth, weight) for n, (name, worth, weight) in enumerate(rows)])
    for name in {name for name, _, _ in rows}:
        worths, weights = zip(*((worth, weight) for of, worth, weight in rows if of == name), strict=True)
        mean = float(np.average(worths, weights=weights))
        if 0 < mean < 1:
            assert found[name].win_probability == pytest.approx(mean, abs=1e-9)
            assert found[name].elo == pytest.approx(ANCHOR + 400 * np.log10(mean / (1 - mean)), abs=1e-6)
        else:
            assert (found[name].elo, found[name].caveat) == (None, ONE_WAY)


def test_evalica_finds_the_win_rate() -> None:
    """Where everybody met the baseline only, the fit need not be iterated; doing so ends at the same strengths."""
    wins = np.zeros((4, 4))
    wins[0, 1:], wins[1:, 0] = (3.5, 10, 0.5), (7, 2.25, 9)
    known, iterated = _fitted(wins), _iterated(wins)
    assert known is not None
    assert iterated is not None
    assert known == pytest.approx(iterated, abs=1e-9)


def test_choix_finds_the_same_strengths() -> None:
    """Where challengers meet each other, an independent fit of the likelihood agrees."""
    choix = pytest.importorskip("choix")
    found = tournament(np.random.default_rng(1), [0, 0.8, -0.5, 1.5])
    ours, names = rated(found), ["b", "m1", "m2", "m3"]
    won = [(row.first, row.second) if row.worth else (row.second, row.first) for row in found]
    fit = choix.opt_pairwise(
        4, [(names.index(winner), names.index(loser)) for winner, loser in won], alpha=0, tol=1e-12
    )
    theirs = [ANCHOR + 400 / np.log(10) * (strength - fit[0]) for strength in fit]
    assert [ours[name].elo for name in names] == pytest.approx(theirs, abs=0.01)


def test_statsmodels_finds_the_same_strengths() -> None:
    """Bradley-Terry is a logistic regression on who sat where, ties and weights included."""
    api = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(4)
    names, found = ["b", "x", "y", "z"], []
    for n in range(300):
        first, second = rng.choice(names, 2, replace=False).tolist()
        found.append(Comparison(f"v{n}", first, second, rng.choice(SEVENTHS), float(rng.integers(1, 4))))
    seats = np.array([[(row.first == name) - (row.second == name) for name in names[1:]] for row in found], dtype=float)
    family, weights = api.families.Binomial(), [row.weight for row in found]
    fit = api.GLM([row.worth for row in found], seats, family=family, freq_weights=np.array(weights)).fit(tol=1e-12)
    ours = rated(found)
    assert [ours[name].elo for name in names[1:]] == pytest.approx(ANCHOR + 400 / np.log(10) * fit.params, abs=0.01)


def test_intervals_cover_what_they_promise() -> None:
    """Over tournaments whose turns come in pairs a 95 % interval holds the true rating in 93 % of all cases or more."""
    rng, strengths, held = np.random.default_rng(3), [0.0, 0.6, -0.4, 1.0], []
    for trial in range(250):
        found = rated([row for row in tournament(rng, strengths, 150) for _ in range(3)], rounds=300, seed=trial)
        for n, strength in enumerate(strengths[1:], 1):
            row, truth = found[f"m{n}"], ANCHOR + 400 / np.log(10) * strength
            held.append((row.low or -np.inf) <= truth <= (row.high or np.inf))
    assert 0.93 <= np.mean(held) <= 0.99


def test_copies_within_a_conversation_add_nothing() -> None:
    """Ten judgments of one turn are one turn."""
    found = tournament(np.random.default_rng(2), [0, 0.5, -0.5])
    once, often = rated(found, rounds=300), rated([row for row in found for _ in range(10)], rounds=300)
    for name, row in once.items():
        assert (often[name].elo, often[name].low, often[name].high) == pytest.approx((row.elo, row.low, row.high))


def test_the_baseline_is_held_where_it_is() -> None:
    """It stands at 1,000 with no error of its own, and one half against itself."""
    row = rated(tournament(np.random.default_rng(2), [0, 0.5]))["b"]
    assert (row.elo, row.low, row.high, row.win_probability, row.caveat) == (ANCHOR, ANCHOR, ANCHOR, 0.5, None)


def test_islands_and_one_way_streets_are_said() -> None:
    """Who never met the baseline's circle, or met it with wins only, has no number; the others keep theirs."""
    known = tournament(np.random.default_rng(2), [0, 0.5])
    island = [Comparison("v1", "far", "away", worth) for worth in (0.0, 1.0)]
    unbeaten = [Comparison(f"v{n}", "giant", "m1", 1.0) for n in range(9)]
    found = rated(known + island + unbeaten)
    assert {name: row.caveat for name, row in found.items()} == {
        "b": None,
        "m1": None,
        "far": NOT_CONNECTED,
        "away": NOT_CONNECTED,
        "giant": ONE_WAY,
    }
    assert found["giant"].conversations == 9
    assert (found["far"].elo, found["far"].win_probability) == (None, None)
    assert found["m1"].elo == pytest.approx(rated(known)["m1"].elo)
    assert [row.name for row in ratings(columns(known + island), baseline="b", seed=1, rounds=5)][2:] == ["away", "far"]


def test_a_bound_that_no_resample_reaches_is_none() -> None:
    """With one loss in twelve conversations many resamples hold none, so the rating has no upper bound."""
    row = rated([Comparison(f"v{n}", "x", "b", float(n > 0)) for n in range(12)], rounds=500)["x"]
    assert row.elo is not None
    assert row.low is not None
    assert row.low < row.elo
    assert row.high is None


def test_one_conversation_has_no_interval() -> None:
    """A rating there is; how conversations differ nobody knows."""
    row = rated([Comparison("v", "x", "b", worth) for worth in (1.0, 0.5)])["x"]
    assert (row.low, row.high, row.caveat) == (None, None, TOO_FEW)
    assert row.win_probability == pytest.approx(0.75)
    assert [row.name for row in ratings(columns([]), baseline="b", seed=1)] == ["b"]


def test_neither_order_nor_seat_changes_a_rating() -> None:
    """One seed, one answer; who is written first is no matter, and nobody meets himself."""
    rng = np.random.default_rng(2)
    found = tournament(rng, [0, 0.5, -0.5])
    turned = [Comparison(row.conversation, row.second, row.first, 1 - row.worth) for row in found]
    turned += [Comparison("v1", "m1", "m1", 1.0)]
    for name, row in rated(found).items():
        again = rated([turned[n] for n in rng.permutation(len(turned))])[name]
        assert (again.elo, again.low, again.high) == pytest.approx((row.elo, row.low, row.high))


def test_ten_times_the_comparisons_take_no_more_than_fifteen_times_the_time() -> None:
    """Comparisons are added up by column, and resamples are of the sums."""

    def seconds(turns: int) -> float:
        rng, places = np.random.default_rng(1), np.arange(turns, dtype=np.int32)
        names = ("b", *(f"m{n}" for n in range(8)))
        worths, weights = rng.choice(SEVENTHS, turns), np.ones(turns)
        found = Comparisons(names, places, 1 + places % 8, np.zeros_like(places), worths, weights, weights)
        began = time.perf_counter()
        ratings(found, baseline="b", seed=1, rounds=300)
        return time.perf_counter() - began

    seconds(100)
    assert min(seconds(50_000) for _ in range(2)) < 15 * max(seconds(5_000) for _ in range(2))
