"""How often a challenger is at least as good as production: a share near one, whose interval always has a width."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from judges.standings.bootstrap import Interval, student
from judges.standings.spread import Spread, Sums, spread


def held_interval(sums: Sums, level: float) -> tuple[Spread, Interval | None]:
    """Return the share that `sums` of ones and zeros come to, and its interval, `None` below two conversations.

    Wilson's interval (1927, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the
    American Statistical Association 22) with as many independent turns as tell as much: the variance that one would
    have, over that between conversations, made smaller for how little is known of the latter (Korn and Graubard 1998,
    "Confidence Intervals for Proportions with Small Expected Number of Positive Counts", Survey Methodology 24). Never
    more than there are conversations of equal weight: where nothing has failed yet, nobody knows whether the turns of
    one would not have failed together.
    """
    known = spread(sums)
    if known.conversations <= 1:
        return known, None
    weights = sums.weights / sums.weights.sum()
    most = min(float(known.effective), 1 / float(weights @ weights))
    apart = known.estimate * (1 - known.estimate) / known.error**2 if known.error else most
    reach = NormalDist().inv_cdf(0.5 + level / 2)
    count = min(most, apart) * (reach / student(0.5 + level / 2, max(1, int(known.effective) - 1))) ** 2
    centre = (known.estimate + reach**2 / (2 * count)) / (1 + reach**2 / count)
    half = math.sqrt(known.estimate * (1 - known.estimate) / count + (reach / (2 * count)) ** 2)
    half = half * reach / (1 + reach**2 / count)
    low, high = np.clip((centre - half, centre + half), 0, 1).tolist()
    return known, Interval(low=low, high=high, level=level, clusters=known.effective)
