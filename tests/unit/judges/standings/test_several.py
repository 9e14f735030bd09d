from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.standings.several import RankInterval, holm, rank_intervals

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(p_values)
@settings(deadline=None)  # the oracle takes seconds to import
def test_holm_agrees_with_statsmodels(raw: list[float]) -> None:
    """The adjusted p-values are those of an independent implementation."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    assert holm(raw) == pytest.approx(list(multitest.multipletests(raw, method="holm")[1]))


@given(p_values)
def test_holm_keeps_the_order_and_never_lowers(raw: list[float]) -> None:
    """A stronger finding stays the stronger one, and none becomes stronger by company."""
    adjusted = holm(raw)
    assert all(low <= high <= 1 for low, high in zip(raw, adjusted, strict=True))
    assert [adjusted[n] for n in sorted(range(len(raw)), key=raw.__getitem__)] == sorted(adjusted)
    assert holm([]) == []


def test_undecided_neighbours_share_their_places() -> None:
    """One is best, two cannot be told apart, one is worst."""
    decided = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "d"), ("c", "d")]
    places = {name: str(place) for name, place in rank_intervals(["a", "b", "c", "d"], decided).items()}
    assert places == {"a": "1", "b": "2–3", "c": "2–3", "d": "4"}  # noqa: RUF001


@given(st.permutations(range(6)), st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5))))
def test_true_places_are_inside_when_every_call_is_right(order: list[int], asked: set[tuple[int, int]]) -> None:
    """Whatever subset of the true order is known, no interval misses a true place."""
    place = {str(name): n + 1 for n, name in enumerate(order)}
    pairs = [(str(a), str(b)) for a, b in asked if place[str(a)] < place[str(b)]]
    found = rank_intervals(list(place), pairs)
    assert all(found[name].best <= n <= found[name].worst for name, n in place.items())


def test_one_name_alone_is_first() -> None:
    """There is nobody to share a place with."""
    assert rank_intervals(["a"], []) == {"a": RankInterval(1, 1)}


def test_a_worked_example_of_holm() -> None:
    """The smallest is held against all three, the next against two, and none falls behind the one before."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
