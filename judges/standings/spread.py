"""How much a mean over conversations, or a difference of two, hangs on single conversations."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

FEW: Final = 30
"""Below this many conversations a figure carries a warning (the usual rule for cluster-robust errors)."""
NO_SPREAD: Final = "every conversation says the same, so the width of the interval means nothing"

Floats = npt.NDArray[np.float64]

_DIGITS = 12  # a spread below is the noise of adding up


class Drawn(NamedTuple):
    """Turns, and how unequal the chances were with which they were drawn."""

    turns: float
    weight: float
    """How many turns of the traffic they stand for, in whichever unit."""
    squares: float
    """Of the weights of all turns."""

    @property
    def efficiency(self) -> float:
        """As what share of themselves they would tell as much, had all been drawn with the same chance.

        One over the design effect of unequal weights: Kish 1965, "Survey Sampling", §11.7.
        """
        known = self.turns > 0 and self.squares > 0
        return min(1.0, self.weight**2 / (self.turns * self.squares)) if known else 1.0

    def worth(self, conversations: int) -> int:
        """Return as how many conversations, all drawn with the same chance, so many tell as much."""
        return min(conversations, max(1, math.floor(round(conversations * self.efficiency, 6))))

    def without(self, some: Drawn) -> Drawn:
        """Return the others."""
        return Drawn(self.turns - some.turns, self.weight - some.weight, self.squares - some.squares)


def drawn(traffic: Floats) -> Drawn:
    """Return what turns are that stand for so much `traffic` each."""
    return Drawn(float(len(traffic)), float(traffic.sum()), float(traffic @ traffic))


ALIKE: Final = Drawn(1.0, 1.0, 1.0)


class Sums(NamedTuple):
    """A weighted mean, by conversation; weight 0 is a conversation that has no part in it."""

    worths: Floats
    """Each added up times its weight."""
    weights: Floats
    drawn: Drawn = ALIKE
    """The turns that are added up."""


class Spread(NamedTuple):
    """An estimate, and what each conversation does to it."""

    estimate: float
    moves: Floats
    conversations: int
    equal: int
    """As many conversations of equal weight would tell as much, were all turns of a conversation one."""
    effective: int
    """As many conversations, all drawn with the same chance, would tell as much (see `Drawn`)."""

    @property
    def sd(self) -> float:
        """Of what each conversation contributes; the standard error is `sd / √conversations`. 0 below two."""
        if self.conversations <= 1:
            return 0.0
        size = math.sqrt(float(self.moves @ self.moves) / (self.conversations - 1))
        return round(self.conversations * size, _DIGITS)

    @property
    def error(self) -> float:
        """The standard error, 0 where there is one conversation or no spread."""
        return self.sd / math.sqrt(max(1, self.conversations))

    @property
    def freedom(self) -> int:
        """The degrees of freedom of Student's t."""
        return max(1, self.equal - 1)

    @property
    def caveat(self) -> str | None:
        """What to keep in mind about the interval of two or more conversations."""
        if not self.sd:
            return NO_SPREAD
        if self.conversations < FEW:
            return f"only {self.conversations} conversations, a rough guide"
        if self.equal < FEW:
            why = "long" if self.effective == self.conversations else "long, or stand for so much traffic,"
            return f"some conversations are so {why} that they count as {self.equal} only, a rough guide"
        return None


def spread(mean: Sums, less: Sums | None = None) -> Spread:
    """Return the spread of `mean`, or of its difference to another one over the same conversations.

    A conversation's move is what leaving it out does to the estimate (the jackknife: Efron 1982, "The Jackknife, the
    Bootstrap and Other Resampling Plans", chapter 3). Conversations of many turns weigh more, so fewer degrees of
    freedom are left than their number says: those of as many equal ones, were all turns of a conversation one (Carter,
    Schnepel and Steigerwald 2017, "Asymptotic Behavior of a t-Test Robust to Cluster Heterogeneity", Review of
    Economics and Statistics 99). Without both, 40 conversations of 1 to 6 turns call 5.4 % of equals different, and 15
    of them 6.2 % (measured). Turns that stand for more of the traffic than others make conversations unequal likewise.
    """
    sides = [(1, mean)] if less is None else [(1, mean), (-1, less)]
    sides = [(sign, side) for sign, side in sides if side.weights.any()]
    moves, shares = np.zeros(len(mean.weights)), np.zeros(len(mean.weights))
    estimate = 0.0
    for sign, (worths, weights, _) in sides:
        whole = weights.sum()
        average = worths.sum() / whole
        estimate += sign * float(average)
        moves += sign * (worths - average * weights) / np.where(weights < whole, whole - weights, whole)
        shares += weights / whole / len(sides)
    count = int((shares > 0).sum())
    equal = math.floor(round(float((shares**2).sum() ** 2 / (shares**4).sum()), 6)) if count else 0
    worth = min((side.drawn.worth(count) for _, side in sides), default=0)
    return Spread(round(estimate, _DIGITS), moves * (count - 1) / max(1, count), count, min(equal, worth), worth)
