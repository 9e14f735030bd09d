"""Has a challenger changed, or what it is asked? The same parts of the traffic, set side by side.

The change of a mean between two periods is split as Kitagawa 1955 does ("Components of a Difference Between Two Rates",
Journal of the American Statistical Association 50): what changed within parts that both periods have, weighted by the
earlier period's mix, and the rest, which is the mix, with parts that are new or gone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from judges.standings.bootstrap import student
from judges.standings.parts import DIMENSIONS, WHOLE, Part
from rollouts.types import Record

_ENOUGH: Final = 0.5
"""A dimension whose common parts hold this share of both periods will do; the finest such one is taken."""
_SHOWN: Final = 3


class Moved(Record):
    """One part of the traffic that both periods have."""

    value: str
    share: float
    """Of the earlier period's turns that are compared, 0 to 1."""
    before: float
    after: float


class Shift(Record):
    """How one challenger's mean has moved from an earlier period to a later one. Changes are shares of 1."""

    challenger: str
    earlier: str
    later: str
    before: float
    after: float
    dimension: str | None
    """What the traffic is divided by; `None` where nothing that divides it is known of both periods."""
    within: float | None = None
    """What changed on the same parts, in the earlier mix: the challenger's own doing."""
    low: float | None = None
    """Lower bound of `within`."""
    high: float | None = None
    mix: float | None = None
    """The rest of the change: other traffic."""
    parts: int = 0
    """How many are compared."""
    covered_before: float = 0.0
    """The share of the earlier period's turns in the parts that are compared."""
    covered_after: float = 0.0
    """The same of the later one's."""
    largest: tuple[Moved, ...] = ()
    """The parts that moved the mean the most."""

    @property
    def change(self) -> float:
        """What can be seen from outside."""
        return self.after - self.before


class _Common(NamedTuple):
    """The parts that two periods share, and how much of each period they are."""

    dimension: str
    pairs: list[tuple[Part, Part]]
    covered: tuple[float, float]


def shift(
    challenger: str, earlier: tuple[str, Sequence[Part]], later: tuple[str, Sequence[Part]], *, level: float = 0.95
) -> Shift | None:
    """Compare two periods, each a name and its parts; `None` where either has nothing of `challenger`."""
    sides = [[part for part in parts if part.challenger == challenger] for _, parts in (earlier, later)]
    wholes = [next((part for part in side if part.dimension == WHOLE), None) for side in sides]
    if wholes[0] is None or wholes[1] is None:
        return None
    found = Shift(
        challenger=challenger,
        earlier=earlier[0],
        later=later[0],
        before=wholes[0].mean,
        after=wholes[1].mean,
        dimension=None,
    )
    divided = [_common(dimension, *sides) for dimension in DIMENSIONS]
    best = next((each for each in divided if min(each.covered) >= _ENOUGH), max(divided, key=lambda x: min(x.covered)))
    return found.model_copy(update=_within(found, best, level)) if best.pairs else found


def _common(dimension: str, before: Sequence[Part], after: Sequence[Part]) -> _Common:
    sides = [{part.value: part for part in side if part.dimension == dimension} for side in (before, after)]
    pairs = [(part, sides[1][value]) for value, part in sides[0].items() if value in sides[1]]
    pairs = [pair for pair in pairs if pair[0].comparable and pair[1].comparable]
    totals = [sum(part.weight for part in side.values()) for side in sides]
    held = [sum(pair[side].weight for pair in pairs) for side in (0, 1)]
    shares = [part / whole if whole else 0.0 for part, whole in zip(held, totals, strict=True)]
    return _Common(dimension, pairs, (shares[0], shares[1]))


def _within(found: Shift, common: _Common, level: float) -> dict[str, Any]:
    """Standardise directly: the earlier mix is taken as it is, and only scores are uncertain."""
    whole = sum(before.weight for before, _ in common.pairs)
    shares = [before.weight / whole for before, _ in common.pairs]
    moves = [share * (after.mean - before.mean) for share, (before, after) in zip(shares, common.pairs, strict=True)]
    within, reach = sum(moves), _reach(shares, common.pairs, level)
    ranked = sorted(range(len(moves)), key=lambda at: -abs(moves[at]))[:_SHOWN]
    return {
        "dimension": common.dimension,
        "within": within,
        "low": None if reach is None else within - reach,
        "high": None if reach is None else within + reach,
        "mix": found.change - within,
        "parts": len(common.pairs),
        "covered_before": common.covered[0],
        "covered_after": common.covered[1],
        "largest": tuple(_moved(shares[at], *common.pairs[at]) for at in ranked),
    }


def _reach(shares: Sequence[float], pairs: Sequence[tuple[Part, Part]], level: float) -> float | None:
    """Half the interval's width, with degrees of freedom after Satterthwaite 1946, Biometrics Bulletin 2.

    `None` without any spread.
    """
    sizes = [
        (share**2 * (part.variance or 0.0), part.freedom)
        for share, pair in zip(shares, pairs, strict=True)
        for part in pair
    ]
    variance, spent = sum(size for size, _ in sizes), sum(size**2 / freedom for size, freedom in sizes)
    if not spent:
        return None
    return student(0.5 + level / 2, max(1, math.floor(variance**2 / spent))) * math.sqrt(variance)


def _moved(share: float, before: Part, after: Part) -> Moved:
    return Moved(value=before.value or "", share=share, before=before.mean, after=after.mean)
