"""What several rankings of the same answers say about any two of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from statistics import fmean
from typing import Final, NamedTuple

from judges.asking import Answered
from judges.seating import ORDERS, Table
from judges.types import Judgment, Method, Round
from judges.verdicts import concluded, outcome
from rollouts.types import Usage

_EVEN: Final = 0.5

Ranks = Mapping[str, int]
"""By seat, where an answer landed, 0 for the best; equal for a tie."""


class Ballot(NamedTuple):
    """One ranking, and which way round the answers sat."""

    order: int
    found: Answered[Ranks]


class Ballots(NamedTuple):
    """All rankings of one challenge."""

    table: Table
    cast: tuple[Ballot, ...]

    def judgment(self, name: str, ranked: Collection[str], *, judge: str, method: Method) -> Judgment:
        """Return how a challenger did against the baseline.

        What the rounds took is shared among all `ranked` challengers: each bears its part, so that the parts add up.
        """
        worths = self._worths(name, None)
        alike = len({outcome(worth) for worth in worths}) == 1 if worths else None
        part = sorted(ranked).index(name), len(ranked)
        rounds = [self._round(ballot, name, part) for ballot in self.cast]
        return concluded(judge, fmean(worths) if worths else None, rounds, method=method, consistent=alike)

    def meetings(self, name: str, others: Collection[str]) -> dict[str, float]:
        """Return what a challenger is worth against each of the others."""
        return {other: fmean(worths) for other in others if (worths := self._worths(name, other))}

    def _worths(self, one: str, other: str | None) -> list[float]:
        """Return what an answer is worth against another, order by order; nothing unless both orders could be read."""
        if self.table.place(one) == self.table.place(other):
            return [_EVEN for _ in ORDERS]
        orders = [[self._worth(each, one, other) for each in self.cast if each.order == order] for order in ORDERS]
        known = [[worth for worth in worths if worth is not None] for worths in orders]
        return [fmean(worths) for worths in known] if all(known) else []

    def _worth(self, ballot: Ballot, one: str, other: str | None) -> float | None:
        if ballot.found.said is None:
            return None
        ours, theirs = (ballot.found.said[self._seat(ballot, name)] for name in (one, other))
        return _EVEN if ours == theirs else float(ours < theirs)

    def _seat(self, ballot: Ballot, name: str | None) -> str:
        return self.table.letter(self.table.place(name), ballot.order)

    def _round(self, ballot: Ballot, name: str, part: tuple[int, int]) -> Round:
        worth, seated = self._worth(ballot, name, None), self.table.seated(ballot.order)
        whole = ballot.found.round(self._seat(ballot, name), worth, seated=seated)
        which, of = part
        tokens = {key: None if used is None else (used + which) // of for key, used in whole.usage}
        cost_usd = None if whole.cost_usd is None else whole.cost_usd / of
        return whole.model_copy(update={"usage": Usage(**tokens), "cost_usd": cost_usd})
