"""Writes down what stands still while the engine works, for `status` and the leaderboard."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from connector.clock import Clock
from connector.delivery import Delivery
from connector.lane import Lane
from connector.ports import Store
from connector.thrift import Thrift
from connector.types import Hold, State
from rollouts.errors import BudgetExhausted, UnderstudyError

EVERY_S = 1.0
_UNPAID = (State.QUEUED, State.ROLLED)


class Holding:
    """Compares what stands still with what it last wrote, and writes only changes."""

    def __init__(
        self, lanes: Sequence[Lane], delivery: Delivery, thrift: Thrift, store: Store, *, clock: Clock
    ) -> None:
        self._lanes, self._delivery, self._thrift = lanes, delivery, thrift
        self._store, self._clock = store, clock
        self._written: list[tuple[str, str]] | None = None

    async def run(self, finished: asyncio.Event) -> None:
        """Note what changes, about once a second."""
        while not finished.is_set():
            await self.note()
            with suppress(TimeoutError):
                await asyncio.wait_for(finished.wait(), timeout=EVERY_S)

    async def note(self) -> None:
        """Write what stands still now, if that is anything new."""
        found = self.found()
        told = [(each.what, each.reason) for each in found]
        if told != self._written:
            await self._store.hold(found)
            self._written = told

    async def for_money(self, fingerprints: Mapping[str, str]) -> str | None:
        """Say why duels wait for money and how many, as whoever worked last has written it; `None` if none do."""
        now = self._clock.now()
        holds = [each for each in await self._store.holds() if each.money and (each.until is None or now < each.until)]
        states = await self._store.states(fingerprints) if holds else {}
        waiting = sum(count for (_, state), count in states.items() if state in _UNPAID)
        if not waiting:
            return None
        return f"Budget: {holds[0].reason}. {waiting:,} duel(s) wait."

    def found(self) -> list[Hold]:
        """Return what stands still now."""
        now = self._clock.now()
        parked: list[tuple[str, UnderstudyError | None, datetime | None]] = [
            (f"lane {lane.challenger}", lane.parked or lane.away, lane.until) for lane in self._lanes
        ]
        parked.append(("delivery", self._delivery.parked, None))
        found = [_held(what, error, now, until) for what, error, until in parked if error is not None]
        if said := self._thrift.words:
            found.append(Hold(what="budget", reason=said, money=True, since=now, until=self._thrift.until))
        return found


def _held(what: str, error: UnderstudyError, now: datetime, until: datetime | None) -> Hold:
    return Hold(what=what, reason=str(error), money=isinstance(error, BudgetExhausted), since=now, until=until)
