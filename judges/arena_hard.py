"""Two rounds of one model with swapped seats and five labels, after Arena-Hard-Auto."""

from __future__ import annotations

from typing import ClassVar

from judges import prompts
from judges.asking import all_of
from judges.judge import Ask
from judges.labels import read_label
from judges.model_judge import ModelJudge
from judges.pairs import SEATS, OtherCalls, Pair, lost_by_calls
from judges.types import Judgment, Method, Round, Seat
from judges.verdicts import add_up, score
from rollouts.types import Challenge, Rollout


class ArenaHard(ModelJudge):
    """Asks all rounds at once, each until a reply has a label, at most `asks` times."""

    built_in: ClassVar[str] = prompts.SYSTEM
    urging: ClassVar[str] = prompts.CONTINUE

    majority: bool = False
    """Whether the repeats of a round vote, three at least; else they are averaged."""
    other_calls: OtherCalls = "judge"
    """`judge` has answers that call other tools, or not equally often, judged whole; `loss` counts them as lost."""

    def _method(self, model: str) -> Method:
        return super()._method(model).model_copy(update={"majority": self.majority})

    async def judge(self, challenge: Challenge, rollout: Rollout, ask: Ask, *, model: str) -> Judgment:
        """Return what all rounds add up to. If one fails, the others are finished first, for they are being paid."""
        version, method = self.version(model), self.method(model)
        if lost := lost_by_calls(challenge, rollout, self.other_calls, judge=version, method=method):
            return lost
        pair = Pair.of(challenge, rollout, self.most_chars)

        async def look(number: int, seat: Seat) -> Round:
            found = await self.put(challenge, pair.material(seat), ask, read_label, model=model, look=number)
            label = found.said
            return found.round(seat, score(label, seat) if label else None, label=label)

        looks = (look(number, seat) for number, seat in enumerate(SEATS * self.repeats))
        return add_up(version, await all_of(looks), method=method)
