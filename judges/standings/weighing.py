"""What each duel adds to a mean, on a scale."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from judges.standings.spread import Floats
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

    @property
    def mean(self) -> float | None:
        """The weighted mean, `None` of nothing."""
        return float(self.worths @ self.weights / self.weights.sum()) if len(self.worths) else None

    def at(self, places: npt.NDArray[np.signedinteger[Any]]) -> Weighed:
        """Return some of them."""
        return Weighed._make(column[places] for column in self)


def weighed(duels: Duels, scale: Scale) -> Weighed:
    """Return what `duels` add to a mean on `scale`.

    On `weight_3` the mean is all battles won over all battles fought, so a duel weighs what was fought in it
    (lmarena/arena-hard-auto at 196f6b8, `show_result.py`, lines 31 to 54); elsewhere all duels weigh the same.
    """
    if scale == "weight_3":
        places = np.flatnonzero(np.isfinite(duels.won) & (duels.battles > 0))
        worths, weights = duels.won[places] / duels.battles[places], duels.battles[places]
    else:
        places = np.flatnonzero(np.isfinite(duels.scores))
        worths, weights = duels.scores[places], np.ones(len(places))
    return Weighed(places, duels.challengers[places], duels.challenges[places], worths, weights)
