"""How one challenger's duels are carried, and how failures are met."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import PrivateAttr
from structlog.testing import capture_logs

from connector.clock import Clock
from connector.lane import Lane
from connector.patience import Patience
from connector.pipeline import Arena
from connector.store.sqlite import SqliteStore
from connector.types import Duel, State
from rollouts.errors import BudgetExhausted, Fatal, Permanent, Retryable
from rollouts.ledger import Outcome
from rollouts.types import Completion, Request
from tests.duelling import Ranks, Told, arena, challenge, intake, rollout

LATER = datetime(2036, 11, 22, tzinfo=UTC)
HASTY = Patience(attempts=3, first_wait_s=0.0)


class Watch:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, tzinfo=UTC)

    def now(self) -> datetime:
        """Say what it shows."""
        return self.at


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    """Return an empty store."""
    found = SqliteStore(":memory:")
    yield found
    await found.aclose()


def answering(fails: Callable[[str], Exception | None]) -> Told:
    """Return a model that fails as told."""
    told = Told()
    told._fails = fails
    return told


async def prepared(store: SqliteStore, met: Arena, count: int) -> list[Duel]:
    """Queue some challenges for every challenger of the arena."""
    challenges = [challenge(number) for number in range(count)]
    duels = [Duel.of(c, name, who.fingerprint) for c in challenges for name, who in met.challengers.items()]
    await store.take(intake(*challenges), duels)
    return duels


def lane(
    met: Arena, store: SqliteStore, patience: Patience = HASTY, *, width: int = 4, watch: Watch | None = None
) -> Lane:
    """Return the lane of `good`."""
    clock = Clock(now=watch.now) if watch else Clock()
    return Lane("good", met, store, width=width, patience=patience, clock=clock)


async def reached(store: SqliteStore, state: State, count: int) -> None:
    """Wait until so many duels are in this state."""
    async with asyncio.timeout(20):
        while (await store.states()).get(("good", state)) != count:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.02)


async def carried(moving: Lane) -> None:
    """Run a lane until nothing moves."""
    await asyncio.wait_for(moving.run(asyncio.Event(), until_idle=True), timeout=20)


async def test_everything_due_is_carried_to_its_judgment(store: SqliteStore) -> None:
    """Each duel is replayed and judged once, however narrow the lane."""
    told = Told()
    met = arena("good", providers={"good": told}, journal=store)
    await prepared(store, met, 12)
    await carried(lane(met, store, width=2))
    assert await store.states() == {("good", State.JUDGED): 12}
    assert len(told._asked) == len(set(told._asked)) == 12


def side_by_side(met: Arena, store: SqliteStore, patience: Patience = HASTY) -> dict[str, Lane]:
    """Return a lane for every challenger, each knowing the others."""
    lanes = {name: Lane(name, met, store, width=4, patience=patience, clock=Clock()) for name in met.challengers}
    for each in lanes.values():
        each.peers = lanes
    return lanes


async def test_a_ranking_waits_for_all_answers_and_is_bought_once(store: SqliteStore) -> None:
    """All challengers of a challenge are judged by one question, whichever of them was slow; the dead are left out."""
    judging = Told(model="judge")
    slow, dying = Told(), answering(lambda text: Permanent("refused") if text == "question 0" else None)
    met = arena(
        "fast",
        "slow",
        "sick",
        providers={"slow": slow, "sick": dying},
        judge_provider=judging,
        judge=Ranks(),
        journal=store,
    )
    await prepared(store, met, 3)
    await asyncio.gather(*(carried(each) for each in side_by_side(met, store, Patience(first_wait_s=0.05)).values()))
    states = await store.states()
    assert states[("fast", State.JUDGED)] == states[("slow", State.JUDGED)] == 3
    assert (states[("sick", State.JUDGED)], states[("sick", State.DEAD)]) == (2, 1)
    assert sorted(judging._asked) == ["rank fast sick slow", "rank fast sick slow", "rank fast slow"]


async def test_a_ranking_does_not_wait_for_a_lane_that_waits_for_a_person(store: SqliteStore) -> None:
    """A run that ends when idle ends; what is missing an answer stays as it is."""
    broken = answering(lambda _: Fatal("no key"))
    met = arena("fast", "broken", providers={"broken": broken}, judge=Ranks(), journal=store)
    await prepared(store, met, 2)
    await asyncio.gather(*(carried(each) for each in side_by_side(met, store, Patience(first_wait_s=0.05)).values()))
    assert await store.states() == {("fast", State.ROLLED): 2, ("broken", State.QUEUED): 2}


async def test_a_ranking_that_is_put_off_holds_up_no_run(store: SqliteStore) -> None:
    """Where the judge asks for minutes, the lanes end together, and everybody's answer waits as it is."""
    judging = answering(lambda _: Retryable("slow down", retry_after_s=600))
    met = arena("fast", "slow", judge_provider=judging, judge=Ranks(), journal=store)
    await prepared(store, met, 2)
    lanes = side_by_side(met, store, Patience(first_wait_s=0.05))
    await asyncio.gather(*(carried(each) for each in lanes.values()))
    assert await store.states() == {("fast", State.ROLLED): 2, ("slow", State.ROLLED): 2}
    due = [each.attempts for each in await store.due("slow", met.challengers["slow"].fingerprint, 9, LATER)]
    assert max(due) == 1, "one that was not sent has no attempt"


