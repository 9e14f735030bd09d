"""What every store promises, in memory and on disk."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlite_utils
from sqlite_utils.migrations import Migrations

from connector.epochs import epoch_of
from connector.ledger import by_reason
from connector.store.schema import m001_initial
from connector.store.sqlite import SqliteStore
from connector.types import Count, Duel, Fate, State
from judges.types import Unit
from rollouts.errors import Fatal, Permanent
from rollouts.types import Challenge
from tests.buying import ANSWERED, REFUSED, bought, opened
from tests.duelling import BEGUN, challenge, completion, duel, intake, judgment, rollout
from tests.logged import ledger as ledger_of

NOW = BEGUN + timedelta(days=1)
WEEK = epoch_of(BEGUN)


@pytest.fixture(params=[":memory:", "file"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Return every kind of store, empty."""
    found = SqliteStore(":memory:" if request.param == ":memory:" else str(tmp_path / "understudy.db"))
    yield found
    await found.aclose()


async def queued(store: SqliteStore, *duels: Duel) -> None:
    """Let the store know these duels."""
    await store.take(intake(*{duel.challenge.id: duel.challenge for duel in duels}.values()), duels)


async def ids(duels: list[Duel]) -> list[str]:
    """Return the ids of some duels."""
    return [duel.id for duel in duels]


async def test_a_trace_is_taken_once(store: SqliteStore) -> None:
    """Taking it again makes no second challenge or duel; its dispositions are counted once."""
    taken = intake(challenge(1), challenge(2))
    duels = [duel(1), duel(2), duel(1, "fair")]
    assert await store.take(taken, duels) == 3
    assert await store.take(taken, duels) == 0
    assert len(await store.due("good", "f1", 10, NOW)) == 2
    assert await ledger_of(store) == {("trace", Fate.CHALLENGED, ""): 1, ("turn", Fate.CHALLENGED, ""): 2}


async def test_a_trace_is_taken_whole_or_not_at_all(store: SqliteStore) -> None:
    """When one part of it cannot be kept, nothing of it is: the next look finds it new."""
    with pytest.raises(sqlite3.IntegrityError):
        await store.take(intake(challenge(1)), [duel(1), duel(99)])
    assert await store.seen(["t1"]) == {}
    assert await ledger_of(store) == {}
    assert await store.due("good", "f1", 10, NOW) == []


async def test_a_look_is_remembered(store: SqliteStore) -> None:
    """What earlier looks found is known by trace id; a later look with more observations takes its place."""
    await store.take(intake(observations=3), [])
    await store.take(intake(observations=5), [])
    seen = await store.seen(["t1", "t2"])
    assert set(seen) == {"t1"}
    assert (seen["t1"].observations, seen["t1"].fate) == (5, Fate.FILTERED)


HERE = challenge(1, place="here")
SHOWN = challenge(2, observed=False, place="here")
"""The same turn as a later history shows it: edited, so that its words and its id are others."""


async def took(store: SqliteStore, *challenges: Challenge, trace: str = "t1", session: str | None = "s") -> int:
    """Take a trace with a duel for each of its challenges."""
    duels = [Duel.of(each, "good", "f1") for each in challenges]
    return await store.take(intake(*challenges, trace=trace, session_id=session), duels)


async def queue_of(store: SqliteStore) -> list[str]:
    """Return the ids of the challenges that wait for an answer."""
    return [each.challenge.id for each in await store.due("good", "f1", 10, NOW)]


@pytest.mark.parametrize("session", ["s", None])
async def test_a_turn_known_from_its_own_trace_is_not_taken_from_a_history(
    store: SqliteStore, session: str | None
) -> None:
    """A turn whose call was logged counts once, also where a later history shows it again."""
    assert await took(store, HERE, session=session) == 1
    assert await took(store, SHOWN, trace="t2", session=session) == 0
    assert await took(store, HERE.model_copy(update={"origin": SHOWN.origin}), trace="t3", session=session) == 0
    assert await queue_of(store) == [HERE.id]
    assert (await ledger_of(store))["turn", Fate.CHALLENGED, ""] == 1


