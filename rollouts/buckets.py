"""A rate as a bucket of tokens, served from what has flowed in since."""

from __future__ import annotations

BURST_S = 1.0
"""How much of a rate may be used at once, in seconds' worth: any minute stays within 61 seconds' worth."""


class Bucket:
    """Refills at `per_minute`; `None` is no limit. Times are seconds of whatever clock the caller has.

    A taking larger than the bucket waits for a full one, and leaves it in debt.
    """

    def __init__(self, per_minute: float | None, now: float) -> None:
        self._rate = None if per_minute is None else per_minute / 60
        self._size = 0.0 if self._rate is None else max(1.0, self._rate * BURST_S)
        self._level = self._size
        self._at = now

    def wait_s(self, amount: float, now: float) -> float:
        """How long until `amount` may be taken."""
        if self._rate is None:
            return 0.0
        self._level = min(self._size, self._level + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (min(amount, self._size) - self._level) / self._rate)

    def take(self, amount: float) -> None:
        """Take `amount`, or give back a negative one."""
        self._level = min(self._size, self._level - amount)
