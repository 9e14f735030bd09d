from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.standings.agreement import NO_CHOICE, RARE, agreement
from judges.standings.bootstrap import TOO_FEW
from judges.types import Verdict

WIN, TIE, LOSS = Verdict.WIN, Verdict.TIE, Verdict.LOSS

pairs = st.lists(
    st.tuples(st.sampled_from([WIN, TIE, LOSS]), st.sampled_from([WIN, TIE, LOSS]), st.integers(0, 9)),
    min_size=1,
    max_size=40,
)


def people(rng: np.random.Generator, conversations: int) -> tuple[list[Verdict], list[Verdict], list[int]]:
    """Conversations of 1 to 5 duels, in some of which the judge follows people and in some of which it guesses."""
    clusters = np.repeat(np.arange(conversations), rng.integers(1, 6, conversations))
    human = rng.integers(0, 2, len(clusters)) * 2
    follows = (rng.uniform(size=conversations) < 0.6)[clusters]
    judge = np.where(follows, human, rng.integers(0, 2, len(clusters)) * 2)
    names = (WIN, TIE, LOSS)
    return [names[j] for j in judge], [names[h] for h in human], clusters.tolist()


def test_cohens_own_way_by_hand() -> None:
    """20 + 15 of 50 alike where chance gives one half: agreement 0.7, kappa 0.4; the shares are shown."""
    judge = [WIN] * 25 + [LOSS] * 25
    human = [WIN] * 20 + [LOSS] * 5 + [WIN] * 10 + [LOSS] * 15
    found = agreement(judge, human, range(50), seed=1)
    assert found.agreement == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)
    assert found.judge_shares == {WIN: 0.5, TIE: 0, LOSS: 0.5}
    assert found.human_shares == {WIN: 0.6, TIE: 0, LOSS: 0.4}


@given(pairs)
@settings(max_examples=50, deadline=None)
def test_statsmodels_finds_the_same_kappa(rows: Any) -> None:
    """Whatever the verdicts, kappa is that of statsmodels, and missing exactly where that one is not a number."""
    kappa = pytest.importorskip("statsmodels.stats.inter_rater").cohens_kappa
    judge, human, clusters = zip(*rows, strict=True)
    table = np.zeros((3, 3))
    for ours, theirs in zip(judge, human, strict=True):
        table[(WIN, TIE, LOSS).index(ours), (WIN, TIE, LOSS).index(theirs)] += 1
    found = agreement(judge, human, clusters, seed=1, rounds=20)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = kappa(table, return_results=False)
    if found.kappa is None:
        assert np.isnan(expected)
        assert found.no_kappa == NO_CHOICE
    else:
        assert found.kappa == pytest.approx(expected, abs=1e-12)


@given(pairs)
@settings(max_examples=50, deadline=None)
def test_judge_and_humans_may_change_places(rows: Any) -> None:
    """Agreement has no direction."""
    judge, human, clusters = zip(*rows, strict=True)
    here, there = agreement(judge, human, clusters, seed=1, rounds=20), agreement(human, judge, clusters, seed=1)
    assert (here.agreement, here.judge_shares) == (there.agreement, there.human_shares)
    assert here.kappa == pytest.approx(there.kappa)


def test_both_intervals_cover_what_they_promise() -> None:
    """Over conversations whose duels go together, 95 % intervals hold the truth in at least 92 % of all cases."""
    rng = np.random.default_rng(9)
    held = {"agreement": 0, "kappa": 0}
    for trial in range(300):
        found = agreement(*people(rng, 60), seed=trial, rounds=500)
        assert found.agreement_interval is not None and found.kappa_interval is not None  # noqa: PT018
        held["agreement"] += found.agreement_interval.low <= 0.8 <= found.agreement_interval.high
        held["kappa"] += found.kappa_interval.low <= 0.6 <= found.kappa_interval.high
    assert min(held.values()) / 300 >= 0.92


def test_one_seed_one_interval() -> None:
    """The same pairs give the same figures; another seed moves the intervals only."""
    given_pairs = people(np.random.default_rng(1), 40)
    first, again, other = (agreement(*given_pairs, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert (first.kappa, first.agreement) == (other.kappa, other.agreement)
    assert first.kappa_interval != other.kappa_interval


def test_what_cannot_be_said_has_a_reason() -> None:
    """One verdict throughout has no kappa, one conversation no interval, and a single exception no interval either."""
    alike = agreement([WIN] * 9, [WIN] * 9, range(9), seed=1)
    assert (alike.agreement, alike.kappa, alike.no_kappa) == (1, None, NO_CHOICE)
    alone = agreement([WIN, LOSS], [WIN, LOSS], "aa", seed=1)
    assert (alone.kappa, alone.agreement_interval, alone.no_interval) == (1, None, TOO_FEW)
    rare = agreement([WIN] * 9 + [LOSS], [WIN] * 9 + [LOSS], range(10), seed=1)
    assert (rare.kappa, rare.kappa_interval, rare.no_interval) == (1, None, RARE)
    none = agreement([], [], [], seed=1)
    assert (none.pairs, none.agreement, none.kappa, none.no_kappa) == (0, None, None, "no pairs")


def test_unreadable_is_no_disagreement() -> None:
    """A pair that could not be read is left out and counted."""
    found = agreement([WIN, Verdict.UNREADABLE, LOSS], [WIN, WIN, LOSS], range(3), seed=1)
    assert (found.pairs, found.left_out, found.agreement) == (2, 1, 1)


def test_kappa_falls_where_one_verdict_prevails() -> None:
    """Nine in ten alike is worth 0.8 where verdicts are balanced and nothing where all but a few are wins."""
    balanced = agreement([WIN] * 50 + [LOSS] * 50, [WIN] * 45 + [LOSS] * 50 + [WIN] * 5, range(100), seed=1)
    lopsided = agreement([WIN] * 95 + [LOSS] * 5, [WIN] * 90 + [LOSS] * 5 + [WIN] * 5, range(100), seed=1)
    assert balanced.agreement == lopsided.agreement == 0.9
    assert balanced.kappa == pytest.approx(0.8)
    assert lopsided.kappa == pytest.approx(-0.0526, abs=1e-4)
