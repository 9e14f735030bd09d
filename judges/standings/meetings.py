"""Who met whom: what ratings are made of, and the head-to-head matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from judges.standings.leaderboard import Meeting
from judges.standings.outcomes import BASELINE
from judges.standings.pairs import Difference
from judges.standings.ratings import Comparisons
from judges.standings.tables import Columns, Encounters, known_mean, picked
from judges.standings.weighing import Weighed


def comparisons(columns: Columns, found: Weighed) -> Comparisons:
    """Return what judges compared: every duel with the baseline, and challengers that were ranked together.

    Two challengers that a judge only saw beside the baseline have not met: their paired difference says the same again
    that both duels have said already.
    """
    met = columns.encounters
    against = np.full(len(found.worths), len(columns.challengers), dtype=np.int32)
    return Comparisons(
        names=(*columns.challengers, BASELINE),
        conversations=columns.clusters[np.concatenate([found.challenges, met.challenges])],
        firsts=np.concatenate([found.challengers, met.firsts]),
        seconds=np.concatenate([against, met.seconds]),
        worths=np.concatenate([found.worths, met.worths]),
        weights=np.concatenate([found.weights, columns.weights[met.challenges]]),
        traffic=np.concatenate([found.traffic, columns.weights[met.challenges]]),
    )


def meetings(columns: Columns, differences: Iterable[Difference]) -> Iterator[Meeting]:
    """Yield the cell of every two challengers: what a judge said of the two, or what their difference comes to."""
    codes = columns.codes
    for pair in differences:
        if BASELINE in (pair.first, pair.second):
            continue
        met = _met(columns.encounters, codes[pair.first], codes[pair.second])
        direct = known_mean(met.worths, columns.weights[met.challenges])
        share = None if pair.difference is None else 0.5 + pair.difference / 2
        yield Meeting(
            first=pair.first,
            second=pair.second,
            turns=len(met.worths) or pair.challenges,
            share=share if direct is None else direct,
            direct=direct is not None,
        )


def _met(encounters: Encounters, first: int, second: int) -> Encounters:
    """Return the encounters of two; they are sorted by both."""
    start, end = np.searchsorted(encounters.firsts, (first, first + 1))
    ones = picked(encounters, slice(int(start), int(end)))
    start, end = np.searchsorted(ones.seconds, (second, second + 1))
    return picked(ones, slice(int(start), int(end)))
