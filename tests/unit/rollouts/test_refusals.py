from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from rollouts.errors import Fatal, Overloaded, Permanent, Retryable, Throttled, Unanswered, UnderstudyError
from rollouts.headroom import LONGEST_WAIT_S
from rollouts.refusals import Refusal, retry_after_s


def error(status: int, body: Any, headers: dict[str, str] | None = None) -> UnderstudyError:
    """Return what such a response is turned into."""
    response = httpx2.Response(status, json=body, headers=headers)
    return Refusal.read(response).error(model="m", key_env="MY_KEY", key="sk-secret")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"message": "bad", "code": "invalid_request_error"}}, Permanent),
        (413, {"type": "error", "error": {"type": "request_too_large", "message": "big"}}, Permanent),
        (422, {"detail": "no"}, Permanent),
        (404, {"error": {"message": "file f-1 not found", "code": "not_found"}}, Permanent),
        (404, {"error": {"message": "No endpoints found that support tool use", "code": 404}}, Permanent),
        (404, {"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}, Fatal),
        (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: m"}}, Fatal),
        (404, {"detail": "Not Found"}, Fatal),
        (400, {"error": {"message": "m is not a valid model ID", "code": 400}}, Fatal),
        (401, {"error": {"message": "who?"}}, Fatal),
        (403, {"error": "no"}, Fatal),
        (402, {"error": {"message": "Insufficient credits"}}, Fatal),
        (429, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}, Fatal),
        (400, {"error": {"type": "invalid_request_error", "message": "Your credit balance is too low"}}, Fatal),
        (408, {}, Retryable),
        (409, {}, Retryable),
        (429, {"error": {"message": "slow down", "code": "rate_limited"}}, Throttled),
        (500, {}, Unanswered),
        (503, {"error": {"message": "The engine is currently overloaded"}}, Overloaded),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, Overloaded),
    ],
)
def test_each_refusal_says_what_to_do(status: int, body: Any, kind: type[UnderstudyError]) -> None:
    """The input's fault is permanent, the account's and the address's fatal, the rest may pass."""
    assert type(error(status, body)) is kind


def test_the_providers_own_words_are_kept_and_the_key_is_not() -> None:
    """The message says what the provider said, without the key that it repeated, and the hint names the variable."""
    refused = error(401, {"error": {"message": "Incorrect API key provided: sk-secret."}})
    assert str(refused) == "m: Incorrect API key provided: [key]. (HTTP 401)"
    assert "MY_KEY" in (refused.hint or "")


def test_a_refused_parameter_comes_with_the_way_out() -> None:
    """When the provider names a parameter, the hint says how never to send it."""
    body = {"error": {"message": "Unsupported value", "param": "temperature", "code": "unsupported_value"}}
    assert 'unsupported = ["temperature"]' in (error(400, body).hint or "")
    assert error(400, {"error": {"message": "Bad", "param": "messages[0]", "code": "x"}}).hint is None


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("`temperature` is deprecated for this model.", "temperature"),
        ("max_tokens: 200000 > 64000, which is the maximum allowed number of output tokens", "max_tokens"),
        ("stop_sequences: each stop sequence must contain non-whitespace", "stop"),
        ("This model does not support `output_config.effort`", "reasoning_effort"),
    ],
)
def test_a_parameter_that_only_the_message_names(message: str, name: str) -> None:
    """Anthropic says in words which parameter it means; the hint is the same."""
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    refused = error(400, body)
    assert message in str(refused)
    assert f'unsupported = ["{name}"]' in (refused.hint or "")
    assert error(400, {"error": {"message": "messages.3: `tool_use` ids were found", "type": "x"}}).hint is None


def test_a_page_of_a_proxy_is_quoted_in_part() -> None:
    """What is no JSON is still told, and no further than a person reads."""
    response = httpx2.Response(502, text="<html>" + "x" * 10_000)
    refused = Refusal.read(response).error(model="m", key_env=None, key=None)
    assert isinstance(refused, Retryable)
    assert str(refused).startswith("m: <html>")
    assert len(str(refused)) < 1_100


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "30"}, 1.5),
        ({"retry-after": "-1"}, 0),
        ({"retry-after": "inf"}, LONGEST_WAIT_S),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds and milliseconds are understood, nonsense is none, and nobody is made to wait longer than a day."""
    assert retry_after_s(httpx2.Headers(headers)) == seconds
    refused = error(429, {"error": {"message": "slow", "code": "x"}}, headers)
    assert isinstance(refused, Retryable)
    assert refused.retry_after_s == seconds


def test_a_date_to_wait_for() -> None:
    """A date in HTTP's form counts from now; one in the past means at once."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert retry_after_s({"retry-after": soon}) == pytest.approx(60, abs=2)
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
