"""What a provider says instead of an answer, and what the engine should do about it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import httpx2
import orjson

from rollouts.errors import Fatal, Overloaded, Permanent, Retryable, Throttled, Unanswered, UnderstudyError
from rollouts.headroom import LONGEST_WAIT_S, exhausted_s
from rollouts.types import Parameters

LONGEST_MESSAGE = 1_000

_LATER = frozenset({408, 409, 425})
_LOCKED = frozenset({401, 403})
_BROKE = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_error"})

_QUOTED = re.compile(r"[`'\"]([a-z_.]+)[`'\"]")
_LEADING = re.compile(r"^([a-z_.]+):")
"""Anthropic names a parameter in its message only: "`temperature` is deprecated for this model", "max_tokens: …"."""
_OURS = {
    "max_completion_tokens": "max_tokens",
    "stop_sequences": "stop",
    "output_config.effort": "reasoning_effort",
    "output_config.format": "response_format",
}


class Refusal(NamedTuple):
    """An error as the provider words it."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    """The part of the request that the provider names as the cause."""
    retry_after_s: float | None = None
    should_retry: bool | None = None
    """What OpenAI and Anthropic say themselves in `x-should-retry`."""
    paid: bool = False
    """Whether an answer was begun, and may be billed."""

    @classmethod
    def read(cls, response: httpx2.Response) -> Refusal:
        """Read an error response, JSON or not."""
        try:
            body = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            body = None
        asked_s = retry_after_s(response.headers)
        return cls.worded(response.status_code, body, response.text)._replace(
            retry_after_s=exhausted_s(response.headers.raw) if asked_s is None else asked_s,
            should_retry={"true": True, "false": False}.get(response.headers.get("x-should-retry", "")),
        )

    @classmethod
    def worded(cls, status: int, body: Any, text: str = "") -> Refusal:
        """Read a body such as `{"error": {"message": …}}`, as OpenAI, Anthropic, gateways and FastAPI write it."""
        outer: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
        error = outer.get("error", outer)
        if not isinstance(error, Mapping):
            return cls(status, str(error)[:LONGEST_MESSAGE])
        message = error.get("message") or error.get("detail") or text or "no reason given"
        code = error.get("code") or error.get("type")
        param = error.get("param")
        return cls(status, str(message)[:LONGEST_MESSAGE], code and str(code), param and str(param))

    def error(self, *, model: str, key_env: str | None, key: str | None) -> UnderstudyError:
        """Return what to raise. The account's `key` never appears in it, whatever the provider repeats."""
        text = f"{model}: {self.message} (HTTP {self.status})"
        error = self._error(text.replace(key, "[key]") if key else text, key_env)
        error.paid = self.paid
        return error

    def _error(self, text: str, key_env: str | None) -> UnderstudyError:
        setting = key_env or "api_key_env"
        if self.status in _LOCKED:
            return Fatal(text, hint=f"check that {setting} holds a key that may use this model")
        if self._unpaid:
            return Fatal(text, hint=f"add credit to the account of {setting}")
        if self._unknown_model:
            return Fatal(text, hint="check `model` and `base_url` of this provider")
        if (kind := self._passing) is None:
            return Permanent(text, hint=self._parameter_hint)
        error = kind(text, retry_after_s=self.retry_after_s)
        error.soon = self.should_retry is not False
        return error

    @property
    def _passing(self) -> type[Retryable] | None:
        """Which kind of error passes by itself; `None` for one that does not."""
        if self.status == 529 or (self.status >= 500 and "overloaded" in f"{self.code} {self.message}".lower()):  # noqa: PLR2004
            return Overloaded
        if self.status >= 500:  # noqa: PLR2004 - HTTP's own border
            return Unanswered
        if self.status == 429:  # noqa: PLR2004
            return Throttled
        return Retryable if self.status in _LATER or self.should_retry else None

    @property
    def _unpaid(self) -> bool:
        return self.status == 402 or self.code in _BROKE or "credit balance" in self.message.lower()  # noqa: PLR2004

    @property
    def _unknown_model(self) -> bool:
        words = self.message.lower()
        if self.code == "model_not_found" or "not a valid model" in words:
            return True
        # A page that is not the API's own, or Anthropic's "model: name"; a missing file or endpoint is another matter.
        return self.status == 404 and (  # noqa: PLR2004
            "model:" in words or "model `" in words or words.startswith("<") or self.code is None
        )

    @property
    def _parameter_hint(self) -> str | None:
        named = [self.param] if self.param else _QUOTED.findall(self.message) + _LEADING.findall(self.message)
        names = [_OURS.get(name, name) for name in named if name]
        found = next((name for name in names if name in Parameters.model_fields), None)
        return found and f'if this model never takes it, add unsupported = ["{found}"] to its provider'


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read how long the server wants to be left alone: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    for name, read in (("retry-after-ms", _milliseconds), ("retry-after", float), ("retry-after", _until)):
        try:
            return min(max(0.0, read(headers[name])), LONGEST_WAIT_S)
        except (KeyError, ValueError):
            continue
    return None


def _milliseconds(text: str) -> float:
    return float(text) / 1_000


def _until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()
