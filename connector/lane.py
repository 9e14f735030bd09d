"""One challenger's duels, carried side by side: replay, judge, save each step.

Each challenger has a lane of its own, so that a slow or broken one holds up nobody else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import structlog

from connector.clock import Clock
from connector.patience import Patience, said
from connector.pipeline import Arena, advance, judge
from connector.ports import Store
from connector.thrift import Thrift
from connector.types import Duel, State
from rollouts.errors import BudgetExhausted, Fatal, Permanent, Retryable, Unavailable, UnderstudyError

log = structlog.get_logger(__name__)

SOON = timedelta(minutes=1)
"""What moves again within this time is worth waiting for."""
_LOOK_EVERY_S = 1.0
_UNPAID = (State.QUEUED, State.ROLLED)


class Lane:
    """Carries the duels of one challenger, `width` at a time."""

    def __init__(
        self,
        challenger: str,
        arena: Arena,
        store: Store,
        *,
        width: int,
        patience: Patience,
        clock: Clock,
        thrift: Thrift | None = None,
    ) -> None:
        self.challenger = challenger
        self.parked: Fatal | None = None
        """Why nothing moves here, until a person acts."""
        self.away: Unavailable | None = None
        """Who does not answer; then nothing moves until `until`, and one duel finds out whether it does again."""
        self._misses = 0
        self._arena, self._store, self._clock = arena, store, clock
        self._width, self._patience, self._thrift = width, patience, thrift or Thrift()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._next: deque[Duel] = deque()
        self.until: datetime | None = None
        """When it is tried again."""
        self.peers: Mapping[str, Lane] = {}
        """The lanes of the other challengers, by name, where a jury looks at all answers together."""
        self._moved = asyncio.Event()
        self._rolled = False
        self.idle = self.over = False
        """Whether nothing moves here soon, and whether this lane has come to its end."""
        self._stopping = asyncio.Event()

    async def run(self, stopping: asyncio.Event, *, until_idle: bool, rolled: bool = False) -> None:
        """Carry what is due until told to stop, or until nothing here will move within a minute.

        With `rolled` only what has its answer is carried, and the challenger is not asked.
        """
        self._stopping, self._rolled, self.idle, self.over = stopping, rolled, False, False
        while not stopping.is_set() and not self.over:
            self._moved.clear()
            await self._top_up()
            self.idle = not self._running and not await self._due_soon()
            if until_idle and all(lane.idle for lane in self._company):
                for lane in self._company:
                    lane.over = True
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), timeout=_LOOK_EVERY_S)

    @property
    def _company(self) -> Collection[Lane]:
        """The lanes that end together: where answers are judged together, none can move without the others."""
        return self.peers.values() if self._arena.jury.together else (self,)

    async def finish(self, grace_s: float) -> None:
        """Let the steps that run come to their end; after `grace_s` a later start asks again, and pays again."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running.values(), timeout=grace_s)
        for task in late:
            task.cancel()
        if late:
            log.warning("lane.cut_off", duels=len(late), hint="their open calls count as paid; raise poll.grace")
        await asyncio.gather(*late, return_exceptions=True)

    async def _top_up(self) -> None:
        """Start what is due, as far as there is room."""
        if self.until and self._clock.now() < self.until:
            return
        self.parked = self.until = None
        width = 1 if self.away else self._width
        if len(self._next) < width - len(self._running):
            await self._refill()
            self._next.rotate(-self._misses)  # a duel that always runs out of time must not be the only one to find out
        while self._next and len(self._running) < width and not self._stopping.is_set():
            duel = self._next.popleft()
            if self._may_be_asked(duel):
                self._start(duel)

    def _may_be_asked(self, duel: Duel) -> bool:
        """Whether nothing has been held back since it was claimed."""
        below = self._thrift.below
        return duel.state is State.ROLLED or below is None or duel.challenge.id < below

    def _start(self, duel: Duel) -> None:
        task = asyncio.create_task(self._carry(duel), name=f"duel {duel.id}")
        self._running[duel.id] = task
        task.add_done_callback(partial(self._done, duel.id))

    def _done(self, duel_id: str, _: asyncio.Task[None]) -> None:
        del self._running[duel_id]
        self._moved.set()

    async def _due_soon(self) -> bool:
        if self.parked is not None or (self.until and self.until > self._clock.now() + SOON):
            return False
        due = await self._store.next_due(
            self.challenger, self._fingerprint, rolled=self._rolled, below=self._thrift.below
        )
        return due is not None and due <= self._clock.now() + SOON

    async def _refill(self) -> None:
        """Claim ahead: as many as fit at once and as many again, so that the store is asked seldom."""
        held = self._running.keys() | {duel.id for duel in self._next}
        limit = 2 * self._width + len(held)
        found = await self._store.due(
            self.challenger,
            self._fingerprint,
            limit,
            self._clock.now(),
            rolled=self._rolled,
            below=self._thrift.below,
        )
        # What was running when the store was asked may have ended meanwhile: `found` shows it as it was before.
        self._next.extend(duel for duel in found if duel.id not in held)

    @property
    def _fingerprint(self) -> str:
        return self._arena.challengers[self.challenger].fingerprint

    async def _carry(self, duel: Duel) -> None:
        with structlog.contextvars.bound_contextvars(duel=duel.id, challenger=self.challenger):
            try:
                await self._carry_or_note(duel)
                if self.until is None:  # else it was under way before
                    self.away, self._misses = None, 0
            except Unavailable as error:
                self._rest(error)
            except Fatal as error:
                self._park(error)
                if isinstance(error, BudgetExhausted):  # one that is dearer than any period holds up none of the others
                    await self._store.put_off([duel], self._clock.now())

    async def _carry_or_note(self, duel: Duel) -> None:
        """Take step after step, but none after a stop; note what fails by itself. Raises what concerns the lane."""
        try:
            with self._store.carrying(duel.id):
                while duel.state in _UNPAID and not self._stopping.is_set():
                    if duel.state is State.ROLLED and self._arena.jury.together:
                        await self._judge_together(duel)
                        return
                    # Where somebody has asked for another judgment, a cheaper one will not do.
                    cheaply = self._thrift.is_on and not (self._rolled or duel.heard)
                    duel = await advance(self._arena, duel, patient=self._patient(duel), cheaply=cheaply)
                    await self._store.save(duel)
        except (Unavailable, Fatal):
            raise
        except Retryable as error:
            await self._retry_or_bury(await self._concerned(duel), error)
        except Permanent as error:
            await self._bury(await self._concerned(duel), error)
        except Exception as error:
            log.exception("duel.unexpected", state=duel.state)
            await self._retry_or_bury(await self._concerned(duel), error)

    def _patient(self, duel: Duel) -> bool:
        """Whether a jury may wait for its busy judges; at the last attempt a quorum is enough."""
        return duel.attempts + 1 < self._patience.attempts

    async def _concerned(self, duel: Duel) -> Sequence[Duel]:
        """Return all who were to be judged together: the first must not die alone, nor the rest go on without it."""
        if duel.state is not State.ROLLED or not self._arena.jury.together:
            return [duel]
        siblings = await self._store.siblings(duel, self._arena.fingerprints)
        tried = {"attempts": duel.attempts}
        return [each.model_copy(update=tried) for each in siblings if each.state is State.ROLLED]

    async def _judge_together(self, duel: Duel) -> None:
        """Have all answers to one challenge judged at once, in the lane of the first; the others wait for it."""
        siblings = await self._store.siblings(duel, self._arena.fingerprints)
        coming = [each for each in siblings if each.state is State.QUEUED and not self._rolled]
        ready = [each for each in siblings if each.state is State.ROLLED]
        if not coming and ready[0].id == duel.id:
            await self._store.save_all(await judge(self._arena, ready, patient=self._patient(duel)))
            return
        awaited = coming or ready[:1]
        now, peers = self._clock.now(), [self.peers[each.challenger] for each in awaited]
        still = [peer.until or now + SOON for peer in peers if peer.parked or peer.away]
        soon = now + timedelta(seconds=self._patience.first_wait_s)
        await self._store.put_off([duel], max(soon, *still, await self._store.all_due(awaited)))

    async def _retry_or_bury(self, duels: Sequence[Duel], error: Exception) -> None:
        duels = [duel.model_copy(update={"attempts": duel.attempts + 1}) for duel in duels]
        attempt = duels[0].attempts
        if attempt >= self._patience.attempts:
            await self._bury(duels, error)
            return
        wait_s = self._patience.wait_s(attempt, error)
        log.info("duel.put_off", attempt=attempt, wait_s=wait_s, caused_by=said(error))
        await self._store.put_off(duels, self._clock.now() + timedelta(seconds=wait_s))

    async def _bury(self, duels: Sequence[Duel], error: Exception) -> None:
        hint = error.hint if isinstance(error, UnderstudyError) else None
        for duel in duels:
            log.warning("duel.buried", duel=duel.id, state=duel.state, caused_by=said(error), hint=hint)
        await self._store.save_all([duel.dead(f"{duel.state}: {said(error)}") for duel in duels])

    def _park(self, error: Fatal) -> None:
        """Nothing in this lane will work: leave every duel as it is, due as before, and say so once."""
        if self.parked is None:
            log.critical("lane.parked", caused_by=str(error), hint=error.hint, for_s=self._patience.parked_s)
        opens_at = error.opens_at if isinstance(error, BudgetExhausted) else None
        self.parked = error
        self.until = opens_at or self._clock.now() + timedelta(seconds=self._patience.parked_s)
        self._next.clear()

    def _rest(self, error: Unavailable) -> None:
        """Somebody does not answer: leave every duel as it is, due as before, and ask again when it is time."""
        if self.away is None:
            log.info("lane.waits", caused_by=str(error))
        self.away = error
        self._misses += 1
        if self.parked is None:
            self.until = self._clock.now() + timedelta(seconds=error.retry_after_s or self._patience.first_wait_s)
        self._next.clear()
