"""Which of two challengers is better, asked on the challenges that both answered.

On the same challenges what is easy or hard for everyone cancels out (Miller 2024, "Adding error bars to evals", arXiv
2411.00640, §4). The unit is the conversation, as everywhere here.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from judges.standings.bootstrap import TOO_FEW, Floats, student, tails
from judges.standings.draws import groups, resampled
from judges.standings.precision import FEW, detectable, p_value
from judges.standings.several import RankInterval, holm, rank_intervals
from rollouts.types import Record

NOTHING_SHARED: Final = "no challenge was judged for both"
NO_SPREAD: Final = "every conversation says the same, so the width of the interval means nothing"
_DIGITS = 12  # a spread below is the noise of adding up


class Score(NamedTuple):
    """What a challenger got for one challenge, on one scale; unreadable and failed judgments give none."""

    challenger: str
    challenge_id: str
    conversation_id: str
    worth: float
    """Mean of the battles, 0 to 1."""
    weight: float = 1.0
    """That of all its battles together, always 1 on the scale of sevenths."""


class Scores(NamedTuple):
    """Challenges by challengers; repeated judgments are added up."""

    names: tuple[str, ...]
    worths: Floats
    """Each times its weight."""
    weights: Floats
    """0 where nothing was judged."""
    clusters: npt.NDArray[np.int64]
    """The conversation of each challenge."""


class Difference(Record):
    """What `first` is ahead of `second`, as a share of 1."""

    first: str
    second: str
    challenges: int
    """Judged for both."""
    conversations: int
    difference: float | None
    low: float | None = None
    high: float | None = None
    sd: float | None = None
    """Of what each conversation contributes; the standard error is `sd / √conversations`."""
    p_value: float | None = None
    adjusted: float | None = None
    """The p-value after Holm's correction over all pairs."""
    detectable: float | None = None
    """The smallest true difference that this many conversations would show with a chance of 80 %."""
    caveat: str | None = None


def scores(found: Iterable[Score], *, baseline: str | None = None) -> Scores:
    """Put `found` into columns. A `baseline` is added as one that stands at one half on every challenge."""
    names: dict[str, int] = {}
    challenges: dict[str, int] = {}
    conversations: dict[str, str] = {}
    places, cells = array("q"), array("d")
    for row in found:
        conversations[row.challenge_id] = row.conversation_id
        places.append(challenges.setdefault(row.challenge_id, len(challenges)))
        places.append(names.setdefault(row.challenger, len(names)))
        cells.extend((row.worth * row.weight, row.weight))
    shape = (len(challenges), len(names))
    flat = np.array(places, dtype=np.int64).reshape(-1, 2) @ (shape[1], 1)
    worths, weights = (
        np.bincount(flat, weights=column, minlength=math.prod(shape)).astype(np.float64).reshape(shape)
        for column in np.array(cells).reshape(-1, 2).T
    )
    if baseline is not None:
        names[baseline] = len(names)
        worths = np.column_stack([worths, np.full(shape[0], 0.5)])
        weights = np.column_stack([weights, np.ones(shape[0])])
    return Scores(tuple(names), worths, weights, _codes([conversations[name] for name in challenges]))


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
    moved = np.column_stack([np.bincount(together, weights=pair.moves) for pair in pairs]).astype(np.float64)
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
    names: dict[str, None] = {}
    better: list[tuple[str, str]] = []
    for row in found:
        names |= {row.first: None, row.second: None}
        if row.adjusted is not None and row.adjusted <= alpha and row.difference:
            better.append((row.first, row.second) if row.difference > 0 else (row.second, row.first))
    return rank_intervals(list(names), better)


class _Pair:
    """Two columns, and how each conversation moves their difference.

    A conversation's move is what leaving it out does to the difference (the jackknife: Efron 1982, "The Jackknife, the
    Bootstrap and Other Resampling Plans", chapter 3). Conversations of many turns weigh more, so fewer degrees of
    freedom are left than their number says: those of as many equal ones, were all turns of a conversation one (Carter,
    Schnepel and Steigerwald 2017, "Asymptotic Behavior of a t-Test Robust to Cluster Heterogeneity", Review of
    Economics and Statistics 99). Without both, 40 conversations of 1 to 6 turns call 5.4 % of equals different, and 15
    of them 6.2 % (measured).
    """

    def __init__(self, table: Scores, first: int, second: int) -> None:
        both = (table.weights[:, first] > 0) & (table.weights[:, second] > 0)
        self.names = table.names[first], table.names[second]
        self.challenges, self.conversations = int(both.sum()), len(np.unique(table.clusters[both]))
        self.estimate, self.equal = 0.0, 0
        self.moves: Floats = np.zeros(int(table.clusters.max(initial=-1)) + 1)
        if not self.challenges:
            return
        shares = np.zeros_like(self.moves)
        for sign, column in ((1, first), (-1, second)):
            worths, weights = (
                np.bincount(table.clusters[both], weights=cells[both, column], minlength=len(self.moves))
                for cells in (table.worths, table.weights)
            )
            mean, whole = worths.sum() / weights.sum(), weights.sum()
            self.estimate += sign * float(mean)
            rest = np.where(weights < whole, whole - weights, whole)
            self.moves += sign * (worths - mean * weights) / rest
            shares += weights / whole / 2
        self.estimate = round(self.estimate, _DIGITS)
        self.moves *= (self.conversations - 1) / self.conversations
        self.equal = math.floor(round(float((shares**2).sum() ** 2 / (shares**4).sum()), 6))

    def difference(self, resamples: Floats, level: float) -> Difference:
        """Say what is known, and what cannot be."""
        shared = Difference(
            first=self.names[0],
            second=self.names[1],
            challenges=self.challenges,
            conversations=self.conversations,
            difference=self.estimate if self.challenges else None,
            caveat=TOO_FEW if self.challenges else NOTHING_SHARED,
        )
        if self.conversations <= 1:
            return shared
        sd = round(self.conversations * math.sqrt(float(self.moves @ self.moves) / (self.conversations - 1)), _DIGITS)
        low, high = self._bounds(resamples, sd, level)
        return shared.model_copy(
            update={
                "low": max(-1.0, low),
                "high": min(1.0, high),
                "sd": sd,
                "p_value": p_value(self.estimate, sd, self.conversations, freedom=max(1, self.equal - 1)),
                "detectable": detectable(sd, self.conversations),
                "caveat": self._caveat(sd),
            }
        )

    def _bounds(self, resamples: Floats, sd: float, level: float) -> tuple[float, float]:
        if self.equal < FEW:
            reach = student(0.5 + level / 2, max(1, self.equal - 1)) * sd / math.sqrt(self.conversations)
            return self.estimate - reach, self.estimate + reach
        low, high = np.quantile(resamples - self.moves.sum(), tails(level, self.equal)) + self.estimate
        return float(low), float(high)

    def _caveat(self, sd: float) -> str | None:
        if not sd:
            return NO_SPREAD
        return f"only {self.conversations} conversations, a rough guide" if self.conversations < FEW else None


def _codes(names: list[Any]) -> npt.NDArray[np.int64]:
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.int64)