async def test_who_is_judged_together_fails_together(store: SqliteStore) -> None:
    """A judge that refuses a challenge takes no challenger out of it before the others."""
    judging = answering(lambda _: Permanent("refused"))
    met = arena("fast", "slow", judge_provider=judging, judge=Ranks(), journal=store)
    await prepared(store, met, 1)
    await asyncio.gather(*(carried(each) for each in side_by_side(met, store, Patience(first_wait_s=0.05)).values()))
    assert await store.states() == {("fast", State.DEAD): 1, ("slow", State.DEAD): 1}


async def test_judging_alone_asks_no_challenger(store: SqliteStore) -> None:
    """With `rolled` what is queued stays queued, and what is answered is judged."""
    told = Told()
    met = arena("good", providers={"good": told}, journal=store)
    first, *_ = await prepared(store, met, 3)
    await store.save(first.rolled(rollout()))
    moving = lane(met, store)
    await asyncio.wait_for(moving.run(asyncio.Event(), until_idle=True, rolled=True), timeout=20)
    assert await store.states() == {("good", State.JUDGED): 1, ("good", State.QUEUED): 2}
    assert told._asked == []


async def test_a_step_that_may_work_later_is_tried_again(store: SqliteStore) -> None:
    """The duel keeps its state, waits twice as long each time, and goes on where it was."""
    failures = iter([Retryable("busy"), Retryable("busy"), Retryable("busy")])
    met, watch = arena("good", providers={"good": answering(lambda _: next(failures, None))}), Watch()
    [duel] = await prepared(store, met, 1)
    moving, waits = lane(met, store, Patience(attempts=5, first_wait_s=100), watch=watch), []
    for _ in range(3):
        await carried(moving)
        due = await store.next_due("good", duel.fingerprint)
        assert due is not None
        waits.append((due - watch.at).total_seconds())
        watch.at = due
    await carried(moving)
    assert waits == [100, 200, 400]
    assert await store.states() == {("good", State.JUDGED): 1}


async def test_the_server_s_own_wish_is_waited_for(store: SqliteStore) -> None:
    """A longer Retry-After takes the place of our wait, and a shorter one does not."""
    errors = iter([Retryable("busy", retry_after_s=5000), Retryable("busy", retry_after_s=1)])
    met, watch = arena("good", providers={"good": answering(lambda _: next(errors))}), Watch()
    [duel] = await prepared(store, met, 1)
    moving = lane(met, store, Patience(first_wait_s=100), watch=watch)
    for wait_s in (5000, 200):
        await carried(moving)
        due = await store.next_due("good", duel.fingerprint)
        assert due == watch.at + timedelta(seconds=wait_s)
        watch.at = due
        # The limits of a model hold everyone for a Retry-After; another model begins afresh.
        met = arena("good", providers={"good": met.challengers["good"].model.provider})
        moving = lane(met, store, Patience(first_wait_s=100), watch=watch)