@pytest.mark.parametrize("same_words", [True, False])
@pytest.mark.parametrize("session", ["s", None])
async def test_what_a_call_produced_replaces_the_copy_that_came_first(
    store: SqliteStore, session: str | None, *, same_words: bool
) -> None:
    """Traces come in any order: the turn is queued once, with the baseline of its own generation."""
    shown = HERE.model_copy(update={"origin": SHOWN.origin}) if same_words else SHOWN
    assert await took(store, shown, trace="t2", session=session) == 1
    assert await took(store, HERE, session=session) == 0, "one more, and one less"
    for _ in range(2):
        assert [each.challenge for each in await store.due("good", "f1", 10, NOW)] == [HERE]
        assert (await ledger_of(store))["turn", Fate.CHALLENGED, ""] == 1
        assert await took(store, shown, trace="t2", session=session) == 0


async def _paid(store: SqliteStore, shown: Duel) -> None:
    await store.save(shown.rolled(rollout()))


async def _asked(store: SqliteStore, shown: Duel) -> None:
    with store.carrying(shown.id):
        await opened(store, "k")


async def _posting(store: SqliteStore, shown: Duel) -> None:
    await store.begin_posting([shown.challenge])


@pytest.mark.parametrize("begun", [_paid, _asked, _posting])
@pytest.mark.parametrize("same_words", [True, False])
async def test_a_copy_that_has_cost_something_is_kept(
    store: SqliteStore, begun: Callable[[SqliteStore, Duel], Awaitable[None]], *, same_words: bool
) -> None:
    """A paid, running or posted duel is not thrown away, nor bought again: its turn counts as known."""
    shown = HERE.model_copy(update={"origin": SHOWN.origin}) if same_words else SHOWN
    await took(store, shown, trace="t2")
    await begun(store, Duel.of(shown, "good", "f1"))
    for _ in range(2):
        assert await took(store, HERE) == 0
    assert [each.challenge for each in await store.due("good", "f1", 10, NOW)] == [shown]
    assert (await ledger_of(store))["turn", Fate.CHALLENGED, ""] == 1


async def test_a_duel_over_a_copy_that_was_replaced_is_not_paid_for(store: SqliteStore) -> None:
    """A lane may hold it already: its first call is refused, and nothing else happens."""
    await took(store, SHOWN, trace="t2")
    await took(store, HERE)
    gone = Duel.of(SHOWN, "good", "f1")
    with store.carrying(gone.id), pytest.raises(Permanent, match="replaced"):
        await opened(store, "k")
    await store.save(gone.dead("replaced"))
    assert await queue_of(store) == [HERE.id]


@pytest.mark.parametrize(("session", "turns"), [("s", 1), (None, 2)])
async def test_copies_without_their_turn_count_once_in_a_session(
    store: SqliteStore, session: str | None, turns: int
) -> None:
    """Edited in one history and not in the next; elsewhere two conversations may simply have begun alike."""
    await took(store, SHOWN, trace="t2", session=session)
    await took(store, challenge(3, observed=False, place="here"), trace="t3", session=session)
    assert (await ledger_of(store))["turn", Fate.CHALLENGED, ""] == turns


async def test_two_answers_at_one_place_are_two_turns(store: SqliteStore) -> None:
    """Both were produced: best of two, or two agents that saw the same message."""
    await took(store, HERE)
    await took(store, challenge(4, place="here"), trace="t2")
    assert await queue_of(store) == [HERE.id, challenge(4).id]


async def test_turns_are_counted_by_what_logged_them(store: SqliteStore) -> None:
    """The ledger tells format and integration, the most frequent first, with an example; the sum is the same."""
    by = {"format": "openai_chat", "integration": "langfuse-sdk"}
    logged = [
        each.model_copy(update={"origin": each.origin.model_copy(update=by)}) for each in (challenge(1), challenge(2))
    ]
    await took(store, challenge(3), *logged)
    traces, most, least = await store.ledger()
    assert (traces.of, traces.count, traces.example, traces.format) == ("trace", 1, "t1", None)
    assert most == Count(of="turn", fate=Fate.CHALLENGED, reason="", count=2, example=most.example, **by)
    assert most.example in {each.origin.trace_id for each in logged}
    assert (least.format, least.integration, least.count) == (None, None, 1)
    assert [each.count for each in by_reason([most, least])] == [3]


