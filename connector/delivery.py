"""Judged duels on their way into the sink, and read back from there.

A batch is posted whole or again; the sink's ids make the second time harmless. A batch that the sink will never take is
halved until the one bad record is alone and buried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from connector.clock import Clock
from connector.lane import Patience
from connector.pipeline import Arena, deliver
from connector.ports import Store
from connector.types import Duel
from rollouts.errors import Fatal, Permanent, Retryable

log = structlog.get_logger(__name__)

BATCH = 100  # duels; some hundred spans and scores, well below the servers' 4.5 MB a request
_EVERY_S = 0.25


class Delivery:
    """Posts what is judged, and later looks whether it is there."""

    def __init__(self, arena: Arena, store: Store, *, patience: Patience, clock: Clock) -> None:
        self.parked: Fatal | None = None
        self.lost = 0
        """Duels of which something was acknowledged, sent again, and is still not there."""
        self._sent_again: set[str] = set()
        self._arena, self._store, self._clock, self._patience = arena, store, clock, patience
        self._attempts = 0
        self._until: datetime | None = None

    async def run(self, finished: asyncio.Event, stopping: asyncio.Event, progress: Callable[[], None]) -> None:
        """Post what is judged, some times a second, until `finished` and nothing is left that can be posted now."""
        while True:
            last_look = finished.is_set()
            dealt_with = await self.step()
            progress()
            if dealt_with == 0 and last_look and (stopping.is_set() or not self._worth_waiting()):
                return
            if dealt_with < BATCH:
                with suppress(TimeoutError):
                    await asyncio.wait_for(finished.wait(), timeout=_EVERY_S)

    def _worth_waiting(self) -> bool:
        """Whether the other side may be back within the attempts that are allowed."""
        return self.parked is None and 0 < self._attempts < self._patience.attempts

    async def step(self) -> int:
        """Post one batch of what is due; return how many duels were dealt with."""
        if self._until and self._clock.now() < self._until:
            return 0
        self.parked = self._until = None
        duels = await self._store.deliverable(BATCH, self._clock.now())
        if duels:
            await self._post(duels)
        return len(duels)

    async def _post(self, duels: Sequence[Duel]) -> None:
        try:
            fresh = await self._store.unposted(duels)
            await deliver(self._arena, duels, fresh, await self._store.begin_posting(fresh))
            await self._store.acknowledged(duels, self._clock.now())
            self._attempts = 0
        except Retryable as error:
            self._attempts += 1
            wait_s = error.retry_after_s or min(60.0, self._patience.first_wait_s * 2 ** (self._attempts - 1))
            log.warning("delivery.put_off", wait_s=wait_s, caused_by=str(error))
            self._until = self._clock.now() + timedelta(seconds=wait_s)
        except Permanent as error:
            await self._without_the_bad_one(duels, error)
        except Fatal as error:
            log.critical("delivery.parked", caused_by=str(error), hint=error.hint)
            self.parked = error
            self._until = self._clock.now() + timedelta(seconds=self._patience.parked_s)

    async def _without_the_bad_one(self, duels: Sequence[Duel], error: Permanent) -> None:
        if len(duels) == 1:
            log.warning("duel.buried", duel=duels[0].id, state=duels[0].state, caused_by=str(error))
            await self._store.save(duels[0].dead(f"judged: {error}"))
            return
        half = len(duels) // 2
        await self._post(duels[:half])
        await self._post(duels[half:])

    async def confirm(self, *, older_than_s: float, send_again: bool) -> int:
        """Read back what was acknowledged longer ago than that; return how many duels are not there yet.

        With `send_again` what is missing is sent once more; what is then still missing is lost: the server accepts it
        and does not keep it. That is reported, and no longer asked for.
        """
        before = self._clock.now() - timedelta(seconds=older_than_s)
        while duels := await self._store.unconfirmed(before, BATCH):
            missing = await self._arena.sink.missing(duels)
            await self._store.confirmed([duel for duel in duels if duel.id not in missing])
            if missing:
                absent = [duel for duel in duels if duel.id in missing]
                return await self._send_again(absent) if send_again else len(absent)
        return 0

    async def _send_again(self, absent: Sequence[Duel]) -> int:
        hopeless = [duel for duel in absent if duel.id in self._sent_again]
        if hopeless:
            log.error("delivery.lost", duels=[duel.id for duel in hopeless], hint="see the log of Langfuse's worker")
            self.lost += len(hopeless)
            await self._store.confirmed(hopeless)
        again = [duel for duel in absent if duel.id not in self._sent_again]
        if again:
            log.warning("delivery.sent_again", duels=len(again))
            self._sent_again.update(duel.id for duel in again)
            await self._arena.sink.post(again, [], doubtful=())
        return len(again)