async def test_waits_stay_finite(store: SqliteStore) -> None:
    """However often something has failed, its next attempt is within an hour or when the server says."""
    patience = Patience(attempts=10_000, first_wait_s=2)
    assert patience.wait_s(5_000) == patience.wait_s(100_000) == 3600
    assert patience.wait_s(5_000, Retryable("later", retry_after_s=9000)) == 9000


async def test_a_step_that_never_works_is_buried_after_its_attempts(store: SqliteStore) -> None:
    """It ends as dead with its last reason, is tried no more, and the others are carried."""
    told = answering(lambda question: Retryable("busy") if "question 1" in question else None)
    met = arena("good", providers={"good": told})
    duels = await prepared(store, met, 3)
    await carried(lane(met, store))
    assert await store.states() == {("good", State.JUDGED): 2, ("good", State.DEAD): 1}
    assert told._asked.count("question 1") == HASTY.attempts
    [dead] = await store.duels_of(duels[1].challenge.id)
    assert dead.reason == "queued: busy"


async def test_attempts_are_counted_by_step(store: SqliteStore) -> None:
    """What it took to get an answer leaves the judge all of its attempts."""
    rolls = iter([Retryable("busy"), Retryable("busy")])
    judges = iter([Retryable("tired"), Retryable("tired")])
    met = arena(
        "good",
        providers={"good": answering(lambda _: next(rolls, None))},
        judge_provider=answering(lambda _: next(judges, None)),
    )
    await prepared(store, met, 1)
    await carried(lane(met, store))
    assert await store.states() == {("good", State.JUDGED): 1}


async def test_what_will_never_work_is_buried_at_once(store: SqliteStore) -> None:
    """One attempt, a reason, and on with the others."""
    told = answering(lambda question: Permanent("refused") if "question 0" in question else None)
    met = arena("good", providers={"good": told})
    duels = await prepared(store, met, 2)
    await carried(lane(met, store))
    assert told._asked.count("question 0") == 1
    [dead] = await store.duels_of(duels[0].challenge.id)
    assert (dead.state, dead.reason) == (State.DEAD, "queued: refused")
    assert await store.states() == {("good", State.JUDGED): 1, ("good", State.DEAD): 1}


async def test_who_reads_of_a_burial_reads_what_to_do(store: SqliteStore) -> None:
    """The log holds the error's hint, where it has one."""
    told = answering(lambda _: Permanent("refused", hint="ask for access"))
    met = arena("good", providers={"good": told})
    await prepared(store, met, 1)
    with capture_logs() as logs:
        await carried(lane(met, store))
    [buried] = [entry for entry in logs if entry["event"] == "duel.buried"]
    assert (buried["caused_by"], buried["hint"]) == ("refused", "ask for access")


async def test_what_nobody_expected_is_logged_and_buried_after_its_attempts(store: SqliteStore) -> None:
    """A bug of ours takes one duel with it, with its traceback in the log and its type in the reason."""
    told = answering(lambda question: KeyError("oops") if "question 0" in question else None)
    met = arena("good", providers={"good": told})
    duels = await prepared(store, met, 2)
    with capture_logs() as logs:
        await carried(lane(met, store))
    [dead] = await store.duels_of(duels[0].challenge.id)
    assert (dead.state, dead.reason) == (State.DEAD, "queued: KeyError('oops')")
    assert sum(entry["event"] == "duel.unexpected" for entry in logs) == HASTY.attempts
    assert await store.states() == {("good", State.JUDGED): 1, ("good", State.DEAD): 1}


@pytest.mark.parametrize("error", [Fatal("wrong key", hint="set another"), BudgetExhausted("all spent")])
async def test_what_needs_a_person_parks_the_lane(store: SqliteStore, error: Fatal) -> None:
    """No duel is touched, nothing more is asked, it is said once; when started again everything is due at once."""
    told = answering(lambda _: error)
    met = arena("good", providers={"good": told})
    duels = await prepared(store, met, 20)
    moving = lane(met, store)
    with capture_logs() as logs:
        await carried(moving)
    assert moving.parked is error
    assert len(told._asked) <= 4
    assert sum(entry["event"] == "lane.parked" for entry in logs) == 1
    assert await store.states() == {("good", State.QUEUED): 20}
    told._fails = lambda _: None
    await carried(lane(met, store))
    assert await store.states() == {("good", State.JUDGED): len(duels)}


