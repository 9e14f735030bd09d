"""Epochs close once, with a leaderboard that nothing changes any more."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.clock import Clock
from connector.engine import Engine
from connector.gating import gated
from connector.periods import Run
from connector.sampling.options import Sampling
from connector.sampling.sampler import Sampler
from connector.store.sqlite import SqliteStore
from connector.types import Duel, Fate
from judges.standings.gated import Gates, Result
from judges.standings.leaderboard import Leaderboard
from judges.standings.parts import WHOLE
from tests.duelling import Kept, Told, arena, challenge, intake, judgment, rollout

WEEK = "2026-W47"
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
"""The day after that week."""


class Published(Kept):
    """A sink that remembers leaderboards as well."""

    def __init__(self) -> None:
        super().__init__()
        self.boards: list[Leaderboard] = []

    async def publish(self, leaderboard: Leaderboard, runs: Mapping[str, Run]) -> None:
        """Take it."""
        assert runs
        self.boards.append(leaderboard)


class World:
    """One engine over one file, at a time of its own."""

    def __init__(self, path: Path, *challengers: str, now: datetime = MONDAY, judge: str = "judge") -> None:
        self.now, self.sink, self.store = now, Published(), SqliteStore(str(path))
        names = challengers or ("good",)
        self.providers = {name: Told(model=name) for name in names}
        self.judge = Told(model=judge)
        self.arena = arena(
            *names, sink=self.sink, providers=self.providers, judge_provider=self.judge, journal=self.store
        )
        clock = Clock(now=lambda: self.now)
        self.engine = Engine(self.arena, self.store, widths=dict.fromkeys(names, 4), clock=clock)

    async def ask(self, *numbers: int, days: int = 0) -> None:
        """Queue duels over turns of this week, or of days later, each of a trace of its own."""
        for number in numbers:
            asked = challenge(number, days=days)
            duels = [Duel.of(asked, name, mark) for name, mark in self.arena.fingerprints.items()]
            await self.store.take(intake(asked, trace=f"t{number}"), duels)

    async def cycle(self) -> None:
        """Read up to now, do what is to be done, and publish."""
        await self.store.move_mark(self.arena.source.name, self.now)
        await self.engine.work(until_idle=True)
        await self.engine.publish()

    @property
    def calls(self) -> int:
        """Model calls that were made."""
        return sum(len(each._asked) for each in (*self.providers.values(), self.judge))


async def test_an_epoch_closes_when_it_is_done_and_stays(tmp_path: Path) -> None:
    """Two days after its end it closes; what comes late is judged, counted, and in no figure."""
    world = World(tmp_path / "s.db")
    await world.ask(0, 1, 2)
    await world.cycle()
    assert (await world.engine.leaderboard(WEEK)).closed_at is None
    world.now = MONDAY + timedelta(days=2)
    await world.cycle()
    closed = await world.engine.leaderboard(WEEK)
    assert (closed.closed_at, closed.standings[0].turns, closed.late) == (world.now, 3, 0)
    assert [board.closed_at for board in world.sink.boards] == [None, world.now]
    await world.ask(3)
    await world.cycle()
    late = await world.engine.leaderboard(WEEK)
    assert late == closed.model_copy(update={"late": 1})
    assert len(world.sink.posted) == 4
    assert len(world.sink.boards) == 2
    assert (await world.engine.leaderboard()).standings[0].turns == 4
    await world.store.aclose()


async def test_a_finished_epoch_buys_nothing_again(tmp_path: Path) -> None:
    """Another process over the same file asks nobody, publishes nothing, and reads the same leaderboard."""
    first = World(tmp_path / "s.db", now=MONDAY + timedelta(days=2))
    await first.ask(0, 1)
    await first.cycle()
    bought, closed = first.calls, await first.engine.leaderboard(WEEK)
    await first.store.aclose()
    second = World(tmp_path / "s.db", now=MONDAY + timedelta(days=5))
    await second.cycle()
    assert (bought, second.calls, second.sink.boards) == (6, 0, [])
    assert await second.engine.leaderboard(WEEK) == closed
    await second.store.aclose()


async def test_what_is_too_late_waits_behind_what_is_not(tmp_path: Path) -> None:
    """Duels that their closed epoch left out are asked last: money that is short goes to the week that still counts."""
    world = World(tmp_path / "s.db")
    await world.ask(4)
    await world.cycle()
    await world.ask(0, 1)
    world.now = MONDAY + timedelta(days=15)
    await world.engine.publish()
    await world.ask(2, 3, days=14)
    [mark] = world.arena.fingerprints.values()
    due = await world.store.due("good", mark, 9, world.now)
    assert [duel.challenge.id for duel in due] == ["challenge-2", "challenge-3", "challenge-0", "challenge-1"]
    await world.cycle()
    assert len(world.sink.posted) == 5
    await world.store.aclose()


async def test_a_new_challenger_does_not_enter_a_closed_epoch(tmp_path: Path) -> None:
    """It meets the turns of the present week only; the week before is closed to it."""
    for close in (False, True):
        path = tmp_path / f"{close}.db"
        first = World(path, now=MONDAY + timedelta(days=2 if close else 1))
        await first.ask(0, 1)
        await first.cycle()
        await first.store.aclose()
        second = World(path, "good", "late", now=MONDAY + timedelta(days=3))
        assert await second.engine._enroll(second.now) == (0 if close else 2)
        await second.store.aclose()


async def test_what_never_ends_is_left_out_at_the_latest(tmp_path: Path) -> None:
    """Open duels keep an epoch open for two weeks; then it closes, and says how many it leaves out."""
    world = World(tmp_path / "s.db", now=MONDAY + timedelta(days=2))
    await world.ask(0, 1)
    await world.cycle()
    await world.store.close((await world.store.closed())[0])  # again, which changes nothing
    other = World(tmp_path / "t.db", now=MONDAY + timedelta(days=13))
    await other.ask(0, 1)
    await other.engine.work(until_idle=True)
    await other.ask(2)
    await other.engine.publish()
    assert (await other.engine.leaderboard(WEEK)).closed_at is None
    other.now = MONDAY + timedelta(days=14)
    await other.engine.publish()
    closed = await other.engine.leaderboard(WEEK)
    assert (closed.closed_at, closed.unfinished, closed.standings[0].turns) == (other.now, 1, 2)
    await world.store.aclose()
    await other.store.aclose()


async def test_what_is_not_read_to_its_end_does_not_close(tmp_path: Path) -> None:
    """While the mark lies inside the epoch, more of it may come."""
    world = World(tmp_path / "s.db", now=MONDAY + timedelta(days=4))
    await world.ask(0)
    await world.engine.work(until_idle=True)
    await world.store.move_mark(world.arena.source.name, MONDAY - timedelta(hours=1))
    await world.engine.publish()
    assert await world.store.closed() == []
    await world.store.move_mark(world.arena.source.name, MONDAY)
    await world.engine.publish()
    assert [each.epoch for each in await world.store.closed()] == [WEEK]
    await world.store.aclose()


async def test_what_is_still_to_be_drawn_keeps_an_epoch_open(tmp_path: Path) -> None:
    """Read to its end and all done: it does not close before its last draw, and what that takes is in its figures."""
    sampling = Sampling(strategy="uniform", challenges=2)
    world = World(tmp_path / "s.db", now=MONDAY + timedelta(days=2))
    sampler = Sampler(world.store, sampling, late=timedelta(minutes=30))
    drawing = Engine(world.arena, world.store, widths={"good": 4}, clock=world.engine.clock, sampler=sampler)
    await world.ask(0)
    held = intake(challenge(1), challenge(2), challenge(3), trace="t1")
    turns = tuple(turn.model_copy(update={"fate": Fate.HELD}) for turn in held.turns)
    await world.store.take(held.model_copy(update={"turns": turns}), [])
    await world.cycle()
    assert await world.store.closed() == []
    assert await drawing.draw() == 2
    await world.cycle()
    closed = await world.engine.leaderboard(WEEK)
    assert (closed.closed_at, closed.standings[0].turns, closed.late) == (world.now, 3, 0)
    await world.store.aclose()


async def test_what_is_decided_of_a_draw_stands_for_all_of_it(tmp_path: Path) -> None:
    """Where money ran short in the second half of a week, that half counts as much as the first once it closes."""
    world = World(tmp_path / "s.db", now=MONDAY + timedelta(days=14))
    sampler = Sampler(world.store, Sampling(strategy="uniform", challenges=16), late=timedelta(0))
    marks, [version] = world.arena.fingerprints, {world.arena.jury.version}
    for draw, decided, score in ((0, 8, 1.0), (1, 2, 0.0)):
        numbers = range(8 * draw, 8 * draw + 8)
        held = intake(*(challenge(number) for number in numbers), trace=f"t{draw}")
        turns = tuple(turn.model_copy(update={"fate": Fate.HELD}) for turn in held.turns)
        await world.store.take(held.model_copy(update={"turns": turns}), [])
        assert await sampler.draw(world.now, MONDAY, marks) == 8
        for number in numbers[:decided]:
            asked = Duel.of(challenge(number), "good", marks["good"])
            await world.store.save(asked.rolled(rollout()).judged(judgment(judge=version, score=score)))
    before = (await world.engine.leaderboard(WEEK)).standings[0]
    await world.engine.publish()
    closed = await world.engine.leaderboard(WEEK)
    assert (closed.unfinished, closed.standings[0].turns, closed.traffic_turns) == (6, 10, 16)
    assert (before.win_rate, closed.standings[0].win_rate) == (0.8, 0.5)
    [kept] = await world.store.closed()
    assert [(part.mean, part.weight) for part in kept.parts if part.dimension == WHOLE] == [(0.5, 16)]
    await world.store.aclose()


async def test_nothing_is_bought_for_a_closed_epoch_whatever_is_lost_or_added(tmp_path: Path) -> None:
    """Judged again by the same judge, with a challenger more, drawn from again: nobody is asked."""
    first = World(tmp_path / "s.db", now=MONDAY + timedelta(days=2))
    await first.ask(0, 1)
    await first.cycle()
    closed = await first.engine.leaderboard(WEEK)
    await first.store.aclose()
    second = World(tmp_path / "s.db", "good", "late", now=MONDAY + timedelta(days=4))
    await second.store.judge_again(second.arena.jury.version, second.arena.fingerprints, None)
    await second.engine._enroll(second.now)
    await second.engine.draw()
    await second.cycle()
    assert (second.calls, second.sink.posted) == (0, [])
    assert await second.engine.leaderboard(WEEK) == closed
    await second.store.aclose()


async def test_another_judge_closes_the_epoch_beside_the_first(tmp_path: Path) -> None:
    """Both leaderboards stay, each under its own hash; each judge sees its own."""
    first = World(tmp_path / "s.db", now=MONDAY + timedelta(days=2))
    await first.ask(0, 1)
    await first.cycle()
    old = await first.engine.leaderboard(WEEK)
    await first.store.aclose()
    second = World(tmp_path / "s.db", now=MONDAY + timedelta(days=3), judge="other")
    await second.store.judge_again(second.arena.jury.version, second.arena.fingerprints, None)
    await second.engine.work(until_idle=True, rolled=True)
    await second.engine.publish(every=True)
    assert second.providers["good"]._asked == []
    new = await second.engine.leaderboard(WEEK)
    assert (new.closed_at, new.judge) == (second.now, "ties/other")
    boards = [each.board for each in await second.store.closed()]
    assert boards == [old, new]
    assert len({board.comparability for board in boards}) == 2
    await second.store.aclose()


async def test_the_gate_reads_what_is_closed(tmp_path: Path) -> None:
    """It names the epoch and when it closed; a judge that only ties passes nobody."""
    world = World(tmp_path / "s.db", now=MONDAY + timedelta(days=2))
    await world.ask(*range(40))
    await world.cycle()
    found = await gated(world.engine, Gates())
    assert (found.epoch, found.closed_at, found.result) == (WEEK, world.now, Result.INCONCLUSIVE)
    assert [check.conversations for check in found.checks] == [40]
    assert judgment().score == found.checks[0].estimate
    await world.store.aclose()


KILLED = """
import asyncio, os, signal, sys
from datetime import timedelta
from pathlib import Path
from tests.integration.test_closing import MONDAY, World

async def main():
    world = World(Path(sys.argv[1]), now=MONDAY + timedelta(days=2))
    await world.ask(0, 1, 2)
    await world.store.move_mark(world.arena.source.name, world.now)
    await world.engine.work(until_idle=True)
    async def dies(*_):
        os.kill(os.getpid(), signal.SIGKILL)
    world.sink.publish = dies
    await world.engine.publish()

asyncio.run(main())
"""


async def test_killed_while_publishing_it_is_published_by_the_next(tmp_path: Path) -> None:
    """What was closed before the kill is the same afterwards, and is written as closed once."""
    path = tmp_path / "s.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(path), cwd=Path(__file__).parents[2], env=dict(os.environ)
    )
    assert await process.wait() == -signal.SIGKILL
    world = World(path, now=MONDAY + timedelta(days=3))
    [closed] = await world.store.closed(unpublished=True)
    assert closed.board.closed_at == MONDAY + timedelta(days=2)
    await world.cycle()
    await world.cycle()
    assert world.sink.boards == [closed.board]
    assert world.calls == 0
    await world.store.aclose()
