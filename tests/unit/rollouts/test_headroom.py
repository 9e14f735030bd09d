from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.headroom import LONGEST_WAIT_S, exhausted_s

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=30)
FAMILIES = ["x-ratelimit-remaining-requests", "ratelimit-remaining", "anthropic-ratelimit-tokens-remaining", "x"]


def told(**headers: str) -> float | None:
    """Read headers as they come over the wire, at noon."""
    sent = {"Date": format_datetime(NOW, usegmt=True)} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }
    return exhausted_s([(name.encode(), text.encode()) for name, text in sent.items()])


@pytest.mark.parametrize(
    ("reset", "seconds"), [("6m0s", 360), ("1s", 1), ("20ms", 0.02), ("1h2m3.5s", 3723.5), ("59.7s", 59.7), ("12", 12)]
)
def test_openai_says_how_long_in_spans(reset: str, seconds: float) -> None:
    """Where no request or no token is left, its span is waited for; Azure writes bare seconds."""
    for what in ("requests", "tokens"):
        headers = {f"X-RateLimit-Remaining-{what}": "0", f"X-RateLimit-Reset-{what}": reset}
        assert told(**headers) == pytest.approx(seconds)


@pytest.mark.parametrize("what", ["requests", "tokens", "input-tokens", "output-tokens"])
@pytest.mark.parametrize("reset", ["2026-11-22T12:00:30Z", "2026-11-22T13:00:30+01:00"])
def test_anthropic_says_when(what: str, reset: str) -> None:
    """A moment counts from the server's own date, whatever our clock shows."""
    headers = {f"anthropic-ratelimit-{what}-remaining": "0", f"anthropic-ratelimit-{what}-reset": reset}
    assert told(**headers) == pytest.approx(30)


@pytest.mark.parametrize("reset", ["30", f"{SOON.timestamp():.0f}", f"{SOON.timestamp() * 1000:.0f}"])
@pytest.mark.parametrize("family", ["ratelimit", "x-ratelimit"])
def test_others_say_it_in_seconds_or_as_unix_time(family: str, reset: str) -> None:
    """A span, a moment in seconds and one in milliseconds are told apart by their size."""
    assert told(**{f"{family}-remaining": "0", f"{family}-reset": reset}) == pytest.approx(30)


def test_the_longest_of_several_counts_and_no_more_than_a_day() -> None:
    """Requests may be back before tokens are; nobody waits for ever."""
    spans = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s"}
    assert told(**spans, **{"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "9s"}) == 9
    assert told(**{"ratelimit-remaining": "0", "ratelimit-reset": "9999999"}) == LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("remaining", "reset"),
    [
        ("3", "60s"),
        ("-1", "0"),
        ("0", "0"),
        ("0", ""),
        ("0", "soon"),
        ("0", "-5"),
        ("0", "inf"),
        ("0", "nan"),
        ("nan", "5"),
        ("none", "5"),
        ("0", "2001-01-01T00:00:00Z"),
        ("0", "1000000001"),
    ],
)
def test_what_is_left_and_nonsense_change_nothing(remaining: str, reset: str) -> None:
    """Numbers as Azure's Responses API sends them, times that are over, and words are no reason to wait."""
    assert told(**{"x-ratelimit-remaining-requests": remaining, "x-ratelimit-reset-requests": reset}) is None


@given(st.sampled_from(FAMILIES), st.binary(max_size=30), st.binary(max_size=30))
def test_no_header_breaks_anything(name: str, remaining: bytes, reset: bytes) -> None:
    """Whatever bytes come, the answer is none or a wait within a day."""
    found = exhausted_s(
        [(name.encode(), remaining), (name.replace("remaining", "reset").encode(), reset), (b"date", reset)]
    )
    assert found is None or 0 < found <= LONGEST_WAIT_S
