"""Looks whether there is anything that somebody should know, and has it told. Calls no model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from connector.alerts.courier import Courier, addresses
from connector.alerts.events import Event, distrust, exhaustion, failures, lateness, outages, shortages, standstills
from connector.app import App
from connector.epochs import begins, ends, epoch_of
from connector.gating import gated
from connector.langfuse.summary import trace_id
from judges.standings.gated import Gate
from judges.standings.leaderboard import Leaderboard

_AGAIN: Final = timedelta(minutes=15)
"""After a look that could decide nothing."""


class Watch:
    """Everything it has seen and told is in the store: killed at any moment, it goes on where it was."""

    def __init__(self, app: App) -> None:
        """Raise `Fatal` for a webhook whose address or secret is not in the environment."""
        self._app, self._alerts = app, app.config.alerts
        self._known = addresses(self._alerts)
        self._courier = Courier(app.store, self._known, self._alerts, app.engine.clock)
        self._down: set[str] = set()
        self._in_vain: dict[str, datetime] = {}
        self._behind = False

    async def tick(self, *, last: bool = False) -> None:
        """Look once, and deliver what is due. A provider is down if it was so at the look before, or at the `last`."""
        if not self._known:
            return
        now = self._app.engine.clock.now()
        await self._raise([*self._standing(now, last=last), *await self._late(now, last=last)], now)
        for epoch, name, looks in await self._looks(now):
            if not await self._app.store.looked(epoch, name) and (last or self._worth(epoch, now)):
                await self._look((epoch, name), looks, now)
        await self._courier.deliver()

    async def _look(self, look: tuple[str, str], looks: int, now: datetime) -> None:
        """Look at an epoch. Where nothing could be decided there was no chance of a false alarm, and it is no look."""
        board, gate = await self._judged(look[0], looks)
        decided = board.closed_at is not None or any(check.adjusted is not None for check in gate.checks)
        if not decided:
            self._in_vain[look[0]] = now
        link = self._page(board)
        events = [event.model_copy(update={"link": link}) for event in (*failures(gate), *distrust(board))]
        await self._raise(events, now, look if decided else None)

    def _worth(self, epoch: str, now: datetime) -> bool:
        return epoch not in self._in_vain or now - self._in_vain[epoch] >= _AGAIN

    async def _raise(self, events: Iterable[Event], now: datetime, look: tuple[str, str] | None = None) -> None:
        wanted = [self._linked(event) for event in events if event.kind in self._alerts.kinds]
        await self._app.store.alert(wanted, [address.name for address in self._known], now, look)

    def _standing(self, now: datetime, *, last: bool) -> Iterator[Event]:
        """Yield what this process knows of itself."""
        engine, down = self._app.engine, set(self._app.engine.unavailable)
        yield from shortages(self._app.budget.windows, self._alerts.budget_share)
        yield from exhaustion(self._app.budget.exhausted, now)
        by_themselves = {f"lane {lane.challenger}" for lane in engine.lanes if lane.parked is None}
        yield from standstills([hold for hold in engine.holding.found() if hold.what not in by_themselves], now)
        yield from outages(down if last else down & self._down, now)
        self._down = down

    async def _late(self, now: datetime, *, last: bool) -> list[Event]:
        """A process that has just begun is behind, and has caught up by the next look."""
        mark = await self._app.store.mark(self._app.engine.arena.source.name)
        found, again = list(lateness(mark, now, self._alerts.lag)), self._behind or last
        self._behind = bool(found)
        return found if again else []

    async def _looks(self, now: datetime) -> list[tuple[str, str, int]]:
        """Return which epochs are to be looked at: the present one once a day, and each once more when it is closed.

        Each look is corrected for all of them, for there are so many. What closed long after its end is no news.
        """
        engine, rules = self._app.engine, self._app.engine.arena.rules.epochs
        present, jury = epoch_of(now, rules.length), engine.arena.jury.version
        closed, judged = await engine.store.closed_epochs(jury), await engine.store.epochs(jury)
        fresh = [epoch for epoch in closed if now < ends(epoch) + rules.close_at_latest + timedelta(days=1)]
        looks = [(epoch, f"closed {jury}", _looks_at(epoch)) for epoch in fresh]
        if present in judged and present not in closed:
            looks.append((present, f"{now:%Y-%m-%d} {jury}", _looks_at(present)))
        return looks

    async def _judged(self, epoch: str, looks: int) -> tuple[Leaderboard, Gate]:
        engine = self._app.engine
        board = await engine.leaderboard(epoch)
        return board, await gated(engine, self._app.config.gates, epoch=epoch, looks=looks)

    def _linked(self, event: Event) -> Event:
        return event if event.link else event.model_copy(update={"link": self._project})

    def _page(self, board: Leaderboard) -> str | None:
        server = self._app.server
        return None if server is None else f"{self._project}/traces/{trace_id(board, server.project_id)}"

    @property
    def _project(self) -> str | None:
        client, server = self._app.client, self._app.server
        return None if client is None or server is None else f"{client.base_url}/project/{server.project_id}"


def _looks_at(epoch: str) -> int:
    return (ends(epoch) - begins(epoch)).days + 1
