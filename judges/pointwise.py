"""Each answer by itself, 0 to 100: the judge never sees the other, nor that there is one."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from pydantic import Field

from judges import prompts, transcript
from judges.asking import all_of
from judges.findings import among
from judges.json_replies import answer_format, read_json
from judges.judge import Ask
from judges.labels import Problem
from judges.model_judge import ModelJudge
from judges.types import Judgment, Round, Scale
from judges.verdicts import add_up
from rollouts.types import Challenge, Completion, Record, Rollout

_BEST: Final = 100.0
_SEAT: Final = "A"
"""The only one; where the challenger is not in it, the baseline is."""

SYSTEM: Final = f"""\
You are an impartial judge. You are shown a conversation up to the point where an assistant has to act, the \
tools it could call there, and its next turn: the answer. Say how well the answer serves that point of the conversation.

Before you look at it, think of the next turn as you would give it yourself. Then weigh what matters to the person \
being served: is the answer correct, does it do what was asked, follow the instructions given to the assistant, and \
stay true to what the tools returned? Is it to the point, and is anything important missing? Where it calls tools, \
check each call's name and every argument against the conversation and the tool's definition; no tool has run yet, so \
do not blame the answer for a result that it cannot have.

The scale: 100 cannot be better; 75 serves well, with small flaws; 50 serves in part; 25 hardly serves; 0 is useless \
or harmful. Use the numbers between.

{prompts.RULES}"""

_FORM: Final = """

End with one JSON object and nothing after it, first the rationale, in a few sentences, then the score, from 0 to 100:
{"rationale": "…", "score": …}"""
_URGING: Final = (
    "Your judgment does not end with the JSON object that was asked for. Write it now: a rationale and a score from "
    "0 to 100, and nothing after it."
)


class _Reply(Record):
    rationale: str
    score: float = Field(strict=True, ge=0, le=_BEST, allow_inf_nan=False)


class Pointwise(ModelJudge):
    """Grades the baseline and the challenger in questions of their own.

    The baseline is graded anew beside every challenger, unless it is being graded at that moment: one lucky grade of
    production's does not favour or harm all challengers alike.
    """

    scale: ClassVar[Scale] = "points"
    built_in: ClassVar[str] = SYSTEM
    urging: ClassVar[str] = _URGING

    @property
    def form(self) -> str:
        """One JSON object."""
        return _FORM

    @property
    def response_format(self) -> dict[str, Any]:
        """The same as a schema."""
        return answer_format("grade", rationale={"type": "string"}, score={"type": "number"})

    async def judge(self, challenge: Challenge, rollout: Rollout, ask: Ask, *, model: str) -> Judgment:
        """Return half, plus half of what the challenger is better by.

        A round is one answer's: the challenger's is worth its grade, the baseline's what its grade leaves to be won, so
        that their mean is the judgment. They cannot be held against each other for consistency.
        """
        situation = prompts.situation(challenge)

        async def look(number: int, answer: Completion, seat: str | None) -> Round:
            shown = transcript.answer(answer.message, self.most_chars)
            material = prompts.question(situation, {"": shown}, among({"": answer}, challenge.tools))
            found = await self.put(challenge, material, ask, _read, model=model, look=number)
            if found.said is None:
                return found.round(seat, None)
            return found.round(seat, found.said if seat else 1 - found.said, grades={_SEAT: found.said})

        both = (challenge.baseline, None), (rollout.completion, _SEAT)
        looks = (look(number, answer, seat) for number, (answer, seat) in enumerate(both * self.repeats))
        judgment = add_up(self.version(model), await all_of(looks), method=self.method(model))
        return judgment.model_copy(update={"consistent": None})


def _read(text: str) -> float | Problem:
    reply = read_json(text, _Reply)
    return reply if isinstance(reply, Problem) else reply.score / _BEST
