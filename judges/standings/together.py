"""All tiers of a challenger in one figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from judges.standings.bootstrap import Interval, student_interval
from judges.standings.spread import Spread


class Together(NamedTuple):
    """The weighted mean of the win rates of several tiers."""

    win_rate: float
    interval: Interval | None
    """`None` where a tier has fewer than two conversations."""


def together(tiers: Sequence[tuple[float, Spread]], level: float) -> Together:
    """Return the mean of the estimates of `tiers`, each with its weight; all moves are by the same conversations.

    What one conversation does to it is added up over all tiers that it is in, so turns of one conversation in two tiers
    are not taken for independent. The interval is Student's on the log odds, with Welch's degrees of freedom
    (Satterthwaite 1946, "An Approximate Distribution of Estimates of Variance Components", Biometrics Bulletin 2).
    """
    whole = math.fsum(weight for weight, _ in tiers)
    shares = [(weight / whole, known) for weight, known in tiers]
    estimate = math.fsum(share * known.estimate for share, known in shares)
    if any(known.conversations <= 1 for _, known in tiers):
        return Together(estimate, None)
    moves = np.zeros(len(tiers[0][1].moves))
    for share, known in shares:
        moves += share * known.moves * math.sqrt(known.conversations / (known.conversations - 1))
    count = int((moves != 0).sum())
    variances = [((share * known.error) ** 2, known.freedom) for share, known in shares]
    spread_out = math.fsum(size**2 / freedom for size, freedom in variances)
    freedom = math.fsum(size for size, _ in variances) ** 2 / spread_out if spread_out else 0.0
    equal = math.floor(round(freedom, 6)) + 1
    moves = moves * math.sqrt(max(0, count - 1) / max(1, count))
    effective = sum(known.effective for _, known in tiers)
    known = Spread(estimate, moves, max(2, count), min(equal, effective), effective)
    return Together(estimate, student_interval(known, level))
