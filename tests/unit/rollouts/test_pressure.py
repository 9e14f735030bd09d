from math import inf

from hypothesis import given
from hypothesis import strategies as st

from rollouts.pressure import Pressure


def filled(most: int | None, calls: int) -> Pressure:
    """Return a pressure with calls under way."""
    pressure = Pressure(most)
    pressure.under_way = calls
    return pressure


def test_a_round_of_refusals_is_one_reason_to_ask_less() -> None:
    """All that was sent before the first refusal came says the same; what is sent afterwards says more."""
    pressure = filled(10, 10)
    for _ in range(10):
        pressure.refused(began=0.0, now=1.0)
    assert pressure.allowed == 8
    pressure.refused(began=2.0, now=3.0)
    assert pressure.allowed == 6


def test_a_round_of_answers_allows_one_more() -> None:
    """As many answers as there may be calls, and none of those that were sent before it was lowered."""
    pressure = filled(10, 10)
    pressure.refused(began=0.0, now=1.0)
    for _ in range(100):
        pressure.answered(began=0.5)
    assert pressure.allowed == 8
    for _ in range(8):
        pressure.answered(began=2.0)
    assert pressure.allowed == 9


def test_without_a_limit_the_first_refusal_sets_one() -> None:
    """Four fifths of what was under way."""
    pressure = filled(None, 50)
    assert pressure.allowed == inf
    pressure.refused(began=0.0, now=1.0)
    assert pressure.allowed == 40


@given(st.integers(1, 50), st.lists(st.tuples(st.booleans(), st.floats(0, 100)), max_size=200))
def test_it_stays_between_one_and_the_most(most: int, replies: list[tuple[bool, float]]) -> None:
    """Whatever comes back in whatever order, somebody may always be asked, and never more than configured."""
    pressure = filled(most, most)
    for now, (refused, age) in enumerate(replies):
        if refused:
            pressure.refused(now - age, now)
        else:
            pressure.answered(now - age)
        assert 1 <= pressure.allowed <= most
    for _ in range(most * (most + 2)):
        pressure.answered(began=1e6)
    assert pressure.allowed == most
