"""Intervals that respect conversations.

Turns of one conversation are not independent, so conversations are resampled, each with all its turns (Miller 2024,
"Adding error bars to evals", arXiv 2411.00640). Resampling turns or rounds instead makes intervals about 1.7 times too
narrow (measured on ko-arena-hard-auto).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from judges.standings.draws import MOST, groups, resampled
from judges.standings.spread import ALIKE, FEW, Floats, Spread, Sums, drawn, spread
from rollouts.types import Record

TOO_FEW: Final = "an interval takes at least two conversations"

_FEWEST = 2
_APART: Final = 1000
"""Groups of conversations of which hardly two are equal: more would take long, and these tell the error to 2 %."""
_NOTHING = 1e-12
_FARTHEST = 700  # log odds that still have an exponential
_DIGITS = 9  # sums that differ by less are one sum, written in another order


class Interval(Record):
    """Where the mean may well lie."""

    low: float
    """Lower bound."""
    high: float
    """Upper bound."""
    level: float
    """How often such intervals hold the true figure, 0 to 1."""
    clusters: int
    """Conversations that it rests on; as many as would tell as much, were all drawn with the same chance."""

    @property
    def degenerate(self) -> bool:
        """Whether every conversation had the same mean. Then the width is zero, and says nothing about certainty."""
        return self.high - self.low < 10.0**-_DIGITS


def cluster_interval(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    seed: int,
    rounds: int = 2000,
    level: float = 0.95,
) -> Interval | None:
    """Return the interval of the weighted mean of `values`, which are 0 to 1, or `None`, for the reason `TOO_FEW`.

    `clusters` names the conversation of each value. The order of the values changes nothing, and one seed gives one
    interval.
    """
    worths, names = np.asarray(values, dtype=np.float64), np.asarray(clusters)
    counts = np.ones_like(worths) if weights is None else np.asarray(weights, dtype=np.float64)
    if not worths.shape == names.shape == counts.shape:
        raise ValueError(f"{worths.shape} values with {counts.shape} weights in {names.shape} clusters")
    return mean_interval(summed(worths, counts, names), seed=seed, rounds=rounds, level=level)


def summed(values: Floats, weights: Floats, clusters: npt.NDArray[Any], traffic: Floats | None = None) -> Sums:
    """Add up `values`, each times its weight, by conversation; those of no weight are left out.

    `traffic` is that part of the weights which unequal chances of being drawn make.
    """
    _, codes = np.unique(clusters, return_inverse=True)
    worths, sizes = (np.bincount(codes, weights=column).astype(np.float64) for column in (values * weights, weights))
    return Sums(worths[sizes > 0], sizes[sizes > 0], ALIKE if traffic is None else drawn(traffic))


def mean_interval(
    sums: Sums, *, seed: int, rounds: int = 2000, level: float = 0.95, known: Spread | None = None
) -> Interval | None:
    """Return the interval of the mean that `sums` add up to, or `None` below two conversations.

    Conversations are resampled, and each resample's distance from the mean is measured in its own standard error (the
    bootstrap-t: Efron 1982, chapter 10; Hall 1988, "Theoretical Comparison of Bootstrap Confidence Intervals", Annals
    of Statistics 16). Plain quantiles are too short on the side of the long tail: around a win rate of 0.91 they hold
    in 91 % where these hold in 94 % (40 conversations, measured). Where no more than `FEW` equal conversations
    would tell as much, too few differ for that, and the interval is Student's.
    """
    known = known or spread(sums)
    if known.equal < FEW or not known.sd:
        return student_interval(known, level)
    table, counts = _kinds(sums, rng := np.random.default_rng(seed))
    columns = np.column_stack([table, table**2, table[:, 0] * table[:, 1]])
    distances = _distances(resampled(columns, rng, rounds, counts), known.estimate)
    low, high = np.quantile(distances, (0.5 + level / 2, 0.5 - level / 2), method="nearest") * _error(
        counts.astype(np.float64) @ columns
    )
    bounds = {"low": max(0.0, known.estimate - float(low)), "high": min(1.0, known.estimate - float(high))}
    return Interval(**bounds, level=level, clusters=known.effective)


def student_interval(known: Spread, level: float) -> Interval | None:
    """Return the interval of a share of 1 by Student's t on the log odds, or `None` below two conversations.

    The log odds are less skewed than the share and know its limits (Korn and Graubard 1999, "Analysis of Health
    Surveys", §3.2). Near 0 or 1 even so it is a rough guide: around 0.91, 10 conversations hold in 91 % (measured).
    """
    if known.conversations < _FEWEST:
        return None
    low = high = known.estimate
    if known.error and 0 < low < 1:
        odds = math.log(low / (1 - low))
        reach = student(0.5 + level / 2, known.freedom) * known.error / (low * (1 - low))
        low, high = (1 / (1 + math.exp(-max(-_FARTHEST, min(_FARTHEST, odds + way)))) for way in (-reach, reach))
    return Interval(low=low, high=high, level=level, clusters=known.effective)


def _kinds(sums: Sums, rng: np.random.Generator) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return sum and weight of each kind of conversation, and how many there are of it.

    Conversations of equal sum and weight are interchangeable, so one multinomial draw over the *kinds* of conversations
    has the same distribution as one over the conversations. Where kinds are too many, random groups are drawn. Turns
    that stand for unequal parts of the traffic make hardly any two conversations equal, so then fewer are too many.
    """
    kinds, counts = np.unique(np.column_stack(sums[:2]).round(_DIGITS), axis=0, return_counts=True)
    most = MOST if sums.drawn.efficiency == 1 else _APART
    if len(kinds) <= most:
        return kinds, counts
    every = np.repeat(kinds, counts, axis=0)
    together = groups(len(every), rng, most)
    table = np.column_stack([np.bincount(together, weights=column) for column in every.T]).astype(np.float64)
    return table, np.ones(len(table), dtype=np.int64)


def _distances(drawn: Floats, estimate: float) -> Floats:
    """Return how far from `estimate` the mean of each resample is, in its own standard errors."""
    away, errors = drawn[:, 0] / drawn[:, 1] - estimate, _error(drawn)
    return np.where(errors > _NOTHING, away / np.maximum(errors, _NOTHING), np.sign(away) / _NOTHING)


def _error(drawn: Floats) -> Any:
    """Return the linearised standard error of a ratio, but for √(n/(n-1)), from the sums of what it is made of.

    Cochran 1977, "Sampling Techniques", chapter 6.
    """
    worths, weights, squares, whole, both = np.moveaxis(drawn, -1, 0)
    mean = worths / weights
    return np.sqrt(np.maximum(0, squares - 2 * mean * both + mean**2 * whole)) / weights


def tails(level: float, clusters: int) -> tuple[float, float]:
    """Return the two quantiles to read, farther out the fewer clusters there are.

    The expanded percentile interval: Hesterberg 2015, "What Teachers Should Know About the Bootstrap", American
    Statistician 69, 371-386.
    """
    reach = student(0.5 + level / 2, clusters - 1) * math.sqrt(clusters / (clusters - 1))
    outside = NormalDist().cdf(-reach)
    return outside, 1 - outside


def student(share: float, freedom: int) -> float:
    """Return a quantile of Student's t: exact for 1 and 2 degrees of freedom, else to about 0.003.

    Beyond 2, the expansion of Abramowitz and Stegun 1964, 26.7.5.
    """
    match freedom:
        case 1:
            return math.tan(math.pi * (share - 0.5))
        case 2:
            return (2 * share - 1) / math.sqrt(2 * share * (1 - share))
    z = NormalDist().inv_cdf(share)
    terms: tuple[float, ...] = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))
