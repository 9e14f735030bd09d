"""The server's clock, and times as Langfuse writes them: UTC with milliseconds and a `Z`."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """The time of day in milliseconds, which a test may set ahead of or behind its own."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s

    def now_ms(self) -> int:
        """Milliseconds since 1970 as this server sees them."""
        return int((time.time() + self.offset_s) * 1000)

    def now(self) -> str:
        """The present as the API writes it."""
        return iso(self.now_ms())


def iso(ms: int) -> str:
    """`ms` since 1970 as the API writes it."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_none(ms: int | None) -> str | None:
    """`iso`, where the time may be unknown."""
    return None if ms is None else iso(ms)


def to_ms(text: str) -> int:
    """Milliseconds since 1970 of an ISO time; UTC where it names no zone. Raises ValueError for anything else."""
    time_of = datetime.fromisoformat(text.strip('" '))
    return round((time_of if time_of.tzinfo else time_of.replace(tzinfo=UTC)).timestamp() * 1000)
