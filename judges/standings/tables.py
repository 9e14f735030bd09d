"""Turns and duels as columns of numbers: some 120 bytes a duel.

NaN stands for what is unknown, in columns only: the records that leave this package say `None`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from judges.faults import FaultKind
from judges.standings.spread import Floats
from judges.types import Verdict
from rollouts.types import Tier

VERDICTS: Final = (Verdict.WIN, Verdict.TIE, Verdict.LOSS, Verdict.UNREADABLE)
"""A verdict's code is its place here; -1 is a duel without one."""
KINDS: Final = tuple(FaultKind)
"""The columns of `Answers.faults`."""
TIERS: Final[tuple[Tier, ...]] = get_args(Tier)
"""A tier's code is its place here."""

Codes = npt.NDArray[np.int32]


class Answers(NamedTuple):
    """What answers cost, how long they took, how they look and what they call; a row for each."""

    costs_usd: Floats
    latencies_s: Floats
    styles: npt.NDArray[np.float32]
    """The four features of `Style`."""
    calls: npt.NDArray[np.float32]
    faults: npt.NDArray[np.int16]
    """How many of its calls are no good, for each of the `KINDS`."""


class Duels(NamedTuple):
    """What became of duels, sorted by challenger and challenge."""

    challengers: Codes
    challenges: Codes
    scores: Floats
    won: Floats
    battles: Floats
    verdicts: npt.NDArray[np.int8]
    consistent: npt.NDArray[np.float32]
    same_calls: npt.NDArray[np.float32]
    identical: npt.NDArray[np.bool_]
    failed: npt.NDArray[np.bool_]
    answers: Answers


class Encounters(NamedTuple):
    """Challengers that a judge compared with each other, every two once a challenge."""

    challenges: Codes
    firsts: Codes
    seconds: Codes
    worths: Floats
    """Of the first, 0 to 1."""


class Columns(NamedTuple):
    """Everything that a leaderboard is made of."""

    challengers: tuple[str, ...]
    """In the alphabet's order; the place of each is its code, as everywhere below."""
    challenges: Mapping[str, int]
    clusters: Codes
    """Of each challenge: what is resampled as a whole."""
    weights: Floats
    """Of each challenge: how many turns of the traffic it stands for."""
    strata: Codes
    """Of each challenge: the part of the traffic that it was drawn from."""
    tiers: npt.NDArray[np.int8]
    """Of each challenge, a place in `TIERS`."""
    production: Answers
    """Of each challenge."""
    slices: tuple[tuple[str, str], ...]
    """Dimension and value."""
    sliced: Codes
    """Rows of two: a challenge, and a slice that it lies in."""
    duels: Duels
    encounters: Encounters
    unit: float = 1.0
    """Of `weights`: one of them is so many turns."""

    @property
    def codes(self) -> dict[str, int]:
        """The code of each challenger, by name."""
        return {name: code for code, name in enumerate(self.challengers)}

    @property
    def fresh(self) -> npt.NDArray[np.bool_]:
        """Which challenges were drawn from the traffic."""
        return np.equal(self.tiers, TIERS.index("fresh"))

    def of(self, challenger: int) -> Duels:
        """Return the duels of one challenger."""
        first, last = np.searchsorted(self.duels.challengers, (challenger, challenger + 1))
        return picked(self.duels, slice(int(first), int(last)))


def known_mean(column: npt.NDArray[Any], weights: Floats | None = None) -> float | None:
    """Return the mean of what is known; `None` of nothing."""
    known = np.isfinite(column)
    if not known.any():
        return None
    return float(np.average(column[known].astype(np.float64), weights=None if weights is None else weights[known]))


Table = TypeVar("Table", Answers, Duels, Encounters)


def picked(table: Table, at: Any) -> Table:
    """Return the rows of `table` that `at` says, as numpy understands it."""
    return type(table)._make(picked(column, at) if isinstance(column, tuple) else column[at] for column in table)


def joined(tables: Sequence[Table]) -> Table:
    """Return all rows of all `tables`, of which there is at least one."""
    columns = zip(*tables, strict=True)
    return type(tables[0])._make(
        joined(parts) if isinstance(parts[0], tuple) else np.concatenate(parts) for parts in columns
    )
