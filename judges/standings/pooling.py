"""What the judges of a jury say together, for many duels at once; `judges.jury_verdict` says it of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from judges.jury_verdict import Rule
from judges.standings.spread import Floats
from judges.standings.tables import VERDICTS

_EVEN = 0.5


def pooled(scores: Floats, verdicts: npt.NDArray[np.int8], rule: Rule, quorum: Any) -> Floats:
    """Return what a jury says of each duel, as `jury_verdict` does; NaN where fewer than `quorum` can be read."""
    count = np.isfinite(scores).sum(axis=1)
    worths = {"mean": _averaged, "median": _middle, "majority": _voted}[rule](scores, verdicts)
    return np.where(count >= quorum, worths, np.nan)


def _averaged(scores: Floats, _: npt.NDArray[np.int8]) -> Floats:
    mean: Floats = np.nansum(scores, axis=1) / np.maximum(1, np.isfinite(scores).sum(axis=1))
    return mean


def _middle(scores: Floats, _: npt.NDArray[np.int8]) -> Floats:
    count = np.isfinite(scores).sum(axis=1)
    ordered = np.sort(np.column_stack([scores, np.full(len(scores), np.nan)]), axis=1)
    places = np.column_stack([np.maximum(0, count - 1) // 2, count // 2])
    middle: Floats = np.take_along_axis(ordered, places, axis=1).mean(axis=1)
    return middle


def _voted(scores: Floats, verdicts: npt.NDArray[np.int8]) -> Floats:
    """Return the mean score of those who say what most say, or one half where the vote is divided."""
    says = [np.isfinite(scores) & (verdicts == code) for code in range(len(VERDICTS) - 1)]
    votes = np.column_stack([said.sum(axis=1) for said in says])
    worths = np.column_stack([np.where(said, scores, 0).sum(axis=1) for said in says])
    leading, rows = votes.argmax(axis=1), np.arange(len(votes))
    divided = (votes == votes.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return np.where(divided, _EVEN, worths[rows, leading] / np.maximum(1, votes[rows, leading]))
