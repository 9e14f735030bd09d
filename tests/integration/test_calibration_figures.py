"""What people say, from the server into the state, and what it comes to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.calibration.blinding import CANNOT_TELL, Exhibit, Preference
from connector.calibration.figures import Calibrated, calibrated
from connector.calibration.options import Calibration
from connector.langfuse.annotation import PREFERENCE
from connector.store.sqlite import SqliteStore
from connector.types import Duel
from judges.types import Judgment, Label, Scale, Verdict
from judges.verdicts import add_up
from tests.duelling import challenge, intake, rollout
from tests.duelling import judgment as scored
from tests.integration.calibrating import AT, JUDGE, TODAY, Office, agreeing, judgment, office, preferring, store_duels
from tests.judged import round_of

TURNS = 30


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    """A state with three judged duels of each of two challengers."""
    opened = SqliteStore(":memory:")
    await store_duels(opened, 3)
    yield opened
    await opened.aclose()


def number(exhibit: Exhibit) -> int:
    """Return which of the stored turns it is."""
    return int(exhibit.challenge.id.removeprefix("challenge-"))


async def hear(place: Office) -> None:
    """Keep what people say, as the command does."""
    ids = await place.store.pair_ids()
    said = await place.desk.said()
    await place.store.heard("langfuse", [Preference(ids[each.trace_id], each.person, each.label) for each in said])


async def figures(store: SqliteStore, judge: str = JUDGE, *, scale: Scale = "sevenths", **rules: float) -> Calibrated:
    """Add up, as the command does."""
    return calibrated(
        judge,
        await store.columns(judge, TODAY, None),
        await store.opinions(judge, TODAY, None),
        await store.survey(judge, TODAY),
        names={judge: "the judge"},
        rules=Calibration.model_validate(rules),
        seed=1,
        scale=scale,
    )


async def test_people_do_not_correct_what_is_on_another_scale() -> None:
    """A judge that gives points is held against people by its verdicts; a gap between two scales says nothing."""
    async with office(duels=6) as place:
        await place.pick()
        for exhibit in await place.show():
            place.server.annotate(exhibit.pair.span_id, agreeing(exhibit, number(exhibit)), name=PREFERENCE)
        await hear(place)
        usual, points = await figures(place.store), await figures(place.store, scale="points")
    assert points.judges == usual.judges
    assert {each.human_gap is None for each in usual.challengers} == {False}
    assert {each.human_gap for each in points.challengers} == {None}


async def test_agreement_is_what_was_planted() -> None:
    """People who see three quarters of the duels as the judge does, seats and queue and all, agree with it by 75 %."""
    async with office(duels=TURNS * 2) as place:
        await place.pick()
        shown = await place.show()
        assert len(shown) == TURNS * 4
        for exhibit in shown:
            theirs = "B" if exhibit.pair.challenger_seat == "A" else "A"
            against = preferring(theirs) if number(exhibit) % 3 != 2 else "equal"
            label = against if number(exhibit) % 4 == 0 else agreeing(exhibit, number(exhibit))
            place.server.annotate(exhibit.pair.span_id, label, name=PREFERENCE)
        await hear(place)
        found = await figures(place.store)
    [judge] = found.judges
    assert judge.agreement.agreement == pytest.approx(0.75)
    assert judge.agreement.pairs == TURNS * 4
    assert judge.agreement.agreement_interval is not None
    assert judge.agreement.agreement_interval.low < 0.75 < judge.agreement.agreement_interval.high
    assert judge.agreement.kappa == pytest.approx((0.75 - 1 / 3) / (1 - 1 / 3))
    assert (judge.name, judge.trusted, found.untrusted) == ("the judge", False, (JUDGE,))
    for row in found.challengers:
        assert (row.candidates, row.picked, row.open, row.undecided, row.verdicts) == (60, 60, 0, 0, 60)
        assert row.judge_win_rate == pytest.approx(0.5)
        # Of twelve turns people say: one third each way, but for three of them: win → loss, tie → loss, loss → tie.
        wins, ties, losses = 3, 4, 5
        human = (wins * 6 / 7 + ties / 2 + losses / 7) / 12
        assert row.human_win_rate == pytest.approx(human)
        assert row.human_gap == pytest.approx(0.5 - human)


async def test_several_people_and_second_thoughts() -> None:
    """Each person is a verdict; a changed label replaces the first, and who cannot tell is counted and left out."""
    async with office(duels=3) as place:
        await place.pick()
        first, second, third, *_ = await place.show()
        for person, label in (("ada", "A better"), ("bob", "B better"), ("ada", "equal")):
            place.server.annotate(first.pair.span_id, label, name=PREFERENCE, person=person)
        place.server.annotate(second.pair.span_id, CANNOT_TELL, name=PREFERENCE)
        place.server.annotate(third.pair.span_id, CANNOT_TELL, name=PREFERENCE)
        place.server.annotate(third.pair.span_id, "equal", name=PREFERENCE, person="bob")
        await hear(place)
        people = await place.store.people(TODAY)
        assert len(people) == 3
        assert [each.verdict for each in people].count(Verdict.TIE) == 2
        rows = (await figures(place.store)).challengers
        assert sum(each.undecided for each in rows) == 1
        assert sum(each.open for each in rows) == 3
        place.server.annotate(second.pair.span_id, "equal", name=PREFERENCE)
        await hear(place)
        assert len(await place.store.people(TODAY)) == 4


async def test_trust_is_a_matter_of_floor_and_number(store: SqliteStore) -> None:
    """Six verdicts that all agree: nothing is said where 7 are needed, and the judge is trusted where 6 are."""
    await store.pick(JUDGE, TODAY, 100, seed=1, at=AT)
    said = [Preference(each.pair.id, "ada", agreeing(each, number(each))) for each in await store.unshown()]
    await store.heard("file", said)
    assert [each.trusted for each in (await figures(store, labels_needed=7)).judges] == [None]
    assert [each.trusted for each in (await figures(store, labels_needed=6)).judges] == [True]


async def test_jurors_are_held_against_people_one_by_one(store: SqliteStore) -> None:
    """The jury first, then each juror, on the same verdicts."""
    jurors = {"mild": Label.TIE, "keen": Label.A_MUCH_BETTER}

    def said(turn: int) -> Judgment:
        del turn
        members = tuple(
            add_up(name, [round_of("A", label), round_of("B", label if label is Label.TIE else Label.B_MUCH_BETTER)])
            for name, label in jurors.items()
        )
        return scored(judge="jury", score=0.75).model_copy(
            update={"verdict": Verdict.WIN, "rounds": (), "members": members}
        )

    await store_duels(store, 3, judged=said, begin=20)
    assert {each.spread for each in await store.candidates("jury", TODAY)} == {0.5}
    await store.pick("jury", TODAY, 100, seed=1, at=AT)
    await store.heard("file", [Preference(each.pair.id, "ada", "equal") for each in await store.unshown()])
    found = {each.judge: each.agreement.agreement for each in (await figures(store, "jury")).judges}
    assert found == {"jury": 0.0, "keen": 0.0, "mild": 1.0}
    assert next(iter(found)) == "jury"


async def test_what_people_are_never_shown(store: SqliteStore) -> None:
    """The same answers, judgments that could not be read, other judges' and other competitors' duels."""
    same = Judgment(judge=JUDGE, verdict=Verdict.TIE, score=0.5, consistent=True, reason="the same")
    unread = Judgment(judge=JUDGE, verdict=Verdict.UNREADABLE, score=None, consistent=None, reason="?")
    known = {each.duel_id for each in await store.candidates(JUDGE, TODAY)}
    await store_duels(store, 2, judged=lambda n: (same, unread)[n % 2], begin=10)
    await store_duels(store, 2, judged=lambda n: judgment(n, "judge/2"), begin=20)
    await store_duels(store, 2, challengers={"good": "f0", "stranger": "f1"}, begin=30)
    assert {each.duel_id for each in await store.candidates(JUDGE, TODAY)} == known
    assert len(known) == 6


async def test_the_same_answers_are_labelled_without_people(store: SqliteStore) -> None:
    """A judge may be asked about them all the same; nobody else is, and its doubts count against it."""
    same = rollout("answer 40")
    fresh = Duel.of(challenge(40), "good", "f1")
    await store.take(intake(challenge(40), trace="trace-40"), [fresh])
    rolled = fresh.rolled(same)
    await store.save(rolled)
    await store.save(rolled.judged(judgment(0)))
    picked = await store.pick(JUDGE, TODAY, 1000, seed=1, at=AT)
    assert len(picked) == len(await store.unshown()) == 6
    [certain] = await store.people(TODAY)
    assert (certain.challenge_id, certain.verdict, certain.chance) == ("challenge-40", Verdict.TIE, 1.0)
    assert await store.pick(JUDGE, TODAY, 1000, seed=2, at=AT) == []


async def test_nothing_is_picked_twice(store: SqliteStore) -> None:
    """A second pick adds to the first, and those that were picked have the chance of both together."""
    first = await store.pick(JUDGE, TODAY, 3, seed=1, at=AT)
    before = {each.duel_id: each.chance for each in await store.candidates(JUDGE, TODAY)}
    await store_duels(store, 5, begin=10)
    second = await store.pick(JUDGE, TODAY, 4, seed=2, at=AT)
    after = {each.duel_id: each.chance for each in await store.candidates(JUDGE, TODAY)}
    assert sum(before.values()) == pytest.approx(3)
    assert sum(after.values()) == pytest.approx(7)
    assert all(after[duel_id] >= chance for duel_id, chance in before.items())
    assert not {each.duel_id for each in first} & {each.duel_id for each in second}
    assert await store.pick(JUDGE, TODAY, 0, seed=3, at=AT) == []
    await store.pick(JUDGE, TODAY, 1000, seed=3, at=AT)
    assert len(await store.unshown()) == 16
    assert await store.pick(JUDGE, TODAY, 1000, seed=4, at=AT) == []


async def test_chances_go_with_the_verdicts(store: SqliteStore) -> None:
    """Each verdict of a person carries the chance with which its duel has been picked by now."""
    await store.pick(JUDGE, TODAY, 3, seed=1, at=AT)
    picked = await store.unshown()
    await store.heard("file", [Preference(each.pair.id, "ada", "equal") for each in picked])
    chances = {each.duel_id: each.chance for each in await store.candidates(JUDGE, TODAY)}
    expected = sorted(chances[each.pair.duel_id] for each in picked)
    assert sorted(each.chance for each in await store.people(TODAY)) == expected
    assert all(0 < chance <= 1 for chance in expected)


async def test_verdicts_outlive_the_judge(store: SqliteStore) -> None:
    """They are about answers: another judge is held against what people said before it came."""
    duels = [each for n in range(3) for each in await store.duels_of(f"challenge-{n}")]
    await store.pick(JUDGE, TODAY, 100, seed=1, at=AT)
    await store.heard("file", [Preference(each.pair.id, "ada", "equal") for each in await store.unshown()])
    for duel in duels:
        await store.save(duel.judged(judgment(1, "judge/2")))
    assert [each.agreement.agreement for each in (await figures(store, "judge/2")).judges] == [1.0]
    assert [each.agreement.agreement for each in (await figures(store)).judges] == [pytest.approx(1 / 3)]


async def test_of_one_epoch_or_another_competitor(store: SqliteStore) -> None:
    """Verdicts on an older configuration of a challenger are not those of today's."""
    await store.pick(JUDGE, TODAY, 100, seed=1, at=AT)
    await store.heard("file", [Preference(each.pair.id, "ada", "equal") for each in await store.unshown()])
    assert len(await store.people(TODAY)) == 6
    assert len(await store.people({"good": "f1"})) == 3
    assert await store.people({"good": "f2"}) == []
    assert len(await store.people(TODAY, "2026-W47")) == 6
    assert await store.people(TODAY, "2026-W46") == []


