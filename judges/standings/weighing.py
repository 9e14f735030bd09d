"""What each duel adds to a mean, on a scale."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from judges.standings.spread import Floats, Sums, drawn
from judges.standings.tables import Codes, Duels
from judges.types import Scale


class Weighed(NamedTuple):
    """The duels that are in the mean: those whose judge could be read, on this scale."""

    places: npt.NDArray[np.intp]
    """Where they stand among all duels."""
    challengers: Codes
    challenges: Codes
    worths: Floats
    """0 to 1."""
    weights: Floats
    """In the mean: what was fought, times `traffic`."""
    traffic: Floats
    """How many turns of the traffic each stands for, in whichever unit."""

    @property
    def mean(self) -> float | None:
        """The weighted mean, `None` of nothing."""
        return float(self.worths @ self.weights / self.weights.sum()) if len(self.worths) else None

    def sums(self, clusters: npt.NDArray[np.signedinteger[Any]], count: int) -> Sums:
        """Add up by conversation, of which there are `count`; `clusters` says which is each duel's."""
        worths, weights = (
            np.bincount(clusters, weights=column, minlength=count).astype(np.float64)
            for column in (self.worths * self.weights, self.weights)
        )
        return Sums(worths, weights, drawn(self.traffic))

    def at(self, places: npt.NDArray[np.signedinteger[Any]]) -> Weighed:
        """Return some of them."""
        return Weighed._make(column[places] for column in self)


def weighed(duels: Duels, traffic: Floats, scale: Scale) -> Weighed:
    """Return what `duels` add to a mean on `scale`, over challenges that stand for so much `traffic` each.

    A turn that was drawn with the chance p stands for 1/p of them (Horvitz and Thompson 1952, "A Generalization of
    Sampling Without Replacement from a Finite Universe"), and the mean is a ratio of two such sums (Hájek 1971).
    That turns were drawn stratum by stratum is made use of for a challenger's own win rate (see `stratified`). All else
    is as if each had been drawn by itself: where strata differ much, differences and slices have intervals that are too
    wide rather than too narrow.

    On `weight_3` the mean is all battles won over all battles fought, so a duel weighs what was fought in it
    (lmarena/arena-hard-auto at 196f6b8, `show_result.py`, lines 31 to 54); elsewhere all duels weigh the same.
    """
    if scale == "weight_3":
        places = np.flatnonzero(np.isfinite(duels.won) & (duels.battles > 0))
        worths, fought = duels.won[places] / duels.battles[places], duels.battles[places]
    else:
        places = np.flatnonzero(np.isfinite(duels.scores))
        worths, fought = duels.scores[places], np.ones(len(places))
    challenges = duels.challenges[places]
    stands_for = traffic[challenges]
    return Weighed(places, duels.challengers[places], challenges, worths, fought * stands_for, stands_for)
