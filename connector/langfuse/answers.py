"""What an answer of Langfuse says beside its status: its JSON, the time at the server, how long to wait."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from rollouts.errors import Retryable


def said(response: httpx.Response) -> Any:
    """Read its JSON. Raises `Retryable` for anything else: something between us and Langfuse has answered."""
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return _leniently(response)


def wait_s(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`, where it is a number of seconds that one can wait."""
    try:
        seconds = float(headers.get("retry-after", "nan"))
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def told_at(headers: Mapping[str, str]) -> datetime | None:
    """Read `Date`, which counts whole seconds."""
    try:
        return parsedate_to_datetime(headers["date"]).astimezone()
    except (KeyError, ValueError):
        return None


def _leniently(response: httpx.Response) -> Any:
    """Read JSON with half a surrogate pair in it, which JavaScript leaves where it cuts a text inside an emoji."""
    try:
        read = json.loads(response.content)
        return orjson.loads(json.dumps(read, ensure_ascii=False).encode(errors="replace"))
    except ValueError:
        raise Retryable(
            f"Langfuse answered {response.request.url.path} with something that is no JSON: {response.text[:200]!r}",
            hint="LANGFUSE_BASE_URL is the address of Langfuse itself; is something in front of it?",
        ) from None