async def test_a_parked_lane_tries_again_by_itself(store: SqliteStore) -> None:
    """After its time it looks whether the person has acted, without being started again."""
    told, watch = answering(lambda _: Fatal("wrong key")), Watch()
    met = arena("good", providers={"good": told})
    await prepared(store, met, 1)
    moving, stopping = lane(met, store, Patience(parked_s=900), watch=watch), asyncio.Event()
    running = asyncio.create_task(moving.run(stopping, until_idle=False))
    await asyncio.sleep(0.1)
    assert len(told._asked) == 1
    told._fails = lambda _: None
    watch.at += timedelta(seconds=901)
    await reached(store, State.JUDGED, 1)
    assert moving.parked is None
    stopping.set()
    await running


async def test_a_lane_is_parked_alone(store: SqliteStore) -> None:
    """What concerns one challenger leaves the others moving."""
    met = arena("good", "fair", providers={"fair": answering(lambda _: Fatal("wrong key"))})
    await prepared(store, met, 5)
    other = Lane("fair", met, store, width=2, patience=HASTY, clock=Clock())
    await asyncio.gather(carried(lane(met, store)), carried(other))
    assert await store.states() == {("good", State.JUDGED): 5, ("fair", State.QUEUED): 5}


class Slow(Told):
    """Takes its time."""

    latency_s: float = 0.2
    _begun: asyncio.Event = PrivateAttr(default_factory=asyncio.Event)

    @property
    def begun(self) -> asyncio.Event:
        """Set a moment after the first question."""
        return self._begun

    async def complete(self, request: Request) -> Completion:
        """Answer after a while."""
        answer = await super().complete(request)
        asyncio.get_running_loop().call_later(0.05, self._begun.set)
        await asyncio.sleep(self.latency_s)
        return answer


async def test_a_stop_starts_no_further_step(store: SqliteStore) -> None:
    """What is being asked is finished and saved; neither the judge nor another question comes after it."""
    slow, judge = Slow(), Told(model="judge")
    met = arena("good", providers={"good": slow}, judge_provider=judge)
    await prepared(store, met, 10)
    moving, stopping = lane(met, store, width=3), asyncio.Event()
    running = asyncio.create_task(moving.run(stopping, until_idle=False))
    await slow.begun.wait()
    stopping.set()
    await running
    await moving.finish(5)
    assert await store.states() == {("good", State.ROLLED): 3, ("good", State.QUEUED): 7}
    assert (len(slow._asked), judge._asked) == (3, [])


async def test_what_outlasts_the_grace_period_is_cut_off(store: SqliteStore) -> None:
    """Its duel stays as it was, and its call counts as paid at once."""
    slow = Slow(latency_s=60)
    met = arena("good", providers={"good": slow}, journal=store)
    await prepared(store, met, 2)
    moving, stopping = lane(met, store), asyncio.Event()
    running = asyncio.create_task(moving.run(stopping, until_idle=False))
    await slow.begun.wait()
    stopping.set()
    await running
    await moving.finish(0)
    assert await store.states() == {("good", State.QUEUED): 2}
    assert [(each.outcome, each.calls) for each in await store.spending()] == [(Outcome.LOST, 2)]
    assert await store.forget_interrupted() == 0


class Counting(SqliteStore):
    """Counts what it is asked for."""

    asked = 0

    async def due(
        self,
        challenger: str,
        fingerprint: str,
        limit: int,
        now: datetime,
        *,
        rolled: bool = False,
        below: str | None = None,
    ) -> list[Duel]:
        """Count, then answer."""
        self.asked += 1
        return await super().due(challenger, fingerprint, limit, now, rolled=rolled, below=below)


async def test_a_lane_asks_the_store_seldom() -> None:
    """Claiming ahead costs a fraction of a query per duel, and waiting about one a second."""
    store = Counting(":memory:")
    met = arena("good")
    await prepared(store, met, 100)
    moving, stopping = lane(met, store, width=10), asyncio.Event()
    running = asyncio.create_task(moving.run(stopping, until_idle=False))
    await reached(store, State.JUDGED, 100)
    assert store.asked < 60
    before = store.asked
    await asyncio.sleep(1.5)
    stopping.set()
    await running
    assert store.asked - before <= 4
    await store.aclose()