async def test_marks_are_kept_by_source(store: SqliteStore) -> None:
    """Each source has its own, and none before its first."""
    assert await store.mark("a") is None
    await store.move_mark("a", BEGUN)
    await store.move_mark("a", NOW)
    assert (await store.mark("a"), await store.mark("b")) == (NOW, None)


async def test_what_is_further_comes_first(store: SqliteStore) -> None:
    """An answer that is paid is judged before the next one is bought; else the oldest is first."""
    await queued(store, duel(1), duel(2), duel(3))
    await store.save(duel(3).rolled(rollout()))
    assert await ids(await store.due("good", "f1", 2, NOW)) == [duel(3).id, duel(1).id]


async def test_what_is_put_off_waits(store: SqliteStore) -> None:
    """It keeps its state and its attempts, is not due before its time, and the store says when that is."""
    await queued(store, duel(1), duel(2))
    later = NOW + timedelta(minutes=5)
    await store.put_off([duel(1).model_copy(update={"attempts": 3})], later)
    assert await ids(await store.due("good", "f1", 10, NOW)) == [duel(2).id]
    await store.save(duel(2).dead("never"))
    assert await store.next_due("good", "f1") == later
    [waited] = await store.due("good", "f1", 10, later)
    assert (waited.attempts, waited.state) == (3, State.QUEUED)


async def test_another_configuration_is_another_competitor(store: SqliteStore) -> None:
    """What was queued for an earlier configuration is not due for this one, and not counted with it."""
    await queued(store, duel(1, fingerprint="old"), duel(1, fingerprint="new"))
    assert await ids(await store.due("good", "new", 10, NOW)) == [duel(1, fingerprint="new").id]
    assert await store.next_due("good", "other") is None
    assert await store.states() == {("good", State.QUEUED): 2}
    assert await store.states({"good": "new"}) == {("good", State.QUEUED): 1}


async def test_a_step_is_kept_as_it_was_taken(store: SqliteStore) -> None:
    """Rollout, judgment, state and reason come back equal, whatever they hold."""
    await queued(store, duel(1))
    judged = duel(1).rolled(rollout("ünï \x00 🙂")).judged(judgment())
    await store.save(judged)
    assert await store.deliverable(10, NOW) == [judged]
    await store.save(judged.dead("because"))
    [found] = await store.duels_of(judged.challenge.id)
    assert found == judged.dead("because")


async def test_a_paid_call_is_paid_once(store: SqliteStore) -> None:
    """Kept, its answer comes back. Dropped, it may be asked again."""
    assert await store.kept("k") is None
    entry = await opened(store, "k")
    assert await store.kept("k") is None
    await store.keep("k", entry, completion("bought"), ANSWERED)
    assert await store.kept("k") == completion("bought")
    await store.drop("k", await opened(store, "k"), REFUSED)
    assert await store.kept("k") is None


async def test_a_saved_step_forgets_the_calls_it_was_made_of(store: SqliteStore) -> None:
    """Only those of its own duel: what another duel has paid stays."""
    await queued(store, duel(1), duel(2))
    for mine in (duel(1), duel(2)):
        with store.carrying(mine.id):
            await bought(store, f"key {mine.id}", completion("bought"))
    await store.save(duel(1).rolled(rollout()))
    assert await store.kept(f"key {duel(1).id}") is None
    assert await store.kept(f"key {duel(2).id}") == completion("bought")


async def test_calls_belong_to_the_duel_that_carries_them(store: SqliteStore) -> None:
    """Also when many duels are carried side by side, and in the tasks that they start."""
    await queued(store, duel(1), duel(2))

    async def carry(mine: Duel) -> None:
        with store.carrying(mine.id):
            entries = await asyncio.gather(*(opened(store, f"{mine.id} {n}") for n in range(3)))
            await asyncio.sleep(0)
            keeping = (store.keep(f"{mine.id} {n}", at, completion("x"), ANSWERED) for n, at in enumerate(entries))
            await asyncio.gather(*keeping)

    await asyncio.gather(carry(duel(1)), carry(duel(2)))
    await store.save(duel(1).dead("over"))
    assert [await store.kept(f"{duel(1).id} {n}") for n in range(3)] == [None] * 3
    assert None not in [await store.kept(f"{duel(2).id} {n}") for n in range(3)]


