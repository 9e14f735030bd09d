"""The baseline and all challengers of one challenge in one question, ranked, and ranked again in reversed seats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, ClassVar, Final

from judges import prompts
from judges.asking import all_of
from judges.ballots import Ballot, Ballots, Ranks
from judges.identical import empty, identical
from judges.json_replies import answer_format, read_json
from judges.judge import Ask
from judges.labels import Problem
from judges.model_judge import ModelJudge
from judges.seating import MOST_SEATS, ORDERS, Table
from judges.types import Judgment, Scale
from rollouts.types import Challenge, Record, Rollout

SYSTEM: Final = f"""\
You are an impartial judge. You are shown a conversation up to the point where an assistant has to act, the \
tools it could call there, and several candidates for its next turn, each under a letter. Rank them by how well they \
serve that point of the conversation, the best first.

Before you look at them, think of the next turn as you would give it yourself. Then compare each answer with yours and \
with the others. Where an answer calls tools, check each call's name and every argument against the conversation and \
the tool's definition; no tool has run yet, so do not blame an answer for a result that it cannot have.

{prompts.RULES}
{prompts.SEATS}"""

_FORM: Final = """

End with one JSON object and nothing after it: first the rationale, in a few sentences, then the ranking, the best \
first. Every letter stands in it exactly once; answers that serve equally well share a place. With four answers:
{"rationale": "…", "ranking": [["B"], ["A", "D"], ["C"]]}"""
_URGING: Final = (
    "Your judgment does not end with the JSON object that was asked for. Write it now: a rationale and a ranking in "
    "which every letter stands exactly once, and nothing after it."
)


class _Reply(Record):
    rationale: str = ""
    ranking: tuple[tuple[str, ...], ...]


class Ranking(ModelJudge):
    """Ranks at most 26 answers at once; those that are identical share a seat, and tie without being told apart.

    A challenger that joins later is ranked with production alone where the others are ranked already: against
    production its figures stand beside theirs, but on those turns it has met nobody else.
    """

    scale: ClassVar[Scale] = "ranks"
    together: ClassVar[bool] = True
    most_challengers: ClassVar[int | None] = MOST_SEATS - 1
    built_in: ClassVar[str] = SYSTEM
    urging: ClassVar[str] = _URGING

    @property
    def form(self) -> str:
        """One JSON object."""
        return _FORM

    @property
    def response_format(self) -> dict[str, Any]:
        """The same as a schema."""
        places = {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
        return answer_format("ranking", rationale={"type": "string"}, ranking=places)

    async def judge(self, challenge: Challenge, rollout: Rollout, ask: Ask, *, model: str) -> Judgment:
        """Rank the rollout and the baseline."""
        name = rollout.challenger
        return (await self.judge_together(challenge, {name: rollout}, ask, model=model))[name]

    async def judge_together(
        self, challenge: Challenge, rollouts: Mapping[str, Rollout], ask: Ask, *, model: str
    ) -> Mapping[str, Judgment]:
        """Return each challenger's judgment against the baseline, and its meetings with the other challengers.

        What a round took is shared among those that it ranked against the baseline, so that it adds up. Raises
        `Permanent` beyond 26 different answers.
        """
        version, method = self.version(model), self.method(model)
        shared = self.identical == "tie"
        table = Table.of(challenge, rollouts, version, self.most_chars, shared=shared)
        ballots = await self._ballots(challenge, table, ask, model)
        ties = {name: tie for name, one in rollouts.items() if shared and (tie := identical(challenge, one, version))}
        ranked = rollouts.keys() - ties.keys()
        found = {
            name: ties.get(name) or ballots.judgment(name, ranked, judge=version, method=method) for name in rollouts
        }
        heard = [name for name, judgment in found.items() if judgment.score is not None]
        silent = {name for name in heard if shared and empty(rollouts[name].completion.message)}
        met = {
            # Two that both say nothing have nothing to compare.
            name: ballots.meetings(name, [other for other in heard if other != name and not {name, other} <= silent])
            for name in heard
        }
        return {name: each.model_copy(update={"meetings": met.get(name, {})}) for name, each in found.items()}

    async def _ballots(self, challenge: Challenge, table: Table, ask: Ask, model: str) -> Ballots:
        """Ask both ways round, as often as configured; nobody where all answers are one."""
        letters = sorted(table.seated(0))

        async def look(number: int, order: int) -> Ballot:
            material = table.material(order)
            read = partial(_read, letters=letters)
            return Ballot(order, await self.put(challenge, material, ask, read, model=model, look=number))

        orders = ORDERS * self.repeats if len(letters) > 1 else ()
        return Ballots(table, tuple(await all_of(look(number, order) for number, order in enumerate(orders))))


def _read(text: str, letters: Sequence[str]) -> Ranks | Problem:
    """Return the place of every letter, or which letters are missing, unknown or there twice."""
    reply = read_json(text, _Reply)
    if isinstance(reply, Problem):
        return reply
    named, wanted = Counter(chain.from_iterable(reply.ranking)), Counter(letters)
    if wrong := (wanted - named) + (named - wanted):
        return Problem(what=f"letters missing, unknown or twice: {', '.join(sorted(wrong))}"[:200])
    return {letter: place for place, some in enumerate(reply.ranking) for letter in some}
