"""What a draw from parts of the traffic settles beforehand: how many turns of each part its sample stands for."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from judges.standings.spread import Floats
from judges.standings.tables import Codes, Columns
from judges.standings.weighing import Weighed

FEWEST: Final = 5
"""Conversations of a part below which it is taken together with others as small (collapsed strata: Cochran 1977,
"Sampling Techniques", §5A.12): how far its turns differ, fewer cannot tell."""


def steadied(found: Weighed, columns: Columns) -> Weighed:
    """Return the same mean of worths that vary as much as the mean itself does where turns were drawn by stratum.

    A figure is about traffic of this kind, not about the turns of this window alone. So its variance is that of the
    traffic, as if every turn had been judged, and that of the draw beside it (two phases: Särndal, Swensson and
    Wretman 1992, "Model Assisted Survey Sampling", chapter 9). How far strata lie apart has no part in the second, for
    what each stands for is fixed; of the square of what a conversation adds, turns that stand for w bring
    (1 - 1/w) of their stratum's mean too much. The rest is put right by n / (n - 1) conversations of each stratum.

    With twelve very different kinds, 95 % intervals hold in 93 to 97 % where those that know of no strata hold in 95 to
    99 % and are up to 1.2 times as wide (measured: by size and by its square root, one draw and seven, caps,
    conversations of 1 to 5 turns).
    Turns of one stratum, or that all stand for themselves, are returned as they are.
    """
    clusters = columns.clusters[found.challenges]
    strata = _collapsed(columns.strata[found.challenges], clusters)
    traffic = found.traffic * columns.unit
    if not len(strata) or not strata.any() or not (traffic > 1).any():
        return found
    mean = found.worths @ found.weights / found.weights.sum()
    adds = found.weights * (found.worths - mean)
    settled = (np.bincount(strata, weights=adds) / np.bincount(strata))[strata]
    many = _conversations(strata, clusters)[strata]
    adds = np.sqrt(many / np.maximum(1, many - 1)) * (adds - settled) + _share(settled, traffic, clusters) * settled
    return found._replace(worths=mean + adds / found.weights)


def _collapsed(strata: Codes, clusters: Codes) -> npt.NDArray[np.intp]:
    """Return strata numbered from 0, with those of fewer than `FEWEST` conversations as one.

    Where these are still too few together, the smallest of the others joins them.
    """
    codes = np.unique(strata, return_inverse=True)[1]
    many = _conversations(codes, clusters)
    small = many < FEWEST
    if 0 < many[small].sum() < FEWEST and not small.all():
        small[np.where(small, many.max() + 1, many).argmin()] = True
    return np.unique(np.where(small[codes], len(many), codes), return_inverse=True)[1]


def _conversations(strata: npt.NDArray[np.intp], clusters: Codes) -> npt.NDArray[np.intp]:
    """Return how many conversations each stratum has."""
    apart = int(clusters.max(initial=0)) + 1
    return np.bincount(np.unique(strata.astype(np.int64) * apart + clusters) // apart)


def _share(settled: Floats, traffic: Floats, clusters: Codes) -> Any:
    """Return by how much what strata settle is to be shrunk: 1 where every turn was drawn, near 0 for few of many."""
    by_conversation = np.bincount(clusters, weights=settled)
    whole = float(by_conversation @ by_conversation)
    too_much = float((1 - 1 / np.maximum(1, traffic)) @ settled**2)
    return math.sqrt(max(0.0, 1 - too_much / whole)) if whole else 1.0
