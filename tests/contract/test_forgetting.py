"""What a store promises about forgetting: texts go, figures stay, and what went does not come again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.scoring import baseline_trace_id, production_score_id, traces_of
from connector.sinks.jsonl import JsonlSink
from connector.store.file import scrub
from connector.store.sqlite import SqliteStore
from connector.subjects import Remains, Subject
from connector.tiers.types import Flag, Member
from connector.types import Disposition, Duel, Fate, State
from judges.standings.tables import Columns
from rollouts.errors import Permanent
from rollouts.ledger import Outcome, Purchase, Settlement
from rollouts.types import Challenge
from tests.duelling import BEGUN, challenge, completion, intake, judgment, rollout

NOW = BEGUN + timedelta(days=1)
MARKS = {"good": "f1"}
SECRET = "the canary sings at noon"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Return a store with three judged turns of ann's session, one of bob's, and one that nobody has answered."""
    found = SqliteStore(str(tmp_path / "understudy.db"))
    for number, (session, user) in enumerate(
        [("s1", "ann"), ("s1", "ann"), ("s2", "ann"), ("s3", "bob"), ("s3", "bob")]
    ):
        await taken(found, turn(number, session, user))
    for number in range(4):
        await judged(found, number)
    yield found
    await found.aclose()


def turn(number: int, session: str, user: str) -> Challenge:
    """Return a turn of one session, with words that nobody else says."""
    found = challenge(number)
    origin = found.origin.model_copy(update={"session_id": session, "user_id": user, "tags": ("t",)})
    words = found.messages[0].model_copy(
        update={"parts": (found.messages[0].parts[0].model_copy(update={"content": f"{SECRET} {number}"}),)}
    )
    return found.model_copy(update={"conversation_id": session, "origin": origin, "messages": (words,)})


async def taken(store: SqliteStore, one: Challenge) -> int:
    """Let the store know a turn, and a duel over it."""
    origin = one.origin
    what = intake(one, trace=origin.trace_id, session_id=origin.session_id)
    sighting = what.sighting.model_copy(update={"started_at": origin.started_at, "user_id": origin.user_id})
    what = what.model_copy(update={"sighting": sighting})
    return await store.take(what, [Duel.of(one, "good", "f1")])


async def judged(store: SqliteStore, number: int) -> Duel:
    """Carry the duel over one turn to its judgment."""
    [duel] = await store.duels_of(f"challenge-{number}")
    said = judgment(score=number / 4).model_copy(update={"reason": f"{SECRET} reason"})
    await store.begin_posting([duel.challenge])
    await store.save(duel.rolled(rollout(f"{SECRET} answer")))
    done = duel.rolled(rollout(f"{SECRET} answer")).judged(said)
    await store.save(done)
    return done


async def columns(store: SqliteStore, unit: str) -> str:
    """Return everything that a leaderboard is made of, as text."""
    found: Columns = await store.columns("judge/1", MARKS, None, unit)  # type: ignore[arg-type]
    return repr(found._replace(challenges=dict(sorted(found.challenges.items()))))


@pytest.mark.parametrize(
    "subject", [Subject("user", "ann"), Subject("session", "s1"), Subject("trace", f"{0:032x}"), Subject("user", "bob")]
)
async def test_figures_stay_to_the_last_digit(store: SqliteStore, subject: Subject) -> None:
    """Whoever is forgotten, and whatever is resampled as a whole."""
    before = [await columns(store, unit) for unit in ("conversation", "session", "user")]
    assert (await store.forget([subject], NOW, "asked")).challenges > 0
    assert [await columns(store, unit) for unit in ("conversation", "session", "user")] == before
    await store.forget([Subject("user", "ann")], NOW, "asked")
    assert [await columns(store, unit) for unit in ("conversation", "session", "user")] == before