async def test_files_and_langfuse_do_not_forget_each_other(store: SqliteStore) -> None:
    """What was heard at one place replaces what was heard there, and nothing else."""
    await store.pick(JUDGE, TODAY, 100, seed=1, at=AT)
    first, second, *_ = await store.unshown()
    await store.heard("file", [Preference(first.pair.id, "ada", "equal")])
    await store.heard("langfuse", [Preference(second.pair.id, "bob", "equal")])
    await store.heard("langfuse", [])
    assert len(await store.people(TODAY)) == 1
    assert len(await store.unanswered()) == 5


async def test_the_secret_survives(tmp_path: Path) -> None:
    """After a restart ids and seats are made of the same one, and pairs are what they were."""
    path = str(tmp_path / "state.db")
    first = SqliteStore(path)
    await store_duels(first, 2)
    await first.pick(JUDGE, TODAY, 100, seed=1, at=AT)
    before = await first.unshown()
    await first.aclose()
    second = SqliteStore(path)
    assert await second.unshown() == before
    await store_duels(second, 2, begin=10)
    await second.pick(JUDGE, TODAY, 100, seed=1, at=AT)
    secrets = await second._writer.run(lambda db: db.execute("select count(*) from secret").fetchone())
    assert secrets == (1,)
    assert len(await second.unshown()) == 8
    await second.aclose()
