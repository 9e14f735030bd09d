"""The win rate as humans would have it, from few human labels and many judge scores.

The prediction-powered mean (Angelopoulos et al. 2023, arXiv 2301.09633) with power tuning (PPI++, Angelopoulos, Duchi
and Zrnic 2023, arXiv 2311.01453): the humans' mean, moved by what the judge saw on all turns beyond the labelled ones,
as far as the judge has been found to follow humans. A judge that does not follow them moves nothing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from judges.standings.bootstrap import Interval, student
from judges.standings.spread import Floats, drawn
from rollouts.types import Record

TOO_FEW_LABELS: Final = "a correction takes human labels in at least two conversations"
ALL_ALIKE: Final = "all labelled conversations say the same, which gives no idea of their error"

_NOTHING = 1e-12


class Corrected(Record):
    """What humans would say, beside what the judge says; win rates are 0 to 1."""

    judge: float
    """The judge's mean over all turns, or over the traffic that they stand for."""
    human: float
    """The humans' mean over the labelled turns."""
    win_rate: float
    """The humans' mean over all turns, as estimated."""
    interval: Interval | None
    no_interval: str | None = None
    trust: float
    """How far the judge's scores were used: 0 not at all, 1 in full (the tuned power)."""
    gap: float
    """Judge minus corrected: how much the judge flatters the challenger."""
    gap_error: float | None
    """Half the width of the gap's interval; `None` where there is none."""
    labelled: int
    turns: int

    @property
    def off(self) -> bool | None:
        """Whether the gap is larger than its error; `None` when the error is unknown."""
        return None if self.gap_error is None else abs(self.gap) > self.gap_error


def corrected(
    judge: npt.ArrayLike,
    human: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    chances: npt.ArrayLike | None = None,
    traffic: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Corrected | None:
    """Correct the judge's mean over all turns, or return `None` without a single human label.

    All columns are aligned by turn. `human` is NaN where nobody was asked, `clusters` names the conversations.
    `chances` are the turns' chances to have been picked for labelling: give them when picking was not uniform, such as
    when uncertain duels were preferred, or the humans' mean is that of the uncertain ones (weights 1/chance, Hájek
    1971). `traffic` is how much of it each turn stands for: the corrected win rate is that of the traffic too, so a
    turn that was drawn, and then picked, weighs one over both chances. Errors are linearised per conversation with
    Student's t over the labelled conversations, so turns of one conversation may be alike. For single turns picked
    uniformly this is PPI++, as ppi-python 0.2.3 reckons it: the judge's variance, on which the power rests, is that of
    all turns.
    """
    scores, labels, codes = _columns(judge, human, clusters)
    asked = np.isfinite(labels)
    if not asked.any():
        return None
    all_of_it = np.ones(len(scores)) if traffic is None else np.asarray(traffic, dtype=np.float64)
    mean = float(np.average(scores, weights=all_of_it))
    weights = np.divide(asked, 1.0 if chances is None else chances, out=np.zeros(len(scores)), where=asked)
    weights = weights * all_of_it
    weights = weights / weights.sum()
    told = np.where(asked, labels, 0.0)
    spread = _Spread(codes, asked)
    humans = spread.parts(weights * (told - weights @ told))
    everywhere = spread.parts((scores - mean) * all_of_it / all_of_it.sum())
    moves = spread.parts(weights * (scores - weights @ scores)) - everywhere
    rest = float(all_of_it[~asked].sum())
    reachable = float(all_of_it.sum()) / (rest or float(all_of_it.mean()))
    seen = 1 - 1 / spread.labelled  # ppi-python divides the covariance by n and the variance by n-1
    trust = _trust(seen * humans, moves, spread.pooling((scores - mean) * all_of_it), most=reachable)
    estimate = float(np.clip(weights @ told - trust * (weights @ scores - mean), 0, 1))
    problem = _problem(spread, humans)
    effective = drawn(all_of_it[asked]).worth(spread.labelled)
    reach = student(0.5 + level / 2, max(1, effective - 1)) if problem is None else 0.0
    error, gap_error = (reach * _norm(part) for part in (humans - trust * moves, everywhere - humans + trust * moves))
    return Corrected(
        judge=mean,
        human=float(weights @ told),
        win_rate=estimate,
        interval=None if problem else _within(estimate, error, level, effective),
        no_interval=problem,
        trust=trust / reachable,
        gap=mean - estimate,
        gap_error=None if problem else gap_error,
        labelled=int(asked.sum()),
        turns=len(scores),
    )


class _Spread:
    """Adds turns up to conversations, those with a human label apart from those without."""

    def __init__(self, codes: npt.NDArray[Any], asked: npt.NDArray[np.bool_]) -> None:
        self._codes = codes
        self._labelled = np.bincount(codes, weights=asked) > 0
        self.labelled = int(self._labelled.sum())

    def parts(self, column: Floats) -> Floats:
        """Return each conversation's share of the error, such that its squares add up to the variance."""
        sums = np.bincount(self._codes, weights=column).astype(np.float64)
        for group in (self._labelled, ~self._labelled):
            count = int(group.sum())
            if count > 1:
                sums[group] = (sums[group] - sums[group].mean()) * np.sqrt(count / (count - 1))
        return sums

    def pooling(self, column: Floats) -> Floats:
        """Return for each conversation the variance of `column` over all of them, by that over its own group."""
        sums = np.bincount(self._codes, weights=column).astype(np.float64)
        ratios, pooled = np.ones_like(sums), _variance(sums)
        for group in (self._labelled, ~self._labelled):
            if (own := _variance(sums[group])) > _NOTHING**2:
                ratios[group] = pooled / own
        return ratios


def _columns(
    judge: npt.ArrayLike, human: npt.ArrayLike, clusters: npt.ArrayLike
) -> tuple[Floats, Floats, npt.NDArray[Any]]:
    scores, labels = np.asarray(judge, dtype=np.float64), np.asarray(human, dtype=np.float64)
    names, codes = np.unique(np.asarray(clusters), return_inverse=True)
    if not scores.shape == labels.shape == codes.shape:
        raise ValueError(
            f"{scores.shape} scores, {labels.shape} labels in {codes.shape} turns of {len(names)} clusters"
        )
    if not np.isfinite(scores).all():
        raise ValueError("every turn needs a judge's score; leave unreadable ones out")
    return scores, labels, codes


def _trust(humans: Floats, moves: Floats, pooling: Floats, *, most: float) -> float:
    """Return the power that makes the error smallest (2311.01453, §6), within 0 and `most`, which is full trust.

    It is meant for moves against the mean of all turns; against that of the others alone it is 1 at most.
    """
    size = float(moves**2 @ pooling)
    return float(np.clip(humans @ moves / size, 0, most)) if size > _NOTHING**2 else 0.0


def _variance(sums: Floats) -> float:
    return float(sums.var(ddof=1)) if len(sums) > 1 else 0.0


def _problem(spread: _Spread, humans: Floats) -> str | None:
    if spread.labelled == 1:
        return TOO_FEW_LABELS
    return ALL_ALIKE if _norm(humans) < _NOTHING else None


def _norm(parts: Floats) -> float:
    return float(np.sqrt(parts @ parts))


def _within(estimate: float, error: float, level: float, clusters: int) -> Interval:
    return Interval(low=max(0.0, estimate - error), high=min(1.0, estimate + error), level=level, clusters=clusters)
