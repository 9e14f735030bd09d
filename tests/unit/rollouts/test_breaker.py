import pytest
from structlog.testing import capture_logs

from rollouts.breaker import FAILURES, FIRST_S, LONGEST_S, Breaker
from rollouts.errors import Unanswered

GONE = Unanswered("connection refused")


class Watch:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def watch() -> Watch:
    """Return a clock."""
    return Watch()


def opened(watch: Watch) -> Breaker:
    """Return a breaker that has just opened."""
    breaker = Breaker("m at home", clock=watch)
    for _ in range(FAILURES):
        breaker.failed(GONE, probe=breaker.begin())
    return breaker


def test_a_handful_of_failures_opens_nothing(watch: Watch) -> None:
    """One answer among them, and they are counted anew."""
    breaker = Breaker(clock=watch)
    for _ in range(3):
        for _ in range(FAILURES - 1):
            breaker.failed(GONE, probe=breaker.begin())
        breaker.answered()
    assert breaker.refusal() is None


def test_enough_failures_in_a_row_let_nobody_pass(watch: Watch) -> None:
    """The refusal says who, since when, why, and when it is asked again."""
    refusal = opened(watch).refusal()
    assert refusal is not None
    assert refusal.retry_after_s == FIRST_S
    assert "m at home has not answered since" in str(refusal)
    assert "connection refused" in str(refusal)


def test_one_probe_passes_and_nobody_beside_it(watch: Watch) -> None:
    """Until it is known how it went the others are told to come back."""
    breaker = opened(watch)
    watch.now += FIRST_S
    assert breaker.refusal() is None
    assert breaker.begin()
    assert breaker.refusal() is not None
    breaker.end(probe=True)
    assert breaker.refusal() is None


def test_each_probe_that_fails_doubles_the_time_up_to_minutes(watch: Watch) -> None:
    """Calls that were sent before say nothing new."""
    breaker, waits = opened(watch), list[float]()
    for _ in range(9):
        breaker.failed(GONE, probe=False)
        refusal = breaker.refusal()
        assert refusal is not None
        assert refusal.retry_after_s is not None
        waits.append(refusal.retry_after_s)
        watch.now += refusal.retry_after_s
        breaker.failed(GONE, probe=breaker.begin())
        breaker.end(probe=True)
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, LONGEST_S]


def test_a_server_may_ask_for_longer(watch: Watch) -> None:
    """A Retry-After of a server that is down is kept to."""
    breaker = opened(watch)
    watch.now += FIRST_S
    breaker.failed(Unanswered("maintenance", retry_after_s=1800), probe=breaker.begin())
    breaker.end(probe=True)
    refusal = breaker.refusal()
    assert refusal is not None
    assert refusal.retry_after_s == 1800


def test_any_answer_closes_it_and_each_outage_is_told_once(watch: Watch) -> None:
    """One line when it opens, one when somebody answers, however many probes lie between; then all is as new."""
    with capture_logs() as logs:
        breaker = opened(watch)
        for _ in range(4):
            watch.now += LONGEST_S
            breaker.failed(GONE, probe=breaker.begin())
            breaker.end(probe=True)
        breaker.answered()
        assert breaker.refusal() is None
        for _ in range(FAILURES):
            breaker.failed(GONE, probe=breaker.begin())
    refusal = breaker.refusal()
    assert refusal is not None
    assert refusal.retry_after_s == FIRST_S
    assert [line["event"] for line in logs] == ["provider.unavailable", "provider.back", "provider.unavailable"]
