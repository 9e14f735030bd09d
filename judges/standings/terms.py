"""What is asked of a leaderboard, beside the rows that it is made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from judges.jury_verdict import Rule
from judges.standings.decision import Weights
from judges.types import Scale


class Asked(NamedTuple):
    """How figures are made."""

    scale: Scale
    seed: int
    level: float
    rounds: int
    wanted: float
    """The half-width that an interval should have."""
    adversarial: str | None = None
    """The tag of the traces that are the adversarial tier."""


class Bench(NamedTuple):
    """How judges sit together, and what people must say of them."""

    version: str
    """Of the judge or jury as a whole."""
    rule: Rule
    quorum: int
    floor: float
    """The agreement with people below which a judge is not trusted."""
    needed: int
    """How many verdicts of people it takes to say so."""
    names: Mapping[str, str]
    """What to call each judge, by version."""

    def without(self, aside: Collection[str]) -> Bench:
        """Return the bench under a name of its own: figures without some judges are never mixed with those of all."""
        missing = "+".join(sorted(self.names.get(judge, judge) for judge in aside))
        return self._replace(version=f"{self.version} without {missing}")


class Bargain(NamedTuple):
    """What a decision depends on."""

    weights: Weights
    margin: float
    """What may be lost, in win rate and in valid tool calls."""
