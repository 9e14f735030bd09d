from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import PrivateAttr

from judges.arena_hard import ArenaHard
from judges.judge import Ask
from judges.jury import Juror, Jury, JuryRules
from judges.ranking import Ranking
from judges.types import Judgment, Verdict
from judges.verdicts import concluded
from rollouts.budget import Budget
from rollouts.cost import FREE
from rollouts.errors import Fatal, Permanent, Retryable, UnderstudyError
from rollouts.journal import MemoryJournal
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.provider import Provider
from rollouts.providers.openai_compatible import OpenAICompatible
from rollouts.types import Challenge, Completion, Request, Rollout
from tests.duelling import Ties, challenge, completion, rollout

WORTH = {"[[A=B]]": 0.5, "win": 1.0, "loss": 0.0, "mumble": None}


class Speaker(Provider):
    """Says one thing, or raises it, and counts how often it was asked."""

    model: str
    says: str = "win"
    _error: UnderstudyError | None = PrivateAttr(default=None)
    _asked: int = PrivateAttr(default=0)

    async def complete(self, request: Request) -> Completion:
        """Answer as it always does."""
        del request
        self._asked += 1
        if self._error is not None:
            raise self._error
        return completion(self.says)


class Plain(Ties):
    """Asks once, and takes what is said for the verdict."""

    def version(self, model: str) -> str:
        """Name the model."""
        return f"plain/{model}"

    async def judge(self, challenge: Challenge, rollout: Rollout, ask: Ask, *, model: str) -> Judgment:
        """Ask once."""
        key = f"{challenge.id}/{rollout.challenger}/{model}"
        said = await ask(Request(key=key, messages=challenge.messages))
        return concluded(self.version(model), WORTH[said.message.text], [])


def juror(model: str, says: str = "win", *, stand_in: bool = False, error: UnderstudyError | None = None) -> Juror:
    """Seat a judge that says one thing."""
    speaker = Speaker(model=model, says=says)
    speaker._error = error
    asked = Model(
        speaker,
        name=model,
        price=FREE,
        limits=Limits(concurrency=4),
        journal=MemoryJournal(),
        budget=Budget(None),
    )
    return Juror(name=model, judge=Plain(), model=asked, stand_in=stand_in)


def asked(seat: Juror) -> int:
    """How often this judge's model was asked."""
    assert isinstance(seat.model.provider, Speaker)
    return seat.model.provider._asked


async def heard(
    jurors: Sequence[Juror], by: str = "qwen3-30b", known: Sequence[Judgment] = (), **rules: Any
) -> Judgment:
    """Have one rollout of the model `by` judged; production is gpt-5."""
    production = challenge().model_copy(update={"baseline": completion("old").model_copy(update={"model": "gpt-5"})})
    jury = Jury(tuple(jurors), JuryRules(**({"quorum": 1} | rules)))
    said = await jury.judge(production, {"good": rollout()}, {"good": by}, {"good": known})
    return said["good"]


async def test_several_judges_become_one_verdict() -> None:
    """Their scores are pooled as configured, and what each said by itself is kept."""
    bench = [juror("claude-opus-4-5", "win"), juror("gemini-3-pro", "win"), juror("mistral-large", "loss")]
    mean, majority = await heard(bench), await heard(bench, rule="majority")
    assert mean.score == pytest.approx(2 / 3)
    assert mean.verdict is Verdict.WIN
    assert majority.score == 1
    assert [member.score for member in mean.members] == [1, 1, 0]
    assert mean.judge != majority.judge


@pytest.mark.parametrize(("by", "out"), [("claude-haiku-4-5", "claude-opus-4-5"), ("qwen3-30b", "gpt-5.2")])
async def test_no_judge_sits_where_its_own_family_answers(by: str, out: str) -> None:
    """Neither the challenger's family nor production's, here OpenAI's, and a stand-in takes the empty seat."""
    bench = [juror("claude-opus-4-5"), juror("gpt-5.2"), juror("gemini-3-pro"), juror("mistral-large", stand_in=True)]
    judged = await heard(bench, by)
    sat = [member.judge for member in judged.members]
    assert f"plain/{out}" not in sat
    assert "of one family with" in judged.absent[f"plain/{out}"]
    assert "plain/mistral-large" in sat
    assert not asked(next(seat for seat in bench if seat.name == out))


