"""Which of two challengers is better, asked on the challenges that both answered.

On the same challenges what is easy or hard for everyone cancels out (Miller 2024, "Adding error bars to evals", arXiv
2411.00640, §4). The unit is the conversation, as everywhere here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from judges.standings.bootstrap import TOO_FEW, student, tails
from judges.standings.draws import groups, resampled
from judges.standings.precision import detectable, p_value
from judges.standings.several import RankInterval, holm, rank_intervals
from judges.standings.spread import FEW, Floats, Sums, drawn, spread
from judges.standings.tables import Codes
from judges.standings.weighing import Weighed
from rollouts.types import Record

NOTHING_SHARED: Final = "no challenge was judged for both"


class Scores(NamedTuple):
    """Challenges by challengers; repeated judgments are added up."""

    names: tuple[str, ...]
    worths: Floats
    """Each times its weight."""
    weights: Floats
    """0 where nothing was judged."""
    clusters: Codes
    """The conversation of each challenge."""
    traffic: Floats
    """How many turns of the traffic each challenge stands for."""

    def sums(self, column: int, challenges: npt.NDArray[np.intp]) -> Sums:
        """Add up some challenges of one column by conversation."""
        clusters, count = self.clusters[challenges], int(self.clusters.max(initial=-1)) + 1
        worths, weights = (
            np.bincount(clusters, weights=cells[challenges, column], minlength=count).astype(np.float64)
            for cells in (self.worths, self.weights)
        )
        return Sums(worths, weights, drawn(self.traffic[challenges]))


class Difference(Record):
    """What `first` is ahead of `second`, as a share of 1."""

    first: str
    """A challenger, or `baseline`."""
    second: str
    """The other."""
    challenges: int
    """Judged for both."""
    conversations: int
    """Conversations that these come from."""
    effective: int | None = None
    """As many conversations, all drawn with the same chance, would tell as much; `None` where nobody reckoned it."""
    difference: float | None
    """Win rate of `first` less that of `second`; `None` where nothing was judged for both."""
    low: float | None = None
    """Lower bound of its interval; `None` where there is no interval."""
    high: float | None = None
    """Upper bound of its interval."""
    sd: float | None = None
    """Of what each conversation contributes; the standard error is `sd / √conversations`."""
    p_value: float | None = None
    """Of no difference, by Student's t over conversations."""
    adjusted: float | None = None
    """The p-value after Holm's correction over all pairs."""
    detectable: float | None = None
    """The smallest true difference that this many conversations would show with a chance of 80 %."""
    caveat: str | None = None
    """What to keep in mind, such as too few conversations."""

    @property
    def small(self) -> bool:
        """Whether it rests on too few conversations to be more than a rough guide."""
        return (self.conversations if self.effective is None else self.effective) < FEW


def scores(
    names: Sequence[str], found: Weighed, clusters: Codes, traffic: Floats, *, baseline: str | None = None
) -> Scores:
    """Put what was `found` into a table of those `names` that have anything.

    `clusters` are those of all challenges, and `traffic` is what they stand for. A `baseline` is added as one that
    stands at one half on every challenge.
    """
    shape = (len(clusters), len(names))
    flat = found.challenges.astype(np.int64) * len(names) + found.challengers
    worths, weights = (
        np.bincount(flat, weights=column, minlength=math.prod(shape)).astype(np.float64).reshape(shape)
        for column in (found.worths * found.weights, found.weights)
    )
    known = np.flatnonzero(weights.any(axis=0))
    present = [names[code] for code in known.tolist()]
    worths, weights = worths[:, known], weights[:, known]
    if baseline is not None:
        worths = np.column_stack([worths, traffic / 2])
        weights = np.column_stack([weights, traffic])
        present.append(baseline)
    places = np.unique(clusters, return_inverse=True)[1].astype(np.int32)
    return Scores(tuple(present), worths, weights, places, traffic)


def differences(table: Scores, *, seed: int, rounds: int = 2000, level: float = 0.95) -> tuple[Difference, ...]:
    """Return the paired difference of every two challengers, with Holm's correction over all of them.

    The interval is the cluster bootstrap of what conversations move, all pairs read from the same resamples; below
    `FEW` it is Student's, for resamples cannot leave what was seen. The p-value is Student's throughout, because Holm
    asks for finer ones than one in `rounds`; at the very edge the two may disagree.
    """
    rng = np.random.default_rng(seed)
    together = groups(int(table.clusters.max(initial=-1)) + 1, rng)
    pairs = [_Pair(table, first, second) for first, second in combinations(range(len(table.names)), 2)]
    if not pairs or not len(together):
        return ()
    moved = np.column_stack([np.bincount(together, weights=pair.known.moves) for pair in pairs]).astype(np.float64)
    found = [
        pair.difference(column, level) for pair, column in zip(pairs, resampled(moved, rng, rounds).T, strict=True)
    ]
    known = [difference.p_value for difference in found if difference.p_value is not None]
    adjusted = iter(holm(known))
    return tuple(
        difference if difference.p_value is None else difference.model_copy(update={"adjusted": next(adjusted)})
        for difference in found
    )


def ranks(found: Iterable[Difference], *, alpha: float = 0.05) -> Mapping[str, RankInterval]:
    """Return the places of all names in `found`; all intervals together hold with a chance of at least 1 - `alpha`."""
    rows = list(found)
    names = dict.fromkeys(name for row in rows for name in (row.first, row.second))
    return rank_intervals(list(names), told_apart(rows, alpha=alpha))


def told_apart(found: Iterable[Difference], *, alpha: float = 0.05) -> frozenset[tuple[str, str]]:
    """Return the better and the worse of every two that may be called different, after Holm's correction."""
    return frozenset(
        (row.first, row.second) if row.difference > 0 else (row.second, row.first)
        for row in found
        if row.adjusted is not None and row.adjusted <= alpha and row.difference
    )


class _Pair:
    """Two columns, on the challenges that both were judged on."""

    def __init__(self, table: Scores, first: int, second: int) -> None:
        both = np.flatnonzero((table.weights[:, first] > 0) & (table.weights[:, second] > 0))
        self.names = table.names[first], table.names[second]
        self.challenges = len(both)
        self.known = spread(table.sums(first, both), table.sums(second, both))

    def difference(self, resamples: Floats, level: float) -> Difference:
        """Say what is known, and what cannot be."""
        known = self.known
        shared = Difference(
            first=self.names[0],
            second=self.names[1],
            challenges=self.challenges,
            conversations=known.conversations,
            effective=known.effective,
            difference=known.estimate if self.challenges else None,
            caveat=TOO_FEW if self.challenges else NOTHING_SHARED,
        )
        if known.conversations <= 1:
            return shared
        low, high = self._bounds(resamples, level)
        return shared.model_copy(
            update={
                "low": max(-1.0, low),
                "high": min(1.0, high),
                "sd": known.sd,
                "p_value": p_value(known.estimate, known.sd, known.conversations, freedom=known.freedom),
                "detectable": detectable(known.sd, known.conversations),
                "caveat": known.caveat,
            }
        )

    def _bounds(self, resamples: Floats, level: float) -> tuple[float, float]:
        known = self.known
        if known.equal < FEW:
            reach = student(0.5 + level / 2, known.freedom) * known.error
            return known.estimate - reach, known.estimate + reach
        low, high = np.quantile(resamples - known.moves.sum(), tails(level, known.equal)) + known.estimate
        return float(low), float(high)
