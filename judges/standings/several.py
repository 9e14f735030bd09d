"""What may be said when many comparisons are made at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class RankInterval(NamedTuple):
    """The places that a name may well have, 1 being the best."""

    best: int
    worst: int

    def __str__(self) -> str:
        """Show a certain place as one number."""
        return str(self.best) if self.best == self.worst else f"{self.best}–{self.worst}"  # noqa: RUF001


def holm(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values: calling those up to 0.05 different makes any false call at 5 % at most.

    Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 65-70.
    Nothing is assumed about how the tests depend on each other.
    """
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def rank_intervals(names: Sequence[str], better: Iterable[tuple[str, str]]) -> Mapping[str, RankInterval]:
    """Return each name's places, given all pairs (better, worse) that may be called different after `holm`.

    A name stands below all that are better and above all that are worse; what is undecided may go either way. All
    intervals hold together whenever all the calls are right (Mogstad, Romano, Shaikh and Wilhelm 2024,
    "Inference for Ranks with Applications to Mobility across Neighbourhoods and Academic Achievement across Countries",
    Review of Economic Studies 91).
    """
    above, below = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for winner, loser in set(better):
        above[loser] += 1
        below[winner] += 1
    return {name: RankInterval(1 + above[name], len(names) - below[name]) for name in names}
