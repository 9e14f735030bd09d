"""Three verbs over one store: poll, work, publish. The daemon and the command line only call these."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from connector.board import BoardRules
from connector.calibration.options import Calibration
from connector.clock import Clock
from connector.closing import Books
from connector.delivery import Delivery
from connector.epochs import begins, epoch_of
from connector.holding import Holding
from connector.lane import Lane
from connector.pace import Pace
from connector.patience import Patience
from connector.pipeline import Arena, duels, ingest, look
from connector.ports import Store
from connector.sampling.sampler import Sampler
from connector.settle import Waiting
from connector.thrift import Thrift
from connector.tiers.refill import Refill
from connector.traces import Window
from connector.types import Fate
from judges.standings.leaderboard import Leaderboard
from rollouts.errors import Fatal, Unavailable

log = structlog.get_logger(__name__)


class Engine:
    """The moving part: everything it knows is in the store, so that it can be killed at any moment."""

    def __init__(
        self,
        arena: Arena,
        store: Store,
        *,
        widths: dict[str, int],
        pace: Pace | None = None,
        patience: Patience | None = None,
        board: BoardRules | None = None,
        calibration: Calibration | None = None,
        tiers: Refill | None = None,
        seed: int = 0,
        clock: Clock | None = None,
        sampler: Sampler | None = None,
        thrift: Thrift | None = None,
    ) -> None:
        """Without a `sampler` nothing that is held is ever drawn."""
        self.arena, self.store, self.seed = arena, store, seed
        self.sampler = sampler
        self.pace, self.clock = pace or Pace(), clock or Clock()
        self.books = Books(arena, store, board or BoardRules(), calibration or Calibration(), seed=seed)
        self._tiers = tiers
        met = patience or Patience()
        self.thrift = thrift or Thrift()
        self.lanes = [
            Lane(name, arena, store, width=widths[name], patience=met, clock=self.clock, thrift=self.thrift)
            for name in arena.challengers
        ]
        for lane in self.lanes:
            lane.peers = {each.challenger: each for each in self.lanes}
        self.delivery = Delivery(arena, store, patience=met, clock=self.clock)
        self.holding = Holding(self.lanes, self.delivery, self.thrift, store, clock=self.clock)
        self._stopping = asyncio.Event()
        self._stopped_at = 0.0

    async def poll(self) -> int:
        """Read one window and queue its duels; return how many are new.

        The mark moves last, and never past a trace that has not settled.
        """
        now = self.clock.now()
        window = await self._window(now)
        sightings = await look(self.arena, window)
        before = await self.store.seen([sighting.trace_id for sighting in sightings])
        fresh, mark = 0, window.end
        waiting = Waiting(now, patience=self.pace.give_up, quiet=self.pace.overlap)
        async for intake in ingest(self.arena, sightings, before, waiting):
            fresh += await self.store.take(intake, duels(self.arena, intake))
            if intake.trace.fate is Fate.WAITING:
                mark = min(mark, intake.sighting.started_at)
            if self._stopping.is_set():
                return fresh
        await self.store.move_mark(self.arena.source.name, mark)
        fresh += await self._enroll(now)
        log.info("poll.done", traces=len(sightings), fresh_duels=fresh, mark=mark.isoformat())
        return fresh

    async def refill(self) -> int:
        """Bring the tiers up to date and queue what this epoch lacks of them; return by how many duels that is more.

        Raises what could not be read, once all else is done.
        """
        if self._tiers is None:
            return 0
        now = self.clock.now()
        epoch = epoch_of(now, self.arena.rules.epochs.length)
        return await self._tiers.run(now, epoch, patience=self.pace.give_up)

    async def draw(self, *, if_due: bool = False) -> int:
        """Draw from the turns that wait for it, as far as their epochs' quotas go; return how many duels are new."""
        now = self.clock.now()
        if self.sampler is None or (if_due and not await self.sampler.is_due(now)):
            return 0
        return await self.sampler.draw(now, now - self.pace.settle, self.fingerprints)

    async def undrawn(self) -> AsyncIterator[Sequence[str]]:
        """Yield, epoch by epoch, the texts that `draw` would have turned into vectors now."""
        if self.sampler is not None:
            async for texts in self.sampler.texts(self.clock.now() - self.pace.settle):
                yield texts

    async def follow(self) -> int:
        """Poll, and draw where it is time to: what the daemon does again and again; return how many duels are new."""
        fresh = await self.poll()
        return fresh if self._stopping.is_set() else fresh + await self.draw(if_due=True)

    async def work(
        self, *, until_idle: bool, rolled: bool = False, progress: Callable[[], None] = lambda: None
    ) -> None:
        """Carry duels to the end. Returns when told to stop, or when nothing can move and `until_idle`.

        With `rolled` no challenger is asked: only what is answered is judged and posted. When one part breaks, what
        runs is finished, and then that is raised.
        """
        finished = asyncio.Event()
        delivering = asyncio.create_task(self.delivery.run(finished, self._stopping, progress))
        noting = asyncio.create_task(self.holding.run(finished))
        carrying = asyncio.gather(
            *(lane.run(self._stopping, until_idle=until_idle, rolled=rolled) for lane in self.lanes)
        )
        try:
            await asyncio.wait((carrying, delivering), return_when=asyncio.FIRST_COMPLETED)
            if delivering.done() or carrying.exception() is not None:
                self.stop()
            await asyncio.gather(*(lane.finish(self.grace_left_s) for lane in self.lanes))
            finished.set()
            await self._within_grace(delivering)
            await carrying
            await noting
            await self.holding.note()
        finally:
            noting.cancel()
            carrying.cancel()
            delivering.cancel()

    async def publish(self, *, every: bool = False) -> None:
        """Close what is due, add up the latest open epochs, or `every` one, and write them where people look.

        A closed epoch is written once more, as closed.
        """
        await self._within_grace(self.books.publish(self.clock.now(), every=every))

    async def confirm(self) -> int:
        """Read back what should be visible by now; send again what is not. Return how many duels are still open."""
        return await self.delivery.confirm(older_than_s=self.pace.confirm.total_seconds(), send_again=True)

    async def read_back(self) -> int:
        """Wait until everything posted can be read; what stays away is sent once more. Return how many are lost."""
        for _ in range(2):
            if await self._visible_in_time():
                break
            await self.delivery.confirm(older_than_s=0, send_again=True)
        return self.delivery.lost

    async def _visible_in_time(self) -> bool:
        deadline = self.clock.now() + self.pace.confirm
        while await self.delivery.confirm(older_than_s=0, send_again=False):
            if self.clock.now() >= deadline or self._stopping.is_set():
                return self._stopping.is_set()
            await self.clock.sleep(1.0)
        return True

    async def leaderboard(self, epoch: str | None = None) -> Leaderboard:
        """Add up every decided duel of today's challengers under today's judge, of one epoch or of all.

        A closed epoch is returned as it was closed.
        """
        board = await self.books.board(epoch)
        if board.closed_at is not None:
            return board
        return board.model_copy(update={"held_up": await self.holding.for_money(self.fingerprints)})

    @property
    def parked(self) -> Sequence[Fatal]:
        """What needs a person before it moves again."""
        found = [*(lane.parked for lane in self.lanes), self.delivery.parked]
        return [error for error in found if error is not None]

    @property
    def unavailable(self) -> Mapping[str, Unavailable]:
        """Who does not answer, by the challenger whose duels wait for it."""
        return {lane.challenger: lane.away for lane in self.lanes if lane.away is not None}

    def stop(self) -> None:
        """Start nothing more; what runs has the grace period to finish. Call it where the event loop runs."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._stopped_at = asyncio.get_running_loop().time()

    @property
    def grace_left_s(self) -> float:
        """What is left of the grace period; all of it as long as nobody has asked to stop."""
        grace_s = self.pace.grace.total_seconds()
        if not self._stopping.is_set():
            return grace_s
        return max(0.0, self._stopped_at + grace_s - asyncio.get_running_loop().time())

    async def _within_grace(self, writing: Awaitable[None]) -> None:
        """Cut off what outlasts the grace period: a later start writes it again, under the same ids."""
        task, stopped = asyncio.ensure_future(writing), asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({task}, timeout=self.grace_left_s)
            if task.done():
                await task
            else:
                log.warning("engine.cut_off", hint="Langfuse is slow; what is left is posted at the next start")
        finally:
            stopped.cancel()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @property
    def fingerprints(self) -> dict[str, str]:
        """Today's challengers and the fingerprints of their configurations."""
        return self.arena.fingerprints

    async def _window(self, now: datetime) -> Window:
        """From the mark, minus the overlap, to what has had time to settle. A mark from a clock ahead is repaired."""
        mark = await self.store.mark(self.arena.source.name)
        start = now - self.pace.since if mark is None else min(mark, now) - self.pace.overlap
        return Window(start=start, end=max(now - self.pace.settle, start))

    async def _enroll(self, now: datetime) -> int:
        """Let challengers that are new meet the challenges of this epoch and the last, unless that is closed."""
        this, done = epoch_of(now, self.arena.rules.epochs.length), await self.store.closed_epochs()
        before = epoch_of(begins(this) - timedelta(days=1), self.arena.rules.epochs.length)
        epochs = [epoch for epoch in (this, before) if epoch not in done]
        met = [
            await self.store.enroll(name, challenger.fingerprint, epochs)
            for name, challenger in self.arena.challengers.items()
        ]
        return sum(met)