async def test_calls_in_flight_are_counted_when_they_are_forgotten(store: SqliteStore) -> None:
    """What was begun and never kept may be paid twice; what was kept is not."""
    for key in ("a", "b"):
        await opened(store, key)
    await bought(store, "c", completion("bought"))
    assert await store.forget_interrupted() == 2
    assert await store.forget_interrupted() == 0
    assert await store.kept("c") == completion("bought")


async def test_a_dead_duel_leaves_no_call_behind_but_its_cost(store: SqliteStore) -> None:
    """A call that ended in nobody knows what cannot be asked for any more, and counts as paid at the next start."""
    await queued(store, duel(1))
    with store.carrying(duel(1).id):
        await opened(store, "k")
    await store.save(duel(1).dead("over"))
    assert await store.forget_interrupted() == 1


async def test_a_challenge_is_posted_once(store: SqliteStore) -> None:
    """It is fresh until it is acknowledged, and doubtful from the second time that it is begun."""
    await queued(store, duel(1), duel(1, "fair"), duel(2))
    both = [duel(1), duel(1, "fair")]
    assert await store.unposted([*both, duel(2)]) == [challenge(1), challenge(2)]
    assert await store.begin_posting([challenge(1)]) == set()
    assert await store.begin_posting([challenge(1), challenge(2)]) == {challenge(1).id}
    await store.acknowledged([duel(1)], NOW)
    assert await store.unposted([*both, duel(2)]) == [challenge(2)]


async def test_what_is_acknowledged_is_read_back_once(store: SqliteStore) -> None:
    """Oldest first, not before its time, with the oldest skipped on request, and no more once confirmed."""
    numbers = [1, 2, 3]
    await queued(store, *(duel(n) for n in numbers))
    for n in numbers:
        await store.save(duel(n).rolled(rollout()).judged(judgment()))
        await store.acknowledged([duel(n)], NOW + timedelta(seconds=n))
    assert await store.deliverable(10, NOW) == []
    assert await store.next_deliverable() is None
    assert await store.unconfirmed(NOW, 10) == []
    assert await ids(await store.unconfirmed(NOW + timedelta(seconds=2), 10)) == [duel(1).id, duel(2).id]
    assert await ids(await store.unconfirmed(NOW + timedelta(hours=1), 10, skip=1)) == [duel(2).id, duel(3).id]
    await store.confirmed([duel(1), duel(3)])
    assert await ids(await store.unconfirmed(NOW + timedelta(hours=1), 10)) == [duel(2).id]


async def test_a_new_challenger_meets_the_stored_challenges(store: SqliteStore) -> None:
    """Those of the named epochs, once each, under the ids that they would always have had."""
    await queued(store, duel(1), duel(2), Duel.of(challenge(3, days=-30), "good", "f1"))
    assert await store.enroll("new", "f9", [WEEK]) == 2
    assert await store.enroll("new", "f9", [WEEK]) == 0
    assert await store.enroll("good", "f1", [WEEK]) == 0
    assert await store.due("new", "f9", 10, NOW) == [duel(1, "new", "f9"), duel(2, "new", "f9")]


async def test_outcomes_are_of_one_judge_and_today_s_challengers(store: SqliteStore) -> None:
    """Other judges, other configurations and other weeks stay out; what died unjudged is in, as failed."""
    await queued(store, duel(1), duel(2), duel(3), duel(4, fingerprint="old"))
    await store.save(duel(1).rolled(rollout()).judged(judgment()))
    await store.save(duel(2).rolled(rollout()).judged(judgment(judge="other")))
    await store.save(duel(3).dead("refused"))
    await store.save(duel(4, fingerprint="old").rolled(rollout()).judged(judgment()))
    found = await store.columns("judge/1", {"good": "f1"}, WEEK)
    assert found.duels.failed.tolist() == [False, True]
    assert found.duels.scores.tolist() == [0.5, pytest.approx(float("nan"), nan_ok=True)]
    assert len((await store.columns("judge/1", {"good": "f1"}, "2020-W01")).duels.scores) == 0
    assert await store.epochs("judge/1") == [WEEK]


