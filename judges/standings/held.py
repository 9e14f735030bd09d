"""How often a challenger is at least as good as production: a share near one, whose interval always has a width."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from judges.standings.bootstrap import Interval, student, summed
from judges.standings.spread import Floats, Spread, Sums, spread

_DOUBT: Final = 5
"""As many conversations that were lost or held as a whole are supposed beside those that were seen. Our own choice:
with 30 to 120 conversations of 1 to 4 turns, hardly alike to nearly the same, 95 % intervals of shares of 0.8 to 0.99
hold in 94.1 to 99.6 % (measured)."""


def held_interval(
    held: Floats, traffic: Floats, clusters: npt.NDArray[Any], level: float
) -> tuple[Spread, Interval | None]:
    """Return the share of turns `held`, each one or zero, and its interval, `None` below two conversations.

    Wilson's interval (1927, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the
    American Statistical Association 22) with as many independent turns as tell as much, fewer for how little is known
    of that number (Korn and Graubard 1998, "Confidence Intervals for Proportions with Small Expected Number of Positive
    Counts", Survey Methodology 24). While next to nothing was lost, nobody knows whether the turns of a conversation
    would not be lost together: then that number is the conversations'.
    """
    sums = summed(held, traffic, clusters, traffic)
    known = spread(sums)
    if known.conversations <= 1:
        return known, None
    share, reach = known.estimate, NormalDist().inv_cdf(0.5 + level / 2)
    turns = _independent(sums, known) * (reach / student(0.5 + level / 2, max(1, known.effective - 1))) ** 2
    centre = share + reach**2 / (2 * turns)
    half = reach * math.sqrt(share * (1 - share) / turns + (reach / (2 * turns)) ** 2)
    low, high = (float(np.clip((centre + way) / (1 + reach**2 / turns), 0, 1)) for way in (-half, half))
    return known, Interval(low=low, high=high, level=level, clusters=known.effective)


def _independent(sums: Sums, known: Spread) -> float:
    """Return as how many independent turns all tell as much: from what was seen, and from doubt."""
    sizes = sums.weights / sums.weights.sum()
    fewest = min(float(known.effective), 1 / float(sizes @ sizes))
    seen = min(int((sums.worths > 0).sum()), int((sums.worths < sums.weights).sum()))
    if not seen:
        return fewest
    most = sums.drawn.turns * sums.drawn.efficiency
    found = min(most, known.estimate * (1 - known.estimate) / known.error**2) if known.error else most
    return (_DOUBT + seen) / (_DOUBT / fewest + seen / found)
