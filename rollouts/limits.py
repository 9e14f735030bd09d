"""How fast one model may be asked: calls at once, requests and tokens per minute, and pauses a server asks for.

No library takes back tokens that were not used or holds everyone for a Retry-After, and those tried let short prompts
overtake long ones. This is a token bucket for each rate, served first come, first served.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from rollouts.errors import Retryable, UnderstudyError
from rollouts.types import Completion

BURST_S = 1.0
"""How much of a rate may be used at once, in seconds' worth: any minute stays within 61 seconds' worth."""

SOON_S = 1e-6
"""Shorter waits are rounding errors, and a clock may be too coarse to see them end."""


class _Bucket:
    """Refills at `per_minute`. A taking larger than the bucket waits for a full one, and leaves it in debt."""

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


class Place:
    """One call's place among those under way, and what it tells about the server."""

    def __init__(self, limits: Limits, tokens: int) -> None:
        self._limits, self._tokens = limits, tokens

    def answered(self, completion: Completion) -> None:
        """Correct what the call was thought to take by what it took."""
        usage = completion.usage
        if usage.input_tokens is not None and usage.output_tokens is not None:
            self._limits.settle(self._tokens, usage.input_tokens + usage.output_tokens)

    def failed(self, error: UnderstudyError) -> None:
        """Leave the server alone for as long as it asked to be."""
        if isinstance(error, Retryable) and error.retry_after_s:
            self._limits.penalise(error.retry_after_s)


class Limits:
    """Limits of one account and model. `None` is no limit."""

    def __init__(
        self,
        *,
        concurrency: int = 64,
        rpm: float | None = None,
        tpm: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.concurrency = concurrency
        self._slots = asyncio.Semaphore(concurrency)
        self._turn = asyncio.Lock()
        self._clock = clock
        self.sleep = sleep
        self._requests = _Bucket(rpm, clock())
        self._tokens = _Bucket(tpm, clock())
        self._paused_until = clock()

    @asynccontextmanager
    async def slot(self, tokens: int) -> AsyncIterator[Place]:
        """Wait until one more call of about `tokens` tokens may begin, and hold its place until it ends."""
        async with self._slots:
            # Only the first in line watches the buckets; asyncio's lock hands over in the order of arrival.
            async with self._turn:
                while (wait_s := self._wait_s(tokens)) > SOON_S:
                    await self.sleep(wait_s)
                self._requests.take(1)
                self._tokens.take(tokens)
            yield Place(self, tokens)

    def settle(self, estimated: int, actual: int) -> None:
        """Correct what a call was thought to take by what it took, in tokens."""
        self._tokens.take(actual - estimated)

    def penalise(self, retry_after_s: float) -> None:
        """Begin no call before `retry_after_s` have passed: the server asked for it."""
        self._paused_until = max(self._paused_until, self._clock() + retry_after_s)

    def _wait_s(self, tokens: int) -> float:
        now = self._clock()
        return max(self._paused_until - now, self._requests.wait_s(1, now), self._tokens.wait_s(tokens, now))
