"""Time, as an argument, and spans of time as people write them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """What time it is, and how to wait; tests bring their own."""

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


def read_duration(value: Any) -> Any:
    """Read `90s`, `5m`, `2h` or `7d`; a bare number is seconds."""
    if isinstance(value, str):
        found = _SPAN.fullmatch(value.strip())
        if not found:
            raise ValueError(f"{value!r} is no span of time; write 90s, 5m, 2h or 7d")
        return timedelta(seconds=float(found[1]) * _UNITS_S[found[2]])
    return value


def write_duration(span: timedelta) -> str:
    """Write a span in the largest unit that keeps it whole."""
    seconds = span.total_seconds()
    unit = next((unit for unit in "dhm" if seconds and seconds % _UNITS_S[unit] == 0), "s")
    return f"{seconds / _UNITS_S[unit]:g}{unit}"


def read_expiry(value: Any) -> Any:
    """Read a span of time, or `never`."""
    return None if value == "never" else read_duration(value)


def write_expiry(span: timedelta | None) -> str:
    """Write what `read_expiry` reads."""
    return "never" if span is None else write_duration(span)


Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    PlainSerializer(write_duration),
    WithJsonSchema({"type": "string", "pattern": "^[0-9.]+[smhd]$"}),
]
Expiry = Annotated[
    timedelta | None,
    BeforeValidator(read_expiry),
    PlainSerializer(write_expiry),
    WithJsonSchema({"type": "string", "pattern": "^(never|[0-9.]+[smhd])$"}),
]
"""After how long something ends; `None` is never."""
