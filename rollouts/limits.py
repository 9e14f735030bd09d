"""How fast one model may be asked, and whether at all: its own limits inside of those that it shares with others.

No library takes back tokens that were not used or holds everyone for a Retry-After, and those tried let short prompts
overtake long ones. Here calls of one model begin in the order of arrival, and models that share an account take turns:
of each only the first in line stands at the account's gate, so that judges and challengers cannot starve each other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rollouts.breaker import Breaker
from rollouts.errors import Retryable, Throttled, Unanswered, Unavailable, UnderstudyError
from rollouts.gate import Clock, Gate, Sleep
from rollouts.types import Completion

SOON_S = 1e-6
"""Shorter waits are rounding errors, and a clock may be too coarse to see them end."""

PAUSE_S = 60.0
"""A longer pause is not waited for in line, where it would hold up whoever wants to stop."""


class Limits:
    """Limits of one model. `shared` is the gate of its account, and `breaker` watches over its endpoint."""

    def __init__(
        self,
        *,
        concurrency: int = 64,
        rpm: float | None = None,
        tpm: float | None = None,
        shared: Gate | None = None,
        breaker: Breaker | None = None,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.concurrency = concurrency
        self.sleep = sleep
        self.clock = clock
        self.own = Gate(concurrency=concurrency, rpm=rpm, tpm=tpm, clock=clock, sleep=sleep)
        self.shared = shared or Gate(clock=clock, sleep=sleep)
        self.breaker = breaker or Breaker(clock=clock)

    @asynccontextmanager
    async def slot(self, tokens: int) -> AsyncIterator[Place]:
        """Wait until one more call of about `tokens` tokens may begin, and hold its place until it ends.

        Raises `Unavailable`, at once and with nothing sent, while the endpoint is known to be down or has asked to be
        left alone for minutes; and in place of the failure by which it is found to be down.
        """
        place = await self._begin(tokens)
        try:
            yield place
        except Unanswered as error:
            if refusal := self.breaker.refusal():
                raise refusal from error
            raise
        finally:
            place.end()

    def settle(self, estimated: int, actual: int) -> None:
        """Correct what a call was thought to take by what it took, in tokens."""
        self.own.settle(estimated, actual)
        self.shared.settle(estimated, actual)

    def penalise(self, retry_after_s: float) -> None:
        """Begin no call of the account before `retry_after_s` have passed: the server asked for it."""
        self.shared.pause(retry_after_s)

    async def _begin(self, tokens: int) -> Place:
        async with self.own.turn:
            while True:
                await self._clear(self.own, tokens)
                async with self.shared.turn:
                    await self._clear(self.shared, tokens)
                    if self.own.wait_s(tokens) <= SOON_S:  # it may have changed while others went first
                        return Place(self, tokens)

    async def _clear(self, gate: Gate, tokens: int) -> None:
        """Wait at a gate, unless there is nothing to wait for."""
        while True:
            if refusal := self.breaker.refusal() or self._left_alone():
                raise refusal
            if (wait_s := gate.wait_s(tokens)) <= SOON_S:
                return
            await gate.wait(wait_s)

    def _left_alone(self) -> Unavailable | None:
        if (wait_s := self.shared.paused_s) <= PAUSE_S:
            return None
        return Unavailable(f"{self.breaker.name} asked to be left alone for {wait_s:.0f} s", retry_after_s=wait_s)


class Place:
    """One call's place among those under way, and what it tells about the server."""

    def __init__(self, limits: Limits, tokens: int) -> None:
        """Begin the call."""
        self._limits, self._tokens = limits, tokens
        self._began = limits.clock()
        self._gates = (limits.own, limits.shared)
        self._probe = limits.breaker.begin()
        for gate in self._gates:
            gate.enter(tokens)

    def answered(self, completion: Completion) -> None:
        """Correct what the call was thought to take by what it took; hold everyone where nothing is left."""
        usage = completion.usage
        if usage.input_tokens is not None and usage.output_tokens is not None:
            self._limits.settle(self._tokens, usage.input_tokens + usage.output_tokens)
        if completion.exhausted_s is not None:
            self._limits.penalise(completion.exhausted_s)
        for gate in self._gates:
            gate.pressure.answered(self._began)
        self._limits.breaker.answered()

    def failed(self, error: UnderstudyError) -> None:
        """Leave the server alone for as long as it asked to be, ask less at once, or see that it is down."""
        limits = self._limits
        if isinstance(error, Retryable) and error.retry_after_s:
            limits.penalise(error.retry_after_s)
        if isinstance(error, Throttled):
            for gate in self._gates:
                gate.pressure.refused(self._began, limits.clock())
        if isinstance(error, Unanswered):
            limits.breaker.failed(error, probe=self._probe)
        elif isinstance(error, Throttled):
            limits.breaker.answered()

    def end(self) -> None:
        """Make room for the next."""
        for gate in self._gates:
            gate.leave()
        self._limits.breaker.end(probe=self._probe)
