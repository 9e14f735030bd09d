from __future__ import annotations

import json
from typing import Any

import pytest

from judges.pointwise import Pointwise
from judges.types import Verdict
from rollouts.journal import MemoryJournal
from rollouts.types import Completion, Request, ToolCall
from tests.buying import bought


class Grader:
    """A judge's model that gives each answer the next of its scores."""

    def __init__(self, make: Any, **scores: list[Any]) -> None:
        self.make, self.scores = make, scores
        self.requests: list[Request] = []
        self.journal = MemoryJournal()

    async def ask(self, request: Request, **_: Any) -> Completion:
        """Grade the one answer that is shown; what is in the journal is not asked again."""
        if known := await self.journal.kept(request.key):
            return known
        self.requests.append(request)
        [name] = [name for name in self.scores if f"the {name} answer" in request.messages[1].text]
        score = self.scores[name].pop(0)
        reply: Completion = self.make.scripted.says(json.dumps({"rationale": "r", "score": score}))
        await bought(self.journal, request.key, reply)
        return reply


async def test_each_answer_is_graded_by_itself(make: Any) -> None:
    """The score is half plus half the lead, and neither question shows the other answer or that there is one."""
    grader = Grader(make, old=[60], new=[87])
    challenge, rollout = make.challenge("the old answer"), make.rollout("the new answer")
    judgment = await Pointwise().judge(challenge, rollout, grader.ask, model="judge-1")
    assert judgment.score == pytest.approx(0.5 + (87 - 60) / 200)
    assert (judgment.verdict, judgment.consistent) == (Verdict.WIN, None)
    baseline, challenger = judgment.rounds
    assert (baseline.challenger_seat, baseline.grades) == (None, {"A": 0.6})
    assert (challenger.challenger_seat, challenger.grades) == ("A", {"A": 0.87})
    for request in grader.requests:
        sent = request.messages[0].text + request.messages[1].text
        assert ("the old answer" in sent) != ("the new answer" in sent)
        assert "answer A" not in sent
        assert "the other" not in sent.lower().replace("other answers need not", "")


@pytest.mark.parametrize(
    ("old", "new", "verdict"), [(87, 87, Verdict.TIE), (100, 0, Verdict.LOSS), (33.3, 33.3, Verdict.TIE)]
)
async def test_equal_grades_tie(make: Any, old: float, new: float, verdict: Verdict) -> None:
    """Exactly, whatever floats make of it."""
    grader = Grader(make, old=[old], new=[new])
    challenge, rollout = make.challenge("the old answer"), make.rollout("the new answer")
    judgment = await Pointwise().judge(challenge, rollout, grader.ask, model="judge-1")
    assert judgment.verdict is verdict


async def test_repeats_are_averaged_answer_by_answer(make: Any) -> None:
    """Also where one of them could not be read, as long as another could."""
    grader = Grader(make, old=[40, 60], new=[90, "ninety", "ninety"])
    challenge, rollout = make.challenge("the old answer"), make.rollout("the new answer")
    judge = Pointwise(repeats=2, temperature=0.7)
    judgment = await judge.judge(challenge, rollout, grader.ask, model="judge-1")
    assert judgment.score == pytest.approx(0.5 + (90 - 50) / 200)
    assert len(grader.requests) == 5


async def test_the_baseline_is_graded_once_for_all_challengers(make: Any) -> None:
    """The question is the same, and so is its name."""
    grader = Grader(make, old=[60], new=[80], third=[20])
    for answer in ("the new answer", "the third answer"):
        await Pointwise().judge(make.challenge("the old answer"), make.rollout(answer), grader.ask, model="judge-1")
    assert len(grader.requests) == 3


async def test_faults_of_its_calls_are_told(make: Any) -> None:
    """Of the one answer, without a letter."""
    grader = Grader(make, old=[60], new=[20])
    cut = make.rollout("the new answer", ToolCall(id="1", name="book", arguments='{"a": '))
    await Pointwise().judge(make.challenge("the old answer"), cut, grader.ask, model="judge-1")
    found = [request.messages[1].text.partition('"certain;')[2] for request in grader.requests]
    assert ["The answer: the call of" in text for text in found] == [False, True]