async def test_no_byte_of_words_or_ids_stays(store: SqliteStore, tmp_path: Path) -> None:
    """Neither in the file nor in its write-ahead log; what others said stays."""
    before = raw(tmp_path)
    await store.forget([Subject("user", "ann"), Subject("user", "bob")], NOW, "asked")
    for at in (NOW, NOW + timedelta(days=1)):
        while ids := await store.remains("answer", at, 9):
            await store.removed("answer", ids, at)
    scrub(tmp_path / "understudy.db")
    after = raw(tmp_path)
    for told in (b"canary", b'"ann"', f"{0:032x}".encode(), b"challenge-0"):
        assert (told in before, told in after) == (told != b'"ann"' and told in before, told == b"challenge-0"), told
    assert all(each.challenge.messages == () for each in await store.duels_of("challenge-"))


def raw(folder: Path) -> bytes:
    """Return every byte of every file."""
    return b"".join(part.read_bytes() for part in folder.iterdir())


async def test_what_is_under_way_ends(store: SqliteStore) -> None:
    """An unanswered duel goes, an unposted one is never posted, and what was in flight saves nothing."""
    [queued] = await store.duels_of("challenge-4")
    [unposted] = await store.duels_of("challenge-3")
    assert [duel.id for duel in await store.deliverable(9, NOW)]
    await store.forget([Subject("user", "bob"), Subject("user", "ann")], NOW, "asked")
    assert await store.deliverable(9, NOW) == []
    assert await store.due("good", "f1", 9, NOW) == []
    await store.save(queued.rolled(rollout(SECRET)))
    await store.save(unposted.rolled(rollout(SECRET)))
    assert [duel.rollout.completion.message.text for duel in await store.duels_of("challenge-3") if duel.rollout] == [
        ""
    ]
    assert await store.enroll("new", "f9", ["2026-W47"]) == 0


async def test_it_does_not_come_again(store: SqliteStore) -> None:
    """Neither the trace, nor what its user did before; what the user does later is taken."""
    await store.forget([Subject("user", "ann")], NOW, "asked")
    assert await taken(store, turn(0, "s1", "ann")) == 0
    assert await taken(store, turn(7, "s9", "ann")) == 0
    later = turn(8, "s9", "ann")
    later = later.model_copy(
        update={"origin": later.origin.model_copy(update={"started_at": NOW + timedelta(hours=1)})}
    )
    assert await taken(store, later) == 1


@pytest.mark.parametrize("session", ["s1", None])
async def test_a_later_history_does_not_bring_it_back(store: SqliteStore, session: str | None) -> None:
    """A trace that is read afterwards and repeats what was said is counted, and gives no challenge."""
    said = challenge(20, place="spot-20")
    await store.take(intake(said, trace=said.origin.trace_id, session_id=session), [])
    await store.forget([Subject("trace", said.origin.trace_id)], NOW, "asked")
    went_on, shown = challenge(21, place="spot-21"), challenge(22, place="spot-20", observed=False)
    other = intake(challenge(23, place="spot-23"), trace="other", session_id=session)
    late = intake(went_on, trace="late", session_id=session)
    late = late.model_copy(update={"turns": (*late.turns, Disposition.of_turn(shown, Fate.FILTERED, "shown"))})
    assert await store.take(late, [Duel.of(went_on, "good", "f1")]) == 0
    assert await store.take(other, [Duel.of(other.challenges[0], "good", "f1")]) == 1
    ended = {each.reason for each in await store.ledger() if each.of == "trace" and each.example == "late"}
    assert ended == {"forgotten"}


async def test_what_others_say_too_is_taken_from_them(store: SqliteStore) -> None:
    """A greeting without a session is nobody's: who forgets one conversation that began with it keeps the others."""
    greeting = [challenge(number, place="hello") for number in (20, 21)]
    greeting = [
        each.model_copy(update={"origin": each.origin.model_copy(update={"words": "hello"})}) for each in greeting
    ]
    for each in greeting:
        await store.take(intake(each, trace=each.origin.trace_id), [])
    await store.forget([Subject("trace", greeting[0].origin.trace_id)], NOW, "asked")
    again = challenge(22).model_copy(update={"origin": challenge(22).origin.model_copy(update={"place": "hello"})})
    assert await store.take(intake(again, trace="again"), [Duel.of(again, "good", "f1")]) == 1


