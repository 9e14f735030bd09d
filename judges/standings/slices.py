"""Parts of the traffic: where a challenger does better or worse than elsewhere."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from judges.standings.bootstrap import student_interval
from judges.standings.leaderboard import Slice
from judges.standings.precision import p_value
from judges.standings.several import holm
from judges.standings.spread import FEW, Sums, spread
from judges.standings.tables import Columns
from judges.standings.weighing import Weighed, weighed
from judges.types import Scale

MOST: Final = 12
"""How many values of a dimension are shown, those with the most turns. Others are left out: a tag of its own for every
turn would drown the rest, and Holm's correction would find nothing among so many."""

_NOTHING = 1e-9  # a weight left over by rounding
_Places = npt.NDArray[np.signedinteger[Any]]


def slices(columns: Columns, scale: Scale, *, level: float) -> tuple[Slice, ...]:
    """Return every challenger on every slice, with Holm's correction over all of them.

    A slice is held against the rest of the challenger's own turns; a conversation may lie in both. The interval and the
    p-value are Student's, by the jackknife (see `spread`). Slices of fewer than `FEW` conversations are not tested:
    where most answers tie, a handful of conversations often all tie, without any spread to tell chance by.
    """
    shown = _shown(columns)
    found = [
        (slice_, p)
        for code in range(len(columns.challengers))
        for slice_, p in _of(
            columns, columns.challengers[code], weighed(columns.of(code), columns.weights, scale), shown, level
        )
    ]
    adjusted = iter(holm([p for _, p in found if p is not None]))
    return tuple(slice_ if p is None else slice_.model_copy(update={"adjusted": next(adjusted)}) for slice_, p in found)


def _shown(columns: Columns) -> Mapping[tuple[str, str], _Places]:
    """Return the challenges of the slices that are shown."""
    turns = np.bincount(columns.sliced[:, 1], minlength=len(columns.slices))
    seen, shown = Counter[str](), list[int]()
    for code in np.argsort(-turns, kind="stable").tolist():
        dimension, _ = columns.slices[code]
        seen[dimension] += 1
        if seen[dimension] <= MOST:
            shown.append(code)
    starts = np.searchsorted(columns.sliced[:, 1], np.arange(len(columns.slices) + 1))
    return {columns.slices[code]: columns.sliced[starts[code] : starts[code + 1], 0] for code in sorted(shown)}


def _of(
    columns: Columns, challenger: str, found: Weighed, shown: Mapping[tuple[str, str], _Places], level: float
) -> Iterator[tuple[Slice, float | None]]:
    names, clusters = np.unique(columns.clusters[found.challenges], return_inverse=True)
    whole = found.sums(clusters, len(names))
    member = np.zeros(len(columns.clusters), dtype=np.bool_)
    for (dimension, value), challenges in shown.items():
        member[challenges] = True
        inside = np.flatnonzero(member[found.challenges])
        member[challenges] = False
        if len(inside):
            part = found.at(inside).sums(clusters[inside], len(names))
            known = spread(part)
            interval = student_interval(known, level)
            yield (
                Slice(
                    dimension=dimension,
                    value=value,
                    challenger=challenger,
                    turns=len(inside),
                    conversations=known.conversations,
                    win_rate=known.estimate,
                    low=interval.low if interval else None,
                    high=interval.high if interval else None,
                    small=known.effective < FEW,
                ),
                _beside_the_rest(part, whole),
            )


def _beside_the_rest(part: Sums, whole: Sums) -> float | None:
    """Return the p-value of no difference, `None` where either side is worth fewer than `FEW` conversations."""
    left = whole.weights - part.weights
    others = np.where(left > _NOTHING, whole.worths - part.worths, 0), np.where(left > _NOTHING, left, 0)
    rest = Sums(*others, whole.drawn.without(part.drawn))
    fewest = min(side.drawn.worth(int((side.weights > 0).sum())) for side in (part, rest))
    if fewest < FEW:
        return None
    known = spread(part, rest)
    return p_value(known.estimate, known.error * math.sqrt(fewest), fewest, freedom=known.freedom)
