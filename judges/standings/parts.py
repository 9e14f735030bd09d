"""What one period leaves behind of every part of the traffic: enough to compare periods once their texts are gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from judges.standings.spread import spread
from judges.standings.tables import TIERS, Codes, Columns
from judges.standings.weighing import Weighed, weighed
from judges.types import Scale
from rollouts.types import Record

DIMENSIONS: Final = ("cluster", "trace name", "tag")
"""What traffic is divided by, the finest first. Of several tags on one turn, all together are its value."""
MOST: Final = 200
"""Values kept of a dimension, those with the most turns; the rest is one part, which is never compared."""
NONE: Final = "(none)"
WHOLE: Final = "all"
"""The dimension that divides nothing: its one part is everything."""

_FEWEST: Final = 2


class Part(Record):
    """One challenger on one part of one period's traffic; every turn lies in one part of each dimension."""

    challenger: str
    dimension: str
    value: str | None
    """`None` for all values beyond the `MOST`."""
    turns: int
    conversations: int
    weight: float
    """How many turns of the traffic it stands for."""
    mean: float
    """Of the scores, 0 to 1."""
    variance: float | None
    """Of the mean, by conversation; `None` below two of them."""
    freedom: int
    """Degrees of freedom of that variance."""

    @property
    def comparable(self) -> bool:
        """Whether it can be set beside the same part of another period."""
        return self.value is not None and self.variance is not None


class _Divided(NamedTuple):
    """All challenges by one dimension."""

    dimension: str
    values: list[str]
    """The first stands for none."""
    codes: Codes
    """Of each challenge, a place in `values`."""


def parts(columns: Columns, scale: Scale) -> tuple[Part, ...]:
    """Return every challenger's fresh turns as a whole, and by every dimension that any turn has a value of."""
    fresh = columns.tiers == TIERS.index("fresh")
    divided = [_divided(columns, dimension) for dimension in (WHOLE, *DIMENSIONS)]
    used = [each for each in divided if len(each.values) > 1 or each.dimension == WHOLE]
    found = list[Part]()
    for code, challenger in enumerate(columns.challengers):
        inside = weighed(columns.of(code), columns.weights, scale)
        inside = inside.at(np.flatnonzero(fresh[inside.challenges]))
        found += [part for each in used for part in _parts(columns, challenger, each, inside)]
    return tuple(found)


def _divided(columns: Columns, dimension: str) -> _Divided:
    held = dict[int, list[str]]()
    codes = [code for code, (name, _) in enumerate(columns.slices) if name == dimension]
    for challenge, code in columns.sliced[np.isin(columns.sliced[:, 1], codes)].tolist():
        held.setdefault(challenge, []).append(columns.slices[code][1])
    joined = {challenge: " + ".join(sorted(values)) for challenge, values in held.items()}
    values = [NONE, *sorted(set(joined.values()))]
    places = {value: place for place, value in enumerate(values)}
    of_each = np.zeros(len(columns.clusters), dtype=np.int32)
    for challenge, value in joined.items():
        of_each[challenge] = places[value]
    return _Divided(dimension, values, of_each)


def _parts(columns: Columns, challenger: str, divided: _Divided, found: Weighed) -> Iterator[Part]:
    own = divided.codes[found.challenges]
    turns = np.bincount(own, minlength=len(divided.values))
    ranked = np.argsort(-turns, kind="stable")
    rest = np.isin(own, ranked[MOST:])
    groups = [(divided.values[code], np.flatnonzero(own == code)) for code in sorted(ranked[:MOST].tolist())]
    for value, places in [*groups, (None, np.flatnonzero(rest))]:
        if len(places):
            yield _part(columns, challenger, (divided.dimension, value), found.at(places))


def _part(columns: Columns, challenger: str, named: tuple[str, str | None], found: Weighed) -> Part:
    _, codes = np.unique(columns.clusters[found.challenges], return_inverse=True)
    known = spread(found.sums(codes, int(codes.max()) + 1))
    return Part(
        challenger=challenger,
        dimension=named[0],
        value=named[1],
        turns=len(found.worths),
        conversations=known.conversations,
        weight=float(found.weights.sum()),
        mean=known.estimate,
        variance=known.error**2 if known.conversations >= _FEWEST else None,
        freedom=known.freedom,
    )