async def test_what_is_elsewhere_is_listed_until_it_is_removed_twice(store: SqliteStore) -> None:
    """Posted things are named; the second removal is due some time after the first; then only an audit line is left."""
    [duel] = await store.duels_of("challenge-3")
    found = await store.forget([Subject("session", "s3")], NOW, "asked")
    assert (found.traces, found.challenges, found.duels) == (2, 2, 2)
    assert await store.remains("item", NOW, 9) == ["challenge-3"]
    shown = {baseline_trace_id("challenge-3"), *traces_of(duel.id, ["judge/1"])}
    assert set(await store.remains("trace", NOW, 9)) == shown
    assert await store.remains("score", NOW, 9) == [production_score_id(duel.id)]
    for at in (NOW, NOW + timedelta(hours=1)):
        for place in ("item", "trace", "score", "pair", "answer", "bytes"):
            await store.removed(place, await store.remains(place, at, 99), at)
        assert bool(await store.left()) is (at == NOW)
    audit = await store._writer.run(
        lambda db: db.execute("select kind, because, traces, done_at from forgetting").fetchall()
    )
    assert audit == [("session", "asked", 2, (NOW + timedelta(hours=1)).timestamp())]


async def test_later_turns_that_repeat_a_trace_lose_their_texts(store: SqliteStore) -> None:
    """A history shows what was said before: forgetting the first trace of a session takes it out of the later ones."""
    await store.forget([Subject("trace", f"{0:032x}")], NOW, "asked")
    texts = {each.challenge.id: bool(each.challenge.messages) for each in await store.duels_of("challenge-")}
    assert texts == {
        "challenge-0": False,
        "challenge-1": False,
        "challenge-2": True,
        "challenge-3": True,
        "challenge-4": True,
    }


async def test_counting_changes_nothing(store: SqliteStore) -> None:
    """A dry run says how much it would be."""
    found = await store.forget([Subject("user", "ann")], NOW, "asked", really=False)
    assert (found.traces, found.challenges) == (3, 3)
    assert await store.left() == 0
    assert all(each.challenge.messages for each in await store.duels_of("challenge-"))


async def test_old_texts_go_when_all_is_done(store: SqliteStore) -> None:
    """Nothing that is still to be answered, posted or read back; leaderboards stay, and no judge can look again."""
    duels = [duel for number in range(3) for duel in await store.duels_of(f"challenge-{number}")]
    before = await columns(store, "conversation")
    await store.acknowledged(duels, NOW)
    assert await store.blank_older(NOW + timedelta(days=90), NOW) == 0
    await store.confirmed(duels[:2])
    assert await store.blank_older(NOW, NOW) == 0
    assert await store.blank_older(NOW + timedelta(seconds=1), NOW) == 2
    assert await columns(store, "conversation") == before
    others = await store.judged_by_others("judge/2", MARKS, None)
    assert (len(others.to_judge), others.wordless) == (2, 2)
    await store.judge_again("judge/2", MARKS, None)
    assert [duel.state for duel in await store.duels_of("challenge-0")] == [State.POSTED]
    assert [duel.challenge.origin.user_id for duel in await store.duels_of("challenge-0")] == ["ann"]