async def test_another_judge_looks_at_stored_answers(store: SqliteStore) -> None:
    """What is judged by others, or died before its judge, waits for today's judge with all that was said; no more."""
    await queued(store, duel(1), duel(2), duel(3), duel(4), duel(5, fingerprint="old"))
    first = duel(1).rolled(rollout()).judged(judgment(judge="old"))
    await store.save(first)
    await store.acknowledged([first], NOW)
    await store.save(duel(2).rolled(rollout()).dead("rolled: the judge refused"))
    await store.save(duel(3).rolled(rollout()).judged(judgment(judge="new")))
    await store.save(duel(5, fingerprint="old").rolled(rollout()).judged(judgment(judge="old")))
    others = await store.judged_by_others("new", {"good": "f1"}, None)
    assert (len(others.to_judge), others.known) == (2, 0)
    assert (await store.judged_by_others("new", {"good": "f1"}, "2020-W01")).to_judge == ()
    await store.judge_again("new", {"good": "f1"}, None)
    again = await store.due("good", "f1", 10, NOW, rolled=True)
    assert [(each.id, each.state, each.judgment) for each in again] == [
        (duel(1).id, State.ROLLED, None),
        (duel(2).id, State.ROLLED, None),
    ]
    assert again[0].heard == (judgment(judge="old"),)
    assert again[0].rollout == rollout()


async def test_judging_again_loses_nothing_and_going_back_is_free(store: SqliteStore) -> None:
    """Both judges' leaderboards stay; the first judge's word counts again without being bought, and is posted again."""
    await queued(store, duel(1))
    await store.save(duel(1).rolled(rollout()).judged(judgment(judge="old", score=0.0)))
    await store.judge_again("new", {"good": "f1"}, None)
    [waiting] = await store.due("good", "f1", 10, NOW)
    await store.save(waiting.judged(judgment(judge="new", score=1.0)))
    for judge, score in (("old", 0.0), ("new", 1.0)):
        assert (await store.columns(judge, {"good": "f1"}, None)).duels.scores.tolist() == [score]
    await store.acknowledged([waiting], NOW)
    assert (await store.judged_by_others("old", {"good": "f1"}, None)).known == 1
    await store.judge_again("old", {"good": "f1"}, None)
    [back] = await store.deliverable(10, NOW)
    assert back.judgment == judgment(judge="old", score=0.0)
    assert await store.due("good", "f1", 10, NOW) == []


async def test_all_answers_to_one_challenge_are_found_together(store: SqliteStore) -> None:
    """Today's configurations alone, the one that asks included."""
    await queued(store, duel(1), duel(1, "fair"), duel(1, "fair", "old"), duel(2, "fair"))
    found = await store.siblings(duel(1), {"good": "f1", "fair": "f1"})
    assert await ids(found) == [duel(1, "fair").id, duel(1).id]
    both = [each.rolled(rollout(challenger=each.challenger)).judged(judgment()) for each in found]
    await store.save_all(both)
    assert [each.state for each in await store.siblings(duel(1), {"good": "f1", "fair": "f1"})] == [State.JUDGED] * 2


async def test_a_jury_s_judges_are_known_one_by_one(store: SqliteStore) -> None:
    """What each said by itself is kept beside the verdict, seat bias included."""
    await queued(store, duel(1))
    members = (judgment(judge="a", score=0.0), judgment(judge="b", score=1.0))
    verdict = judgment(judge="jury").model_copy(update={"rounds": (), "members": members})
    await store.save(duel(1).rolled(rollout()).judged(verdict))
    said = await store.opinions("jury", {"good": "f1"}, WEEK)
    assert [(each.judge, each.challenger, each.score, each.seat_bias) for each in said] == [
        ("a", "good", 0.0, 0.0),
        ("b", "good", 1.0, 0.0),
    ]
    assert await store.opinions("a", {"good": "f1"}, WEEK) == []


