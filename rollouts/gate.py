"""Where calls stand in line: one model's own gate, or the gate that the models of an account share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import inf

from rollouts.buckets import Bucket
from rollouts.pressure import Pressure

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


class Gate:
    """Calls at once, requests and tokens per minute, and pauses that a server asks for. `None` is no limit."""

    def __init__(
        self,
        *,
        concurrency: int | None = None,
        rpm: float | None = None,
        tpm: float | None = None,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.turn = asyncio.Lock()
        """Held by the first in line; asyncio's lock hands over in the order of arrival."""
        self.pressure = Pressure(concurrency)
        self._clock, self._sleep = clock, sleep
        self._requests = Bucket(rpm, clock())
        self._tokens = Bucket(tpm, clock())
        self._paused_until = -inf
        self._left = asyncio.Event()

    @property
    def paused_s(self) -> float:
        """What is left of a pause, in seconds."""
        return max(0.0, self._paused_until - self._clock())

    def wait_s(self, tokens: int) -> float:
        """How long until a call of about `tokens` may begin; infinite where another call has to end first."""
        if self.pressure.is_full:
            return inf
        now = self._clock()
        return max(self._paused_until - now, self._requests.wait_s(1, now), self._tokens.wait_s(tokens, now))

    async def wait(self, wait_s: float) -> None:
        """Wait so long, or until a call ends. Only the first in line does."""
        if wait_s < inf:
            await self._sleep(wait_s)
            return
        self._left.clear()
        await self._left.wait()

    def enter(self, tokens: int) -> None:
        """A call begins."""
        self.pressure.under_way += 1
        self._requests.take(1)
        self._tokens.take(tokens)

    def leave(self) -> None:
        """A call has ended, one way or another."""
        self.pressure.under_way -= 1
        self._left.set()

    def settle(self, estimated: int, actual: int) -> None:
        """Correct what a call was thought to take by what it took, in tokens."""
        self._tokens.take(actual - estimated)

    def pause(self, seconds: float) -> None:
        """Begin no call before `seconds` have passed; a shorter wish does not shorten a longer one."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)