async def test_a_file_of_results_forgets(store: SqliteStore, tmp_path: Path) -> None:
    """Challenges, duels and scores go from it; what is about others stays, and it is written on."""
    sink = JsonlSink(tmp_path / "results.jsonl")
    duels = [duel for number in (2, 3) for duel in await store.duels_of(f"challenge-{number}")]
    await sink.post(duels, [duel.challenge for duel in duels], doubtful=())
    before = await asyncio.to_thread((tmp_path / "results.jsonl").read_bytes)
    await sink.forget(Remains(items=("challenge-2",)))
    await sink.forget(Remains(items=("challenge-2",), scores=("x",)))
    after = await asyncio.to_thread((tmp_path / "results.jsonl").read_bytes)
    assert (b"challenge-2" in before, b"challenge-2" in after) == (True, False)
    assert after == b"".join(line for line in before.splitlines(keepends=True) if b"challenge-2" not in line) != b""
    await sink.post(duels[:1], [], doubtful=())
    assert (await asyncio.to_thread((tmp_path / "results.jsonl").read_bytes)).startswith(after)


async def test_an_answer_that_comes_too_late_is_not_kept(store: SqliteStore) -> None:
    """Who was forgotten while a model was thinking is asked about no more, and the answer is refused: it was paid."""
    purchase = Purchase(at=NOW, model="m", role="judge", worst=5)
    paid = Settlement(outcome=Outcome.ANSWERED, spent=3)
    duels = {number: (await store.duels_of(f"challenge-{number}"))[0] for number in (0, 3, 4)}
    entries = dict[int, int]()
    for number, duel in duels.items():
        with store.carrying(duel.id):
            entries[number] = await store.begin(f"call-{number}", purchase)
    await store.forget([Subject("user", "bob")], NOW, "asked")
    for number, duel in duels.items():
        with store.carrying(duel.id):
            if number == 0:
                await store.keep(f"call-{number}", entries[number], completion(SECRET), paid)
                continue
            with pytest.raises(Permanent, match="forgotten"):
                await store.keep(f"call-{number}", entries[number], completion(SECRET), paid)
            with pytest.raises(Permanent, match="forgotten"):
                await store.begin(f"call-{number}-again", purchase)
    assert [bool(await store.kept(f"call-{number}")) for number in duels] == [True, False, False]
    rows = await store._writer.run(lambda db: db.execute("select outcome, spent from spending").fetchall())
    assert rows == [("answered", 3)] * 3


async def test_two_who_remove_at_once_leave_the_second_look(store: SqliteStore) -> None:
    """The daemon and `forget` may remove the same side by side: both have looked once, and neither again."""
    await store.forget([Subject("session", "s3")], NOW, "asked")
    ids = await store.remains("item", NOW, 9)
    await store.removed("item", ids, NOW)
    await store.removed("item", ids, NOW + timedelta(seconds=1))
    assert await store.remains("item", NOW + timedelta(hours=1), 9) == ids == ["challenge-3"]
    await store.removed("item", ids, NOW + timedelta(hours=1))
    assert await store.remains("item", NOW + timedelta(days=1), 9) == []


async def test_what_was_being_read_for_a_tier_brings_nothing_back(store: SqliteStore, tmp_path: Path) -> None:
    """A member made of what was forgotten meanwhile is counted as that, and holds no word."""
    turns = [turn(0, "s1", "ann"), turn(9, "s1", "ann"), turn(3, "s3", "bob")]
    members = [Member.of(each, "a score", BEGUN, f"{SECRET} why") for each in turns]
    await store.forget([Subject("user", "ann")], NOW, "asked")
    flag = Flag(by="score", at=BEGUN, why="a score", trace_id=turns[0].origin.trace_id)
    await store.looked_into(flag, members[:1])
    assert await store.add_members(members[1:2]) == 0
    await store.keep_members(members)
    assert [(each.fate, each.reason) for each in await store.members()] == [
        (Fate.FILTERED, "forgotten"),
        (Fate.FILTERED, "forgotten"),
        (Fate.CHALLENGED, ""),
    ]
    assert [each.origin.user_id for each in await store.unasked("2026-W47")] == ["bob"]
    assert await asyncio.to_thread(raw, tmp_path)
    assert turns[1].origin.trace_id.encode() not in await asyncio.to_thread(raw, tmp_path)
