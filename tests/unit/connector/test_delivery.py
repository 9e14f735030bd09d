"""How judged duels reach the sink, and what is done about those that do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from connector.clock import Clock
from connector.delivery import BATCH, Delivery
from connector.patience import Patience
from connector.store.sqlite import SqliteStore
from connector.subjects import Subject
from connector.types import Duel, State
from rollouts.errors import Fatal, Permanent, Retryable
from tests.duelling import Kept, arena, challenge, intake, judgment, rollout

HASTY = Patience(attempts=3, first_wait_s=0.01)


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    """Return an empty store."""
    found = SqliteStore(":memory:")
    yield found
    await found.aclose()


class Watch:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, tzinfo=UTC)

    def now(self) -> datetime:
        """Say what it shows."""
        return self.at


async def judged(store: SqliteStore, count: int) -> list[Duel]:
    """Let the store hold so many judged duels, each with a challenge of its own."""
    challenges = [challenge(number) for number in range(count)]
    duels = [Duel.of(c, "good", "f1") for c in challenges]
    await store.take(intake(*challenges), duels)
    for duel in duels:
        await store.save(duel.rolled(rollout()).judged(judgment()))
    return duels


def delivery(store: SqliteStore, sink: Kept, patience: Patience = HASTY, watch: Watch | None = None) -> Delivery:
    """Join the parts."""
    clock = Clock(now=watch.now) if watch else Clock()
    return Delivery(arena("good", sink=sink), store, patience=patience, clock=clock)


async def delivered(moving: Delivery) -> int:
    """Run until nothing is left that can be posted soon; return how often it looked."""
    looks, finished = 0, asyncio.Event()
    finished.set()

    def look() -> None:
        nonlocal looks
        looks += 1

    await asyncio.wait_for(moving.run(finished, asyncio.Event(), look), timeout=30)
    return looks


async def test_everything_is_posted_once(store: SqliteStore) -> None:
    """In batches, with each challenge before its first duel."""
    duels, sink = await judged(store, 2 * BATCH + 30), Kept()
    await delivered(delivery(store, sink))
    assert sorted(sink.posted) == sorted(duel.id for duel in duels)
    assert len(sink.fresh) == len(set(sink.fresh)) == len(duels)
    assert [len(batch) for batch in sink.batches] == [BATCH, BATCH, 30]
    assert await store.states() == {("good", State.POSTED): len(duels)}


class Interrupted(SqliteStore):
    """A store in which somebody forgets a trace whenever it was just said what is to be posted."""

    gone = 0

    async def deliverable(self, limit: int, now: datetime) -> list[Duel]:
        """Return it, as it was before."""
        found = await super().deliverable(limit, now)
        await self.forget([Subject("trace", each.challenge.origin.trace_id) for each in found[: self.gone]], now, "x")
        return found

    async def unconfirmed(self, before: datetime, limit: int, *, skip: int = 0) -> list[Duel]:
        """Likewise for what is to be looked for."""
        found = await super().unconfirmed(before, limit, skip=skip)
        await self.forget(
            [Subject("trace", each.challenge.origin.trace_id) for each in found[: self.gone]], before, "x"
        )
        return found


async def test_what_is_forgotten_on_its_way_is_not_posted() -> None:
    """Neither for the first time, of which nobody would know that it is there, nor once more."""
    sink = Kept()
    async with aclosing(Interrupted(":memory:")) as store:
        duels = await judged(store, 3)
        store.gone = 1
        moving = delivery(store, sink)
        await delivered(moving)
        assert sorted(sink.posted) == sorted(duel.id for duel in duels[1:])
        assert sorted(sink.fresh) == [duel.challenge.id for duel in duels[1:]]
        sink.absent = {duel.id for duel in duels}
        sink.posted.clear()
        await moving.confirm(older_than_s=0, send_again=True)
        assert sink.posted == [duels[2].id]


async def test_a_poison_record_is_found_and_buried_alone(store: SqliteStore) -> None:
    """Its batch is halved until it is by itself; all others are posted, in few attempts."""
    duels, sink = await judged(store, BATCH), Kept()
    poison = duels[37].id
    sink.fails = lambda batch: Permanent("refused") if poison in {duel.id for duel in batch} else None
    await delivered(delivery(store, sink))
    assert await store.states() == {("good", State.POSTED): BATCH - 1, ("good", State.DEAD): 1}
    [dead] = await store.duels_of(duels[37].challenge.id)
    assert dead.reason == "judged: refused"
    assert len(sink.batches) < 20
    assert len(sink.posted) == len(set(sink.posted)) == BATCH - 1


async def test_what_was_begun_before_is_doubtful(store: SqliteStore) -> None:
    """After an attempt whose end nobody knows, the sink is told to look before it writes."""
    _, sink = await judged(store, 1), Kept()
    errors = iter([Retryable("the line went dead")])
    sink.fails = lambda _: next(errors, None)
    await delivered(delivery(store, sink))
    assert sink.fresh == sink.doubtful == [challenge(0).id]


async def test_an_outage_loses_nothing_however_long_it_is(store: SqliteStore) -> None:
    """A thousand failures later everything is posted, nothing is buried, and the waits have stayed within a minute."""
    duels, sink, watch = await judged(store, 10), Kept(), Watch()
    sink.fails = lambda _: Retryable("away")
    moving = delivery(store, sink, Patience(first_wait_s=2), watch)
    for _ in range(1500):
        await moving.step()
        watch.at += timedelta(seconds=60)
    assert len(sink.batches) > 100
    sink.fails = lambda _: None
    watch.at += timedelta(hours=2)
    for _ in duels:
        await moving.step()
    assert sorted(sink.posted) == sorted(duel.id for duel in duels)


async def test_a_record_that_the_server_cannot_bear_holds_up_nobody(store: SqliteStore) -> None:
    """One that always fails for now is set aside, not buried; the others pass, and it is tried again later."""
    duels, sink, watch = await judged(store, BATCH), Kept(), Watch()
    poison = duels[0].id
    sink.fails = lambda batch: Retryable("500") if poison in {duel.id for duel in batch} else None
    moving = delivery(store, sink, Patience(first_wait_s=2), watch)
    for _ in range(20):
        await moving.step()
        watch.at += timedelta(seconds=20)
    assert await store.states() == {("good", State.POSTED): BATCH - 1, ("good", State.JUDGED): 1}
    sink.fails = lambda _: None
    watch.at += timedelta(hours=2)
    await moving.step()
    assert await store.states() == {("good", State.POSTED): BATCH}


async def test_what_nobody_expected_takes_one_record_with_it(store: SqliteStore) -> None:
    """A bug that one record meets is logged and ends with that record buried, not with delivery."""
    duels, sink = await judged(store, 30), Kept()
    poison = duels[3].id
    sink.fails = lambda batch: KeyError("oops") if poison in {duel.id for duel in batch} else None
    with capture_logs() as logs:
        await delivered(delivery(store, sink))
    assert await store.states() == {("good", State.POSTED): 29, ("good", State.DEAD): 1}
    assert any(entry["event"] == "delivery.unexpected" for entry in logs)
    [dead] = await store.duels_of(duels[3].challenge.id)
    assert dead.reason == "judged: KeyError('oops')"


async def test_the_server_s_own_wish_is_waited_for(store: SqliteStore) -> None:
    """Nothing is sent before a Retry-After has passed."""
    _, sink, watch = await judged(store, 1), Kept(), Watch()
    sink.fails = lambda _: Retryable("busy", retry_after_s=30)
    moving = delivery(store, sink, watch=watch)
    await moving.step()
    watch.at += timedelta(seconds=29)
    assert await moving.step() == 0
    watch.at += timedelta(seconds=2)
    assert await moving.step() == 1


async def test_a_refused_key_parks_the_delivery(store: SqliteStore) -> None:
    """Nothing is buried or sent over and over; the reason stands where readiness is asked for."""
    _, sink, watch = await judged(store, 3), Kept(), Watch()
    error = Fatal("401", hint="check the keys")
    sink.fails = lambda _: error
    moving = delivery(store, sink, watch=watch)
    await delivered(moving)
    assert moving.parked is error
    assert len(sink.batches) == 1
    sink.fails = lambda _: None
    watch.at += timedelta(seconds=901)
    await delivered(moving)
    assert moving.parked is None
    assert await store.states() == {("good", State.POSTED): 3}


async def test_waiting_for_the_other_side_costs_nothing(store: SqliteStore) -> None:
    """While it is away, and nothing else is left to do, one looks a few times a second and not in a loop."""
    _, sink = await judged(store, 1), Kept()
    errors = iter([Retryable("away", retry_after_s=1)])
    sink.fails = lambda _: next(errors, None)
    assert await delivered(delivery(store, sink)) < 12
    assert len(sink.posted) == 1


async def test_a_stop_ends_the_waiting(store: SqliteStore) -> None:
    """Nobody waits for a server that is away once the process is asked to stop; what is judged stays judged."""
    _, sink = await judged(store, 1), Kept()
    sink.fails = lambda _: Retryable("away", retry_after_s=50)
    moving, finished, stopping = delivery(store, sink), asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(moving.run(finished, stopping, lambda: None))
    await asyncio.sleep(0.1)
    stopping.set()
    finished.set()
    await asyncio.wait_for(running, timeout=2)
    assert await store.states() == {("good", State.JUDGED): 1}


async def posted(store: SqliteStore, count: int) -> tuple[list[Duel], Kept, Delivery]:
    """Post so many duels."""
    duels, sink = await judged(store, count), Kept()
    moving = delivery(store, sink)
    await delivered(moving)
    sink.batches.clear()
    return duels, sink, moving


def again(sink: Kept, duels: Sequence[Duel]) -> None:
    """Let what is sent from now on be there."""

    def found(batch: Sequence[Duel]) -> None:
        sink.absent -= {duel.id for duel in batch}

    sink.fails = found
    sink.absent = {duel.id for duel in duels}


async def test_what_is_there_is_confirmed_and_not_asked_for_again(store: SqliteStore) -> None:
    """Reading back ends when everything was found."""
    _, sink, moving = await posted(store, BATCH + 5)
    assert await moving.confirm(older_than_s=0, send_again=True) == 0
    assert await store.unconfirmed(datetime.now(UTC), 10) == []
    assert sink.batches == []


async def test_what_is_missing_is_sent_once_more(store: SqliteStore) -> None:
    """All of it, however many batches it is spread over, with its challenges; then it is found."""
    duels, sink, moving = await posted(store, 2 * BATCH + 50)
    missing = [duels[0], duels[BATCH], *duels[-20:]]
    again(sink, missing)
    assert await moving.confirm(older_than_s=0, send_again=True) == len(missing)
    assert sorted(i for batch in sink.batches for i in batch) == sorted(duel.id for duel in missing)
    assert set(sink.doubtful) == {duel.challenge.id for duel in missing}
    assert await moving.confirm(older_than_s=0, send_again=True) == 0
    assert moving.lost == 0


async def test_what_stays_away_is_lost_and_said_so(store: SqliteStore) -> None:
    """Sent twice and still not there: counted, named in the log, and no longer asked for."""
    duels, sink, moving = await posted(store, BATCH + 50)
    sink.absent = {duel.id for duel in duels[20:]}
    await moving.confirm(older_than_s=0, send_again=True)
    with capture_logs() as logs:
        await moving.confirm(older_than_s=0, send_again=True)
    assert moving.lost == BATCH + 30
    named = [i for entry in logs if entry["event"] == "delivery.lost" for i in entry["duels"]]
    assert sorted(named) == sorted(sink.absent)
    sink.batches.clear()
    assert await moving.confirm(older_than_s=0, send_again=True) == 0
    assert sink.batches == []


async def test_what_cannot_be_sent_again_now_is_not_given_up(store: SqliteStore) -> None:
    """An outage while sending again is no proof that anything is lost."""
    duels, sink, moving = await posted(store, 3)
    sink.absent = {duels[0].id}
    sink.fails = lambda _: Retryable("away")
    for _ in range(3):
        with pytest.raises(Retryable):
            await moving.confirm(older_than_s=0, send_again=True)
    again(sink, duels[:1])
    assert await moving.confirm(older_than_s=0, send_again=True) == 1
    assert await moving.confirm(older_than_s=0, send_again=True) == 0
    assert moving.lost == 0


async def test_what_is_young_is_left_alone(store: SqliteStore) -> None:
    """A server may take its time before it shows what it took."""
    duels, sink, moving = await posted(store, 3)
    sink.absent = {duel.id for duel in duels}
    assert await moving.confirm(older_than_s=60, send_again=True) == 0
    assert sink.batches == []
