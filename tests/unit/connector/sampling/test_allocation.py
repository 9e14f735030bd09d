"""How a quota is shared among strata."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sampling.allocation import LEAST, allocate
from connector.sampling.options import Allocation

SIZES = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 5000), min_size=1, max_size=30)
HOW = st.sampled_from(["proportional", "square_root"])


@given(SIZES, st.integers(0, 3000), HOW)
def test_the_quota_is_used_up_and_no_stratum_gives_more_than_it_has(
    sizes: dict[str, int], more: int, how: Allocation
) -> None:
    """Sums are exact, sizes are respected, and every stratum is drawn from."""
    quota = len(sizes) + more
    found = allocate(sizes, quota, how)
    assert sum(found.values()) == min(quota, sum(sizes.values()))
    assert all(1 <= found[name] <= sizes[name] for name in sizes)


@given(SIZES, st.integers(0, 3000), HOW)
def test_two_of_each_are_drawn_where_the_quota_allows_it(sizes: dict[str, int], more: int, how: Allocation) -> None:
    """A stratum of which one turn is known says nothing about its spread."""
    found = allocate(sizes, LEAST * len(sizes) + more, how)
    assert all(found[name] >= min(LEAST, sizes[name]) for name in sizes)


@given(SIZES, st.integers(0, 3000), HOW)
def test_larger_strata_never_get_less(sizes: dict[str, int], more: int, how: Allocation) -> None:
    """But for the one that rounding gives, more traffic is more draws."""
    found = allocate(sizes, len(sizes) + more, how)
    ordered = sorted(sizes, key=lambda name: sizes[name])
    assert all(found[a] <= found[b] + 1 for a, b in pairwise(ordered))


def test_proportional_follows_sizes_and_square_root_their_roots() -> None:
    """Of 9 to 1 in size, the root makes 3 to 1."""
    assert allocate({"a": 9000, "b": 1000}, 400, "proportional") == {"a": 360, "b": 40}
    assert allocate({"a": 9000, "b": 1000}, 400, "square_root") == {"a": 300, "b": 100}


def test_a_quota_too_small_for_all_is_refused() -> None:
    """A stratum without a draw would stand for nothing, and nothing for it."""
    with pytest.raises(ValueError, match="cannot hold one of each of 3"):
        allocate({"a": 5, "b": 5, "c": 5}, 2, "proportional")


@given(SIZES, st.integers(0, 500), HOW)
def test_the_order_of_strata_means_nothing(sizes: dict[str, int], more: int, how: Allocation) -> None:
    """The same sizes are shared the same way."""
    backwards = dict(reversed(sizes.items()))
    assert allocate(sizes, len(sizes) + more, how) == allocate(backwards, len(sizes) + more, how)
