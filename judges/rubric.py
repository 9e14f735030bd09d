"""Two rounds of one model with swapped seats, and grades for each answer by weighted criteria."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from judges import prompts
from judges.asking import all_of
from judges.json_replies import answer_format, closed, read_json
from judges.judge import Ask
from judges.labels import Problem
from judges.model_judge import ModelJudge
from judges.pairs import SEATS, OtherCalls, Pair, lost_by_calls
from judges.types import Judgment, Round, Scale, Seat
from judges.verdicts import add_up
from rollouts.types import Challenge, Options, Record, Rollout

_BEST: Final = 10.0

SYSTEM: Final = f"""\
You are an impartial judge. You are shown a conversation up to the point where an assistant has to act, the \
tools it could call there, and two candidates for its next turn: answer A and answer B. Grade both by the criteria \
below, each criterion by itself.

Before you grade, think of the next turn as you would give it yourself. Where an answer calls tools, check each call's \
name and every argument against the conversation and the tool's definition; no tool has run yet, so do not blame an \
answer for a result that it cannot have.

{prompts.RULES}
{prompts.SEATS}"""

_FORM: Final = """

Criteria:
{criteria}

End with one JSON object and nothing after it. For every criterion and for both answers it gives first the rationale, \
in a sentence or two, then the score, from 0 (fails) to 10 (cannot be better):
{{"grades": {{{names}}}}}"""
_PAIR: Final = '"{}": {{"A": {{"rationale": "…", "score": …}}, "B": {{"rationale": "…", "score": …}}}}'
_URGING: Final = (
    "Your judgment does not end with the JSON object that was asked for. Write it now: every criterion exactly once, "
    "for A and for B a rationale and a score from 0 to 10, and nothing after it."
)

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]


class Criterion(Options):
    """One thing that a good answer has."""

    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """How much it counts, beside the weights of the others."""
    description: str = Field(min_length=1)
    """What to look for, in words for the judge."""


class _Grade(Record):
    rationale: str
    score: float = Field(strict=True, ge=0, le=_BEST, allow_inf_nan=False)


class _Reply(Record):
    grades: dict[str, Annotated[dict[Seat, _Grade], Field(min_length=2)]]


class Rubric(ModelJudge):
    """Grades both answers by every criterion; the weighted mean of the grades is what an answer is worth."""

    scale: ClassVar[Scale] = "points"
    built_in: ClassVar[str] = SYSTEM
    urging: ClassVar[str] = _URGING

    criteria: dict[Name, Criterion] = Field(min_length=1)
    """Each is a table: [judge.criteria.correct] weight = 3, description = "What it says and calls is right."."""
    other_calls: OtherCalls = "judge"
    """`judge` has answers that call other tools, or not equally often, judged whole; `loss` counts them as lost."""

    @property
    def form(self) -> str:
        """The criteria, and one JSON object with a grade by each."""
        criteria = "\n".join(f"- {name}: {each.description}" for name, each in self.criteria.items())
        names = ", ".join(_PAIR.format(name) for name in self.criteria)
        return _FORM.format(criteria=criteria, names=names)

    @property
    def response_format(self) -> dict[str, Any]:
        """The same as a schema."""
        grade = closed({"rationale": {"type": "string"}, "score": {"type": "number"}})
        grades: dict[str, Any] = dict.fromkeys(self.criteria, closed({"A": grade, "B": grade}))
        return answer_format("grades", grades=closed(grades))

    async def judge(self, challenge: Challenge, rollout: Rollout, ask: Ask, *, model: str) -> Judgment:
        """Return the mean of all rounds: half, plus half of what the challenger is better by."""
        version, method = self.version(model), self.method(model)
        if lost := lost_by_calls(challenge, rollout, self.other_calls, judge=version, method=method):
            return lost
        pair = Pair.of(challenge, rollout, self.most_chars)

        async def look(number: int, seat: Seat) -> Round:
            found = await self.put(challenge, pair.material(seat), ask, self._read, model=model, look=number)
            grades = found.said or {}
            other: Seat = "A" if seat == "B" else "B"
            return found.round(seat, 0.5 + (grades[seat] - grades[other]) / 2 if grades else None, grades=grades)

        looks = (look(number, seat) for number, seat in enumerate(SEATS * self.repeats))
        return add_up(version, await all_of(looks), method=method)

    def _read(self, text: str) -> dict[Seat, float] | Problem:
        """Return the weighted mean of each seat, 0 to 1, or which criteria are missing or too many."""
        reply = read_json(text, _Reply)
        if isinstance(reply, Problem):
            return reply
        if wrong := sorted(reply.grades.keys() ^ self.criteria.keys()):
            return Problem(what=f"criteria missing or unknown: {', '.join(wrong)}"[:200])
        return {"A": self._weighed(reply, "A"), "B": self._weighed(reply, "B")}

    def _weighed(self, reply: _Reply, seat: Seat) -> float:
        whole = sum(each.weight for each in self.criteria.values())
        parts = (each.weight * reply.grades[name][seat].score for name, each in self.criteria.items())
        return sum(parts) / (whole * _BEST)
