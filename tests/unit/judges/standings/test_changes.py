"""A challenger that changed is told apart from traffic that did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from judges.standings.changes import shift
from judges.standings.columns import gathered
from judges.standings.parts import MOST, WHOLE, Part, parts
from tests.outcomes import outcome, turn

Means = dict[str, float]


def epoch(rng: np.random.Generator, mix: Means, means: Means, *, conversations: int = 300) -> tuple[Part, ...]:
    """Return the parts of an epoch: conversations of one to three turns, each in one cluster."""
    turns, outcomes = [], []
    names, shares = list(mix), list(mix.values())
    for number in range(conversations):
        name = str(rng.choice(names, p=shares))
        likely = float(np.clip(means[name] + rng.normal(0, 0.1), 0, 1))
        for place in range(rng.integers(1, 4)):
            turns.append(turn(f"v{number}/{place}", slices=(("cluster", name),)))
            outcomes.append(outcome("x", f"v{number}/{place}", float(rng.random() < likely)))
    return parts(gathered(turns, outcomes), "sevenths")


def test_a_change_of_traffic_is_no_change_of_the_challenger() -> None:
    """The win rate falls by far, because more is asked of what it is bad at; within the clusters nothing is certain."""
    rng, means = np.random.default_rng(1), {"easy": 0.7, "hard": 0.3}
    before, after = epoch(rng, {"easy": 0.8, "hard": 0.2}, means), epoch(rng, {"easy": 0.2, "hard": 0.8}, means)
    found = shift("x", ("2026-W46", before), ("2026-W47", after))
    assert found is not None
    assert found.change < -0.15
    assert found.dimension == "cluster"
    assert found.within is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high
    assert found.mix == pytest.approx(found.change - found.within)
    assert found.change - found.within < -0.15


def test_a_change_of_the_challenger_is_found_under_another_mix() -> None:
    """It becomes worse at one thing while easier things are asked: from outside nothing moves."""
    rng = np.random.default_rng(2)
    before = epoch(rng, {"easy": 0.4, "hard": 0.6}, {"easy": 0.7, "hard": 0.45}, conversations=500)
    after = epoch(rng, {"easy": 0.75, "hard": 0.25}, {"easy": 0.62, "hard": 0.25}, conversations=500)
    found = shift("x", ("a", before), ("b", after))
    assert found is not None
    assert abs(found.change) < 0.05
    assert found.high is not None
    assert found.high < -0.05
    assert found.largest[0].value == "hard"


def test_the_interval_of_the_own_change_covers() -> None:
    """Where nothing changes but the mix, it holds zero in at least 92 of 100 studies."""
    rng, means = np.random.default_rng(3), {f"c{n}": 0.2 + 0.06 * n for n in range(10)}
    mixes = [dict(zip(means, rng.dirichlet(np.full(10, 3.0)).tolist(), strict=True)) for _ in range(2)]
    held = 0
    for _ in range(100):
        found = shift("x", *(("e", epoch(rng, mix, means, conversations=100)) for mix in mixes))
        held += found is not None and found.low is not None and found.high is not None and found.low <= 0 <= found.high
    assert held >= 92


def by(names: Sequence[str], dimension: str, scores: Sequence[float] = (0.0, 1.0)) -> tuple[Part, ...]:
    """Return an epoch of these values, two conversations each."""
    rows = [(f"v{number}{score}/1", name, score) for number, name in enumerate(names) for score in scores]
    turns = [turn(challenge, slices=((dimension, name),)) for challenge, name, _ in rows]
    return parts(gathered(turns, [outcome("x", challenge, score) for challenge, _, score in rows]), "sevenths")


def test_the_finest_dimension_that_both_have_is_taken() -> None:
    """Clusters that are all new cannot be compared; trace names that are the same can, and it is said which."""
    both = shift("x", ("a", by(["p", "q"], "trace name")), ("b", by(["p", "q"], "trace name")))
    assert both is not None
    assert (both.dimension, both.parts, both.covered_before) == ("trace name", 2, 1.0)
    neither = shift("x", ("a", by(["p"], "cluster")), ("b", by(["q"], "cluster")))
    assert neither is not None
    assert (neither.dimension, neither.within, neither.mix) == (None, None, None)
    assert shift("nobody", ("a", by(["p"], "tag")), ("b", by(["p"], "tag"))) is None


def test_what_new_parts_bring_is_other_traffic() -> None:
    """A part that only the later epoch has is not compared, and how much was is said."""
    found = shift("x", ("a", by(["p"], "tag")), ("b", by(["p", "new"], "tag")))
    assert found is not None
    assert (found.within, found.covered_before, found.covered_after) == (0.0, 1.0, 0.5)


def test_parts_are_a_partition() -> None:
    """Every fresh turn is in one part of each dimension; several tags are one value, and too many values one part."""
    turns = [turn(f"v{n}/1", slices=(("tag", f"t{n}"), ("tag", "all"))) for n in range(MOST + 50)]
    turns[0] = turns[0]._replace(tier="golden")
    found = parts(gathered(turns, [outcome("x", each.challenge_id, 1.0) for each in turns]), "sevenths")
    tags = [part for part in found if part.dimension == "tag"]
    assert sum(part.turns for part in tags) == sum(part.turns for part in found if part.dimension == WHOLE)
    assert sum(part.turns for part in tags) == MOST + 49
    assert {part.value for part in tags if part.value and "+" not in part.value} == set()
    [rest] = [part for part in tags if part.value is None]
    assert not rest.comparable
