"""Judged duels on their way into the sink, and read back from there.

A batch is posted whole or again; the sink's ids make the second time harmless. A batch that the sink will never take is
halved until the one bad record is alone and buried. One that fails for now is tried again later, and smaller: when the
other side is away nothing is lost by that, and when one record is what it cannot bear, the others pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from connector.clock import Clock
from connector.lane import SOON
from connector.patience import Patience, said
from connector.pipeline import Arena, deliver
from connector.ports import Store
from connector.types import Duel
from rollouts.errors import Fatal, Permanent, Retryable

log = structlog.get_logger(__name__)

BATCH = 100  # duels; some hundred spans and scores, well below the servers' 4.5 MB a request
_EVERY_S = 0.25
_LONGEST_WAIT_S = 60.0  # it costs one request to see whether the other side is back
_SMALLER = 4
_ASIDE = 5  # doublings: what fails alone comes again when the others have passed
_LONGEST_ASIDE_S = 600.0


class Delivery:
    """Posts what is judged, and later looks whether it is there."""

    def __init__(self, arena: Arena, store: Store, *, patience: Patience, clock: Clock) -> None:
        self.parked: Fatal | None = None
        self.lost = 0
        """Duels of which something was acknowledged, sent again, and is still not there."""
        self._sent_again: set[str] = set()
        self._arena, self._store, self._clock, self._patience = arena, store, clock, patience
        self._size = BATCH
        self._failures = 0
        """In a row."""
        self._until: datetime | None = None

    async def run(self, finished: asyncio.Event, stopping: asyncio.Event, progress: Callable[[], None]) -> None:
        """Post what is judged, some times a second, until `finished` and nothing is left that can be posted soon."""
        while True:
            last_look, size = finished.is_set(), self._size
            dealt_with = await self.step()
            progress()
            if dealt_with == 0 and last_look and (stopping.is_set() or not await self._worth_waiting()):
                return
            if dealt_with < size:
                await self._pause(stopping if last_look else finished)

    async def _pause(self, until: asyncio.Event) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), timeout=_EVERY_S)

    async def _worth_waiting(self) -> bool:
        """Whether the other side may be back within the attempts that are allowed, and something waits for it."""
        if self.parked is not None or self._failures >= self._patience.attempts:
            return False
        due = await self._store.next_deliverable()
        return due is not None and due <= self._clock.now() + SOON

    async def step(self) -> int:
        """Post one batch of what is due; return how many duels were dealt with."""
        if self._until and self._clock.now() < self._until:
            return 0
        self.parked = self._until = None
        duels = await self._store.deliverable(self._size, self._clock.now())
        if duels:
            await self._post(duels)
        return len(duels)

    async def _post(self, duels: Sequence[Duel]) -> None:
        try:
            fresh = await self._store.unposted(duels)
            doubtful = await self._store.begin_posting(fresh)
            # Only now, for from here on whoever forgets knows that something may be there.
            there = await self._store.unforgotten(duels)
            wanted = {duel.challenge.id for duel in there}
            await deliver(self._arena, there, [each for each in fresh if each.id in wanted], doubtful)
            await self._store.acknowledged(duels, self._clock.now())
        except Retryable as error:
            await self._later(duels, error)
        except Permanent as error:
            await self._without_the_bad_one(duels, error)
        except Fatal as error:
            self._park(error)
        except Exception as error:
            log.exception("delivery.unexpected")
            await self._later(duels, error)
        else:
            self._failures, self._size = 0, min(BATCH, 2 * self._size)

    async def _later(self, duels: Sequence[Duel], error: Exception) -> None:
        self._failures += 1
        wait_s = min(_LONGEST_WAIT_S, self._patience.wait_s(self._failures))
        if isinstance(error, Retryable) and error.retry_after_s is not None:
            wait_s = error.retry_after_s
        log.warning("delivery.put_off", duels=len(duels), wait_s=wait_s, caused_by=said(error))
        self._until = self._clock.now() + timedelta(seconds=wait_s)
        self._size = max(1, len(duels) // _SMALLER)
        if len(duels) == 1:
            await self._set_aside(duels[0], error)

    async def _set_aside(self, duel: Duel, error: Exception) -> None:
        """Let the others pass. An outage buries nothing, however long; what nobody expected is not tried for ever."""
        duel = duel.model_copy(update={"attempts": duel.attempts + 1})
        if duel.attempts >= self._patience.attempts and not isinstance(error, Retryable):
            await self._bury(duel, error)
            return
        wait_s = min(_LONGEST_ASIDE_S, self._patience.wait_s(duel.attempts + _ASIDE, error))
        await self._store.put_off([duel], self._clock.now() + timedelta(seconds=wait_s))

    async def _without_the_bad_one(self, duels: Sequence[Duel], error: Permanent) -> None:
        if len(duels) == 1:
            await self._bury(duels[0], error)
            return
        half = len(duels) // 2
        await self._post(duels[:half])
        if self._until is None:
            await self._post(duels[half:])

    async def _bury(self, duel: Duel, error: Exception) -> None:
        log.warning("duel.buried", duel=duel.id, state=duel.state, caused_by=said(error))
        await self._store.save(duel.dead(f"{duel.state}: {said(error)}"))

    def _park(self, error: Fatal) -> None:
        log.critical("delivery.parked", caused_by=str(error), hint=error.hint, for_s=self._patience.parked_s)
        self.parked = error
        self._until = self._clock.now() + timedelta(seconds=self._patience.parked_s)

    async def confirm(self, *, older_than_s: float, send_again: bool) -> int:
        """Read back what was acknowledged longer ago than that; return how many duels are not there yet.

        With `send_again` what is missing is sent once more; what is then still missing is lost: the server accepts it
        and does not keep it. That is reported, and no longer asked for.
        """
        before = self._clock.now() - timedelta(seconds=older_than_s)
        open_ = 0
        while duels := await self._store.unconfirmed(before, BATCH, skip=open_):
            missing = await self._arena.sink.missing(duels)
            await self._confirmed([duel for duel in duels if duel.id not in missing])
            absent = [duel for duel in duels if duel.id in missing]
            if absent and not send_again:
                return len(absent)
            open_ += await self._send_again(absent)
        return open_

    async def _confirmed(self, duels: Sequence[Duel]) -> None:
        await self._store.confirmed(duels)
        self._sent_again.difference_update(duel.id for duel in duels)

    async def _send_again(self, absent: Sequence[Duel]) -> int:
        sent = self._sent_again & {duel.id for duel in absent}
        again = [duel for duel in absent if duel.id not in sent]
        if again:
            await self._repeat(again)
        hopeless = [duel for duel in absent if duel.id in sent]
        if hopeless:
            log.error("delivery.lost", duels=[duel.id for duel in hopeless], hint="see the log of Langfuse's worker")
            self.lost += len(hopeless)
            await self._confirmed(hopeless)
        return len(again)

    async def _repeat(self, duels: Sequence[Duel]) -> None:
        log.warning("delivery.sent_again", duels=len(duels))
        there = await self._store.unforgotten(duels)
        challenges = {duel.challenge.id: duel.challenge for duel in there}
        try:
            await self._arena.sink.post(there, list(challenges.values()), doubtful=challenges.keys())
        except Permanent as error:
            log.warning("delivery.refused_again", caused_by=str(error))
        self._sent_again.update(duel.id for duel in duels)