@pytest.mark.parametrize(("unit", "clusters"), [("conversation", 3), ("session", 2), ("user", 1)])
async def test_statistics_may_resample_conversations_sessions_or_users(
    store: SqliteStore, unit: Unit, clusters: int
) -> None:
    """Three conversations of two sessions of one user; where there is no session, the conversation stands in."""
    places = [("s1", "u"), ("s1", "u"), (None, "u")]
    for number, (session, user) in enumerate(places, start=1):
        seen = challenge(number)
        origin = seen.origin.model_copy(update={"session_id": session, "user_id": user})
        met = Duel.of(seen.model_copy(update={"origin": origin}), "good", "f1")
        await store.take(intake(met.challenge, trace=f"t{number}"), [met])
        await store.save(met.rolled(rollout()).judged(judgment()))
    found = await store.columns("judge/1", {"good": "f1"}, None, unit)
    assert len(set(found.clusters.tolist())) == clusters


async def test_work_that_fails_fails_alone(store: SqliteStore) -> None:
    """What shares its transaction with a failing piece of work is committed all the same."""

    def fail(_: sqlite3.Connection) -> None:
        raise ValueError("mine alone")

    done = await asyncio.gather(
        store.move_mark("a", BEGUN),
        store._writer.run(fail),
        store.move_mark("b", BEGUN),
        store._writer.run(lambda db: db.execute("insert into duel (id) values (1)")),
        store.move_mark("c", BEGUN),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in done] == [
        type(None),
        ValueError,
        type(None),
        sqlite3.IntegrityError,
        type(None),
    ]
    assert [await store.mark(name) for name in "abc"] == [BEGUN] * 3


async def test_a_caller_that_gives_up_holds_up_nobody(store: SqliteStore) -> None:
    """Its own work may be done or not; everybody else's is."""
    impatient = [asyncio.create_task(store.move_mark(f"i{n}", BEGUN)) for n in range(5)]
    others = [asyncio.create_task(store.move_mark(f"o{n}", BEGUN)) for n in range(5)]
    await asyncio.sleep(0)
    for task in impatient:
        task.cancel()
    await asyncio.gather(*impatient, return_exceptions=True)
    await asyncio.gather(*others)
    assert [await store.mark(f"o{n}") for n in range(5)] == [BEGUN] * 5


async def test_a_file_that_cannot_be_used_needs_a_person(store: SqliteStore) -> None:
    """A full disk is neither the fault of a record nor worth five attempts."""
    with pytest.raises(Fatal, match="state file"):
        await store._writer.run(lambda db: db.execute("insert into no_such_table values (1)"))


async def test_a_file_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """What it holds stays: marks, traces, turns, challenges and duels."""
    path = str(tmp_path / "understudy.db")
    old = sqlite3.connect(path)
    earlier = Migrations("understudy")
    earlier(name="m001_initial")(m001_initial)
    earlier.apply(sqlite_utils.Database(old))
    verdict = judgment(judge="old", score=1.0)
    old.execute("insert into challenge values ('c', 'c', 't', null, ?, ?, null, null, 1, 1, null, 0)", (WEEK, b""))
    old.execute(
        """insert into duel (id, challenge_id, challenger, fingerprint, epoch, state, rollout, judgment, judge, verdict,
           score, consistent, identical)
           values ('d', 'c', 'good', 'f1', ?, 'posted', '{}', ?, 'old', 'win', 1, 1, 0)""",
        (WEEK, verdict.model_dump_json()),
    )
    old.execute("insert into mark values ('a', ?)", (BEGUN.isoformat(),))
    old.execute("insert into trace values ('t', null, ?, 3, null, 'challenged', '')", (BEGUN.isoformat(),))
    old.execute("insert into turn values ('u', 't', 'challenged', '', 'content', 1)")
    old.commit()
    old.close()
    store = SqliteStore(path)
    assert await store.mark("a") == BEGUN
    assert await ledger_of(store) == {("trace", Fate.CHALLENGED, ""): 1, ("turn", Fate.CHALLENGED, ""): 1}
    assert await took(store, HERE, trace="t2") == 1
    assert (await store.columns("old", {"good": "f1"}, WEEK)).duels.scores.tolist() == [1.0]
    assert (await store.judged_by_others("new", {"good": "f1"}, WEEK)).known == 0
    await store.aclose()


