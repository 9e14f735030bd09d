"""What is asked of a leaderboard, beside the rows that it is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import NamedTuple

from judges.jury_verdict import Rule
from judges.standings.decision import Weights
from judges.standings.tiers import TIER_WEIGHTS
from judges.types import Scale
from rollouts.types import Tier


class Asked(NamedTuple):
    """How figures are made."""

    scale: Scale
    seed: int
    level: float = 0.95
    rounds: int = 2000
    """Resamples of the bootstrap."""
    wanted: float = 0.02
    """The half-width that an interval should have."""


class Bench(NamedTuple):
    """How judges sit together, and what people must say of them."""

    version: str
    """Of the judge or jury as a whole."""
    rule: Rule = "mean"
    quorum: int = 1
    floor: float = 0.80
    """The agreement with people below which a judge is not trusted."""
    needed: int = 1
    """How many verdicts of people it takes to say so."""
    names: Mapping[str, str] = {}
    """What to call each judge, by version."""
    set_aside: bool = False
    """Whether judges that are not trusted are left out of a jury's verdicts."""

    def without(self, aside: Collection[str]) -> Bench:
        """Return the bench under a name of its own: figures without some judges are never mixed with those of all."""
        missing = "+".join(sorted(self.names.get(judge, judge) for judge in aside))
        return self._replace(version=f"{self.version} without {missing}")


class Bargain(NamedTuple):
    """What a decision depends on, beside the figures."""

    weights: Weights = Weights()
    margin: float = 0.02
    """What may be lost, in win rate and in valid tool calls."""
    tier_weights: Mapping[Tier, float] = TIER_WEIGHTS
    """How much each tier counts in the figure of all tiers together."""

    @property
    def hash(self) -> str:
        """Eight hex digits: figures that weigh others up, and advice, may be compared under one of them."""
        said = [self.weights.model_dump(mode="json"), self.margin, dict(self.tier_weights)]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:8]
