from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.standings.precision import detectable, more_conversations, p_value


@given(st.floats(0.001, 8), st.integers(2, 12_000))
@settings(deadline=None)  # the oracle takes seconds to import
def test_p_values_are_those_of_students_t(t: float, conversations: int) -> None:
    """The tail agrees with scipy for odd, even, few and many degrees of freedom, down to what signs alone can show."""
    stats = pytest.importorskip("scipy.stats")
    known = 2 * float(stats.t.sf(t, conversations - 1))
    found = p_value(t / math.sqrt(conversations), 1, conversations)
    assert found == pytest.approx(max(known, 2.0 ** (1 - conversations)), rel=0.001, abs=1e-13)


@pytest.mark.parametrize(
    ("estimate", "conversations", "p"), [(0, 9, 1), (0.1, 5, 1 / 16), (0.1, 2, 0.5), (0.1, 1, None)]
)
def test_no_spread_is_no_proof(estimate: float, conversations: int, p: float | None) -> None:
    """Five conversations that all say the same are as good as five tosses of a coin."""
    assert p_value(estimate, 0, conversations) == p


@pytest.mark.parametrize("conversations", [10, 30, 100, 600])
def test_the_detectable_difference_has_the_power_it_names(conversations: int) -> None:
    """Its exact power, as statsmodels has it, is 80 %."""
    power = pytest.importorskip("statsmodels.stats.power")
    found = detectable(0.27, conversations)
    assert found is not None
    assert power.TTestPower().power(found / 0.27, conversations, 0.05) == pytest.approx(0.8, abs=0.01)


def test_the_detectable_difference_is_found_as_often_as_promised() -> None:
    """In 2,000 simulated studies of 40 conversations the test calls it in four of five."""
    found = detectable(1.0, 40)
    assert found is not None
    samples = np.random.default_rng(1).normal(found, 1, (2000, 40))
    called = [(p_value(row.mean(), row.std(ddof=1), 40) or 0) <= 0.05 for row in samples]
    assert np.mean(called) == pytest.approx(0.8, abs=0.03)


def test_known_sizes_come_out() -> None:
    """At a spread of 0.27, two points either way take some 700 conversations, as was measured."""
    assert more_conversations(0.27, 100, 0.02) == pytest.approx(602, abs=4)
    assert more_conversations(0.27, 5000, 0.02) == 0


@given(st.floats(0.01, 0.6), st.integers(2, 500), st.floats(0.01, 0.3))
@settings(deadline=None)  # as above
def test_as_many_more_are_just_enough(sd: float, conversations: int, half_width: float) -> None:
    """With them the interval is narrow enough, with one less it is not, by scipy's quantile."""
    stats = pytest.importorskip("scipy.stats")
    more = more_conversations(sd, conversations, half_width)
    assert more is not None
    enough = conversations + more
    assert stats.t.ppf(0.975, enough - 1) * sd / math.sqrt(enough) <= half_width * 1.002
    if more and enough > 2:
        assert stats.t.ppf(0.975, enough - 2) * sd / math.sqrt(enough - 1) > half_width / 1.002


def test_nothing_is_known_without_spread_or_conversations() -> None:
    """Unknown is None, never nought."""
    assert [detectable(0, 50), detectable(0.3, 1), more_conversations(0, 50, 0.1), more_conversations(0.3, 1, 0.1)] == [
        None
    ] * 4
    with pytest.raises(ValueError, match="half-width"):
        more_conversations(0.3, 50, 0)
