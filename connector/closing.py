"""The leaderboards of epochs: when they close, they are kept as they are then, and later traces change them no more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

import structlog

from connector.board import BoardRules, conditions, leaderboard
from connector.calibration.options import Calibration
from connector.epochs import ends
from connector.periods import Closed, Period
from connector.pipeline import Arena
from connector.ports import Store
from judges.standings.leaderboard import Leaderboard
from judges.standings.parts import Part, parts
from judges.standings.tables import Columns
from rollouts.errors import Fatal

log = structlog.get_logger(__name__)


class Books:
    """The leaderboards of single epochs: those that are closed from the store, the others added up anew."""

    def __init__(self, arena: Arena, store: Store, rules: BoardRules, calibration: Calibration, *, seed: int) -> None:
        self._arena, self._store, self._rules, self._calibration = arena, store, rules, calibration
        self._seed = seed

    @property
    def of_cheaper(self) -> Books:
        """The books of the judge that sits while money is short. Raises `Fatal` where there is none."""
        if self._arena.cheaper is None:
            raise Fatal("nobody judges while money is short", hint="see [cheaper_judge] in `understudy init`'s file")
        arena = replace(self._arena, jury=self._arena.cheaper, cheaper=None)
        return Books(arena, self._store, self._rules, self._calibration, seed=self._seed)

    async def board(self, epoch: str | None) -> Leaderboard:
        """Return the leaderboard of one epoch, or of all: this one is always added up anew."""
        if epoch is not None and (closed := await self.closed(epoch)):
            return (await self._with_late(closed)).board
        return await self._added_up(await self._columns(epoch), epoch)

    async def period(self, epoch: str) -> Period:
        """Return one epoch under today's judge with its parts."""
        if closed := await self.closed(epoch):
            return closed
        marks, columns = self._arena.fingerprints, await self._columns(epoch)
        return Period(
            board=await self._added_up(columns, epoch),
            fingerprints=marks,
            unfinished=await self._store.unfinished(epoch, marks),
            parts=await self._parts(columns, epoch),
        )

    async def periods(self) -> list[Period]:
        """Return everything that is closed, under whichever judge, and what is open under today's."""
        closed = [await self._with_late(each) for each in await self._store.closed()]
        jury = self._arena.jury.version
        done = {each.epoch for each in closed if each.jury == jury}
        return [*closed, *[await self.period(each) for each in await self._store.epochs(jury) if each not in done]]

    async def _with_late(self, closed: Closed) -> Closed:
        board = closed.board.model_copy(update={"late": await self._store.late(closed)})
        return closed.model_copy(update={"board": board})

    async def closed(self, epoch: str) -> Closed | None:
        """Return the epoch as it was closed under today's judge and scale, if it was.

        Other filters or sampling make no second one: its turns were drawn under those of then.
        """
        wanted = conditions(self._arena, self._rules, epoch)
        found = await self._store.closed(epoch, self._arena.jury.version)
        return next(
            (each for each in found if (each.board.scale, each.board.unit) == (wanted.scale, wanted.unit)), None
        )

    async def publish(self, now: datetime, *, every: bool) -> None:
        """Close what is due, write the latest two epochs that are open, or all, and what is closed once more."""
        await self.close(now)
        jury = self._arena.jury.version
        done = await self._store.closed_epochs(jury)
        for epoch in (await self._store.epochs(jury))[0 if every else -2 :]:
            if epoch not in done:
                runs = await self._store.runs(self._arena.fingerprints, epoch)
                await self._arena.sink.publish(await self.board(epoch), runs)
        for closed in await self._store.closed(jury=jury, unpublished=not every):
            await self._arena.sink.publish(closed.board, await self._store.runs(closed.fingerprints, closed.epoch))
            await self._store.published(closed)

    async def close(self, now: datetime) -> list[str]:
        """Close every epoch whose time has come; return their names."""
        jury, under = self._arena.jury.version, conditions(self._arena, self._rules, None)
        done = await self._store.closed_epochs(jury, under.scale, under.unit)
        due = [epoch for epoch in await self._store.epochs(jury) if epoch not in done and await self._due(epoch, now)]
        for epoch in due:
            await self._close(epoch, now)
        return due

    async def _due(self, epoch: str, now: datetime) -> bool:
        """Whether it is over, read to its end, drawn from and all done, or has waited long enough."""
        rules, ended = self._arena.rules.epochs, ends(epoch)
        if now < ended + rules.close_after:
            return False
        if now >= ended + rules.close_at_latest:
            return True
        mark = await self._store.mark(self._arena.source.name)
        read = mark is not None and mark >= ended
        drawn = epoch not in await self._store.held_epochs()
        return read and drawn and not await self._store.unfinished(epoch, self._arena.fingerprints)

    async def _close(self, epoch: str, now: datetime) -> None:
        marks, last_duel = self._arena.fingerprints, await self._store.last_duel()
        unfinished = await self._store.unfinished(epoch, marks)
        columns = await self._columns(epoch, closing=True)
        board = await self._added_up(columns, epoch)
        left_out = sum(unfinished.values())
        closed = Closed(
            board=board.model_copy(update={"closed_at": now, "unfinished": left_out}),
            jury=self._arena.jury.version,
            fingerprints=marks,
            unfinished=unfinished,
            last_duel=last_duel,
            parts=await self._parts(columns, epoch),
        )
        await self._store.close(closed)
        log.info("epoch.closed", epoch=epoch, judge=board.judge, unfinished=left_out)

    async def _columns(self, epoch: str | None, *, closing: bool = False) -> Columns:
        version, marks, unit = self._arena.jury.version, self._arena.fingerprints, self._rules.unit
        return await self._store.columns(version, marks, epoch, unit, closing=closing)

    async def _added_up(self, columns: Columns, epoch: str | None) -> Leaderboard:
        arena, store, rules, calibration = self._arena, self._store, self._rules, self._calibration
        return await leaderboard(arena, store, rules, calibration, columns, seed=self._seed, epoch=epoch)

    async def _parts(self, columns: Columns, epoch: str) -> tuple[Part, ...]:
        return await asyncio.to_thread(parts, columns, conditions(self._arena, self._rules, epoch).scale)
