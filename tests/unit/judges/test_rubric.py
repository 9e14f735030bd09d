from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from judges.rubric import Rubric
from judges.types import Judgment, Verdict
from rollouts.types import ToolCall

TOML = """
[judge]
kind = "rubric"

[judge.criteria.correct]
weight = 3
description = "What it says and calls is right."

[judge.criteria.kind]
description = "A person would feel welcome."
"""
TABLE = {key: value for key, value in tomllib.loads(TOML)["judge"].items() if key != "kind"}
RUBRIC = Rubric.model_validate(TABLE)


def graded(**grades: tuple[float, float]) -> str:
    """Return a reply with the scores of A and B for each criterion."""
    return json.dumps(
        {
            "grades": {
                name: {"A": {"rationale": "r", "score": a}, "B": {"rationale": "r", "score": b}}
                for name, (a, b) in grades.items()
            }
        }
    )


async def judged(make: Any, *, a: list[str], b: list[str], rubric: Rubric = RUBRIC) -> tuple[Judgment, Any]:
    """Let a judge with that script, per seat of the challenger, grade two answers."""
    script = make.scripted("the new answer", a=a, b=b)
    rollout = make.rollout("the new answer")
    return await rubric.judge(make.challenge("the old answer"), rollout, script.ask, model="judge-1"), script


async def test_criteria_weigh_what_they_were_given(make: Any) -> None:
    """Three parts correct and one part kind make a grade of each seat, and the score is half plus half the lead."""
    judgment, _ = await judged(make, a=[graded(correct=(8, 4), kind=(10, 2))], b=[graded(correct=(4, 8), kind=(6, 6))])
    b, a = judgment.rounds
    assert a.grades == pytest.approx({"A": 0.85, "B": 0.35})
    assert b.grades == pytest.approx({"A": 0.45, "B": 0.75})
    assert a.score == pytest.approx(0.75)
    assert b.score == pytest.approx(0.65)
    assert judgment.score == pytest.approx(0.7)
    assert (judgment.verdict, judgment.consistent, judgment.rounds[0].label) == (Verdict.WIN, True, None)


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (graded(correct=(1, 1)), "criteria missing or unknown: kind"),
        (graded(correct=(1, 1), kind=(1, 1), brief=(1, 1)), "criteria missing or unknown: brief"),
        (graded(correct=(1, 11), kind=(1, 1)), "grades.correct.B.score: Input should be less than or equal to 10"),
        ('{"grades": {"correct": {"A": {"rationale": "r", "score": 1}}}}', "grades.correct: Dictionary should have"),
        (graded(correct=(1, 1), kind=(1, 1))[:-1], "broken JSON"),
        ("[[A>B]]", "no JSON"),
    ],
)
async def test_a_reply_that_is_not_whole_is_asked_for_again(make: Any, reply: str, problem: str) -> None:
    """Every criterion exactly once, numbers in range; else the problem has a name and the judge a second chance."""
    good = graded(correct=(5, 5), kind=(5, 5))
    judgment, script = await judged(make, a=[reply, reply], b=[reply, good])
    b, a = judgment.rounds
    assert (a.problem or "").startswith(problem)
    assert (b.score, b.asks, judgment.verdict) == (0.5, 2, Verdict.UNREADABLE)
    again = max((request.messages for request in script.requests), key=len)
    assert "every criterion exactly once" in again[3].text


async def test_the_judge_is_told_the_criteria_and_the_form(make: Any) -> None:
    """Also where the instructions are others; and the API is asked for JSON of that form."""
    good = graded(correct=(5, 5), kind=(5, 5))
    for rubric in (RUBRIC, RUBRIC.model_copy(update={"prompt": "Grade {them}."})):
        _, script = await judged(make, a=[good], b=[good], rubric=rubric)
        [request, _] = script.requests
        assert "- correct: What it says and calls is right." in request.messages[0].text
        assert '"kind": {"A": {"rationale": "…", "score": …}, "B"' in request.messages[0].text
        wanted = request.parameters.response_format["json_schema"]["schema"]["properties"]["grades"]
        assert wanted["required"] == ["correct", "kind"]
        assert wanted["additionalProperties"] is False
        assert wanted["properties"]["kind"]["required"] == ["A", "B"]


async def test_other_calls_can_be_lost_without_asking(make: Any) -> None:
    """As for golden sets, and the method is kept all the same."""
    strict = Rubric.model_validate(TABLE | {"other_calls": "loss"})
    called = make.challenge(ToolCall(id="1", name="book", arguments="{}"))
    script = make.scripted("new", a=[], b=[])
    judgment = await strict.judge(called, make.rollout("new"), script.ask, model="judge-1")
    assert (judgment.verdict, judgment.score, judgment.rounds) == (Verdict.LOSS, 0.0, ())
    assert judgment.method is not None


@pytest.mark.parametrize(
    "criteria",
    [
        {},
        {"correct": {}},
        {"correct": {"description": ""}},
        {"correct": {"description": "x", "weight": 0}},
        {"correct": {"description": "x", "weight": -1}},
        {"correct": {"description": "x", "weight": float("inf")}},
        {"cor rect": {"description": "x"}},
        {"correct": {"description": "x", "wight": 1}},
    ],
)
def test_criteria_that_cannot_be_weighed_are_refused(criteria: Any) -> None:
    """At least one, with a name, a description and a weight above zero."""
    with pytest.raises(ValidationError):
        Rubric.model_validate({"criteria": criteria})


def test_the_method_names_criteria_and_weights() -> None:
    """A reader of a verdict can tell by what it was reached."""
    settings = RUBRIC.method("judge-1").settings
    assert settings["criteria"]["correct"] == {"weight": 3.0, "description": "What it says and calls is right."}
    assert settings["other_calls"] == "judge"