async def test_a_long_look_holds_up_no_writing(tmp_path: Path) -> None:
    """What the leaderboard reads is read beside the writer: what was acknowledged before, and nothing later.

    Else a duel that is judged between two questions has an outcome, and a turn that nobody knows.
    """
    store, begun, looked = SqliteStore(str(tmp_path / "a b?.db")), threading.Event(), threading.Event()

    def look(db: sqlite3.Connection) -> list[int]:
        counted = [db.execute("select count(*) from mark").fetchone()[0]]
        begun.set()
        assert looked.wait(20)
        return [*counted, db.execute("select count(*) from mark").fetchone()[0]]

    await store.move_mark("a", BEGUN)
    looking = asyncio.create_task(store._writer.read(look))
    await asyncio.to_thread(begun.wait, 20)
    await asyncio.wait_for(store.move_mark("b", BEGUN), timeout=10)
    looked.set()
    assert await looking == [1, 1]
    assert await store._writer.read(look) == [2, 2]
    with pytest.raises(Fatal):
        await store._writer.read(lambda db: db.execute("delete from mark"))
    await store.aclose()


async def test_everything_is_found_again(tmp_path: Path) -> None:
    """Closed and opened again, a file holds what it held, down to calls in flight."""
    path = str(tmp_path / "deep" / "understudy.db")
    first = SqliteStore(path)
    await queued(first, duel(1), duel(2))
    await first.move_mark("a", BEGUN)
    await first.save(duel(1).rolled(rollout()).judged(judgment()))
    await first.begin_posting([challenge(1)])
    await opened(first, "k")
    await first.aclose()
    again = SqliteStore(path)
    assert await again.mark("a") == BEGUN
    assert await ids(await again.deliverable(10, NOW)) == [duel(1).id]
    assert await ids(await again.due("good", "f1", 10, NOW)) == [duel(2).id]
    assert await again.begin_posting([challenge(1)]) == {challenge(1).id}
    assert await again.forget_interrupted() == 1
    await again.aclose()


async def test_a_file_has_one_owner(tmp_path: Path) -> None:
    """A second is refused with a hint, unless it only reads; afterwards the file is free again."""
    path = str(tmp_path / "understudy.db")
    owner = SqliteStore(path)
    with pytest.raises(Fatal, match="another process") as refused:
        SqliteStore(path)
    assert refused.value.hint
    reader = SqliteStore(path, alone=False)
    assert await reader.states() == {}
    await reader.aclose()
    await owner.aclose()
    await SqliteStore(path).aclose()


def test_a_place_that_cannot_be_written_to_is_said_in_a_sentence(tmp_path: Path) -> None:
    """Before anything is asked or spent, and with what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(Fatal, match="cannot be opened") as refused:
        SqliteStore(str(tmp_path / "file" / "understudy.db"))
    assert refused.value.hint is not None


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("no database at all, " * 100), Path.mkdir])
def test_what_is_no_state_file_is_refused(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """It is named, and nothing is overwritten."""
    path = tmp_path / "understudy.db"
    spoil(path)
    with pytest.raises(Fatal, match="state file"):
        SqliteStore(str(path))


async def test_what_only_a_judge_said_is_counted_too(store: SqliteStore) -> None:
    """By kind, once, and none of what the turn or the answer holds anyway."""
    asked = challenge(0).model_copy(update={"masks": {"0" * 32: "<EMAIL_1>"}})
    one = Duel.of(asked, "good", "f1")
    await store.take(intake(asked), [one])
    answered = one.rolled(rollout("<PHONE_1>"))
    await store.save(answered)
    said = judgment()
    looks = tuple(each.model_copy(update={"text": "<EMAIL_1> <PHONE_1> <PHONE_2>"}) for each in said.rounds)
    await store.save(answered.judged(said.model_copy(update={"rounds": looks})))
    assert len(looks) > 0
    assert {kind: each.values for kind, each in (await store.masked()).items()} == {"email": 1, "phone": 2}