async def test_families_can_be_told_and_leaving_can_be_switched_off() -> None:
    """A house model is of the family its owner names; with `recuse` off everybody sits."""
    bench = [juror("house-judge"), juror("gemini-3-pro")]
    told = await heard(bench, families={"house-*": ("alibaba",)})
    assert list(told.absent) == ["plain/house-judge"]
    assert not (await heard(bench, "gemini-3-flash", recuse=False)).absent


async def test_a_stand_in_is_not_asked_while_all_principals_are_there() -> None:
    """It costs nothing until somebody is missing."""
    stand_in = juror("mistral-large", stand_in=True)
    await heard([juror("claude-opus-4-5"), juror("gemini-3-pro"), stand_in])
    assert asked(stand_in) == 0


@pytest.mark.parametrize("flaw", [{"says": "mumble"}, {"error": Permanent("refused")}])
async def test_a_stand_in_takes_the_seat_of_who_cannot_be_read(flaw: dict[str, Any]) -> None:
    """Whether a judge mumbles or its provider refuses, the others are heard and the seat is filled."""
    bench = [juror("claude-opus-4-5", **flaw), juror("gemini-3-pro"), juror("mistral-large", "loss", stand_in=True)]
    judged = await heard(bench, quorum=2)
    assert judged.score == 0.5


async def test_too_few_judges_are_unreadable_and_no_tie() -> None:
    """Below the quorum there is no score, and the verdict says who was missing."""
    judged = await heard([juror("gpt-5.2"), juror("gpt-5-mini"), juror("gemini-3-pro")], quorum=2)
    assert (judged.verdict, judged.score) == (Verdict.UNREADABLE, None)
    nobody = await heard([juror("gpt-5.2"), juror("gpt-5-mini")], quorum=2)
    assert nobody.reason.startswith("No judge may sit here")
    assert nobody.verdict is Verdict.UNREADABLE


async def test_what_may_work_later_is_tried_later() -> None:
    """A provider that is busy holds the verdict up, after the other judges have been paid to the end."""
    bench = [juror("claude-opus-4-5", error=Retryable("busy")), juror("gemini-3-pro")]
    with pytest.raises(Retryable):
        await heard(bench)
    assert asked(bench[1]) == 1


async def test_what_a_judge_has_said_is_not_bought_again() -> None:
    """A judge that was heard before, alone or in another jury, is not asked; the others are."""
    bench = [juror("claude-opus-4-5"), juror("gemini-3-pro")]
    judged = await heard(bench, known=[concluded("plain/claude-opus-4-5", 0.0, [])])
    assert [member.score for member in judged.members] == [0, 1]
    assert [asked(seat) for seat in bench] == [0, 1]


async def test_what_was_said_in_another_jury_is_not_bought_again() -> None:
    """Another rule, or one judge of the jury alone: all that this takes was said and paid before."""
    bench = [juror("claude-opus-4-5", "win"), juror("gemini-3-pro", "loss"), juror("mistral-large", "loss")]
    before = await heard(bench)
    median = await heard(bench, known=[before], rule="median")
    alone = Jury.of(bench[0].judge, bench[0].model)
    [single] = (await alone.judge(challenge(), {"good": rollout()}, {"good": "qwen3-30b"}, {"good": [before]})).values()
    assert (median.score, single.score) == (0, 1)
    assert [asked(seat) for seat in bench] == [1, 1, 1]


async def test_what_the_same_jury_has_said_stands() -> None:
    """Nobody is asked again, those who refused the first time included."""
    bench = [juror("claude-opus-4-5", error=Permanent("refused")), juror("gemini-3-pro")]
    before = await heard(bench)
    assert await heard(bench, known=[before]) == before
    assert [asked(seat) for seat in bench] == [1, 1]


