"""What a server says is left of a rate limit, in the headers of an answer.

* OpenAI, Azure, Groq: `x-ratelimit-remaining-requests`, `-tokens`, with `x-ratelimit-reset-requests` as `6m0s`, `20ms`
  or seconds: https://developers.openai.com/api/docs/guides/rate-limits
* Anthropic: `anthropic-ratelimit-requests-remaining`, `-tokens-`, `-input-tokens-`, `-output-tokens-`, with `-reset` in
  RFC 3339: https://platform.claude.com/docs/en/api/rate-limits
* Others: `ratelimit-remaining` or `x-ratelimit-remaining`, with `-reset` in seconds from now or, as OpenRouter has it,
  as a Unix time in seconds or milliseconds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 24 * 3600.0

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS_S = (86400, 3600, 60, 1, 0.001)
_UNIX = 1e9
"""A larger number is a moment, not a span; one larger by a thousand is in milliseconds."""
_FAMILIES = (b"x-ratelimit-", b"anthropic-ratelimit-", b"ratelimit-")


def exhausted_s(headers: Sequence[tuple[bytes, bytes]]) -> float | None:
    """Return for how many seconds nothing is left, by the headers of one answer; `None` where something is.

    Times on the server's clock are reckoned by its own `date`. Nonsense says nothing.
    """
    nothing = [name.lower() for name, left in headers if left == b"0" and b"remaining" in name.lower()]
    if not nothing:  # as nearly always, and then it took a microsecond or two
        return None
    told = {name.lower(): value.decode("ascii", "replace") for name, value in headers}
    waits = [
        _until(told.get(name.replace(b"remaining", b"reset"), ""), told.get(b"date", ""))
        for name in nothing
        if name.startswith(_FAMILIES)
    ]
    return max((wait_s for wait_s in waits if wait_s is not None), default=None)


def _until(reset: str, date: str) -> float | None:
    wait_s = _span_s(reset)
    if wait_s is None:
        with suppress(ValueError):
            wait_s = datetime.fromisoformat(reset).timestamp() - _now(date)
    elif wait_s > _UNIX:
        wait_s = (wait_s / 1_000 if wait_s > _UNIX * 1_000 else wait_s) - _now(date)
    return min(wait_s, LONGEST_WAIT_S) if wait_s is not None and wait_s > 0 else None


def _now(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return time.time()


def _span_s(text: str) -> float | None:
    """Read `6m0s`, `1.5s`, `20ms`, or a bare number of seconds."""
    with suppress(ValueError):
        number = float(text)
        return number if number < _UNIX**2 else None  # neither infinity nor what is not a number
    found = _SPAN.fullmatch(text)
    if not text or found is None:
        return None
    return sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS_S, strict=True) if part)