@pytest.mark.parametrize("turned", [False, True])
async def test_what_only_a_person_can_mend_is_told_first(turned: bool) -> None:  # noqa: FBT001
    """A judge without a key is not hidden by another that is busy, whichever of them is named first."""
    bench = [juror("claude-opus-4-5", error=Retryable("busy")), juror("gemini-3-pro", error=Fatal("no key"))]
    with pytest.raises(Fatal):
        await heard(bench[::-1] if turned else bench)


def test_the_version_changes_with_all_that_a_verdict_depends_on() -> None:
    """Members, stand-ins, rule, quorum, families: judgments of different juries are never added up."""
    two = (juror("a"), juror("b"))
    juries = [
        Jury(two, JuryRules()),
        Jury((*two, juror("c")), JuryRules()),
        Jury((*two, juror("c", stand_in=True)), JuryRules()),
        Jury(two, JuryRules(rule="median")),
        Jury(two, JuryRules(quorum=1)),
        Jury(two, JuryRules(recuse=False)),
        Jury(two, JuryRules(families={"a": ("x",)})),
        Jury.of(two[0].judge, two[0].model),
    ]
    assert len({jury.version for jury in juries}) == len(juries)
    assert juries[-1].version == "plain/a"


@pytest.mark.parametrize(
    ("jurors", "said"),
    [
        ([juror("a"), juror("a")], "one and the same"),
        ([juror("a"), juror("b", stand_in=True)], "needs 2"),
        ([juror("a"), Juror(name="b", judge=ArenaHard(), model=juror("b").model)], None),
    ],
)
def test_a_jury_that_cannot_speak_is_refused(jurors: list[Juror], said: str | None) -> None:
    """Before anything is paid, with a hint."""
    jury = Jury(tuple(jurors), JuryRules())
    if said is None:
        jury.check()
        return
    with pytest.raises(Fatal, match=said):
        jury.check()


def test_judges_of_different_scales_cannot_be_added_up() -> None:
    """Grades and labels are worth different things."""

    class Grades(Plain):
        scale = "points"

    grading = Juror(name="g", judge=Grades(), model=juror("g").model)
    with pytest.raises(Fatal, match="one kind"):
        Jury((juror("a"), grading), JuryRules()).check()


async def test_at_the_last_attempt_a_quorum_is_enough() -> None:
    """A jury that may not wait any longer goes on without its busy judge, and a stand-in takes the seat."""
    bench = [
        juror("claude-opus-4-5", error=Retryable("busy")),
        juror("gemini-3-pro"),
        juror("mistral-large", "loss", stand_in=True),
    ]
    production = challenge()
    for quorum, error in ((2, None), (3, Retryable)):
        jury = Jury(tuple(bench), JuryRules(quorum=quorum))
        asked = jury.judge(production, {"good": rollout()}, {"good": "qwen3-30b"}, patient=False)
        if error is None:
            judged = (await asked)["good"]
            assert judged.score == 0.5
            assert "busy" in judged.absent["plain/claude-opus-4-5"]
        else:
            with pytest.raises(error):
                await asked


def test_a_ranking_has_only_so_many_seats() -> None:
    """Too many challengers are refused at the start, not turn by turn."""
    jury = Jury.of(Ranking(), juror("owl").model)
    jury.check(25)
    with pytest.raises(Fatal, match="can rank 25 challengers, and there are 26"):
        jury.check(26)


def test_a_model_that_is_asked_otherwise_judges_under_another_name() -> None:
    """What is left out of requests or added to them may change the verdict; where the model is reached may not."""

    def version(**options: Any) -> str:
        provider = OpenAICompatible(model="gpt-5", **{"base_url": "http://127.0.0.1:1", **options})
        asked = Model(
            provider,
            name="gpt-5",
            price=FREE,
            limits=Limits(concurrency=1),
            journal=MemoryJournal(),
            budget=Budget(None),
        )
        return Juror(name="judge", judge=ArenaHard(), model=asked).version

    plain = version()
    assert version(base_url="http://127.0.0.1:2") == plain
    others = {version(unsupported=("temperature",)), version(extra_body={"top_k": 1})}
    assert len(others | {plain}) == 3
