"""Which duels people are shown: half by lot, half by preference for those that the judge was least certain of.

Every duel draws one number for good, and is picked as soon as its chance exceeds it: Poisson sampling with permanent
random numbers (Ohlsson 1995, "Coordination of samples using permanent random numbers"). A later pick raises chances, so
the pairs of all picks together are one sample, in which a duel's chance is the largest that it was ever given. It
depends on nobody's draw, so it is exact. The price is that a pick of 60 is 60 on average only.

The half that goes by lot keeps all chances away from zero, so that no label weighs much more than the others
(defensive mixture, Hesterberg 1995, "Weighted average importance sampling and defensive mixture distributions").
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from judges.standings.spread import Floats

_BY_LOT: Final = 0.5
_HALVINGS = 100  # of an interval of floats: more than enough to have it down to one


class Candidate(NamedTuple):
    """A judged duel, as far as picking cares."""

    duel_id: str
    challenger: str
    score: float
    """Of the judge, 0 to 1."""
    consistent: bool | None = None
    spread: float = 0.0
    """By how much the jurors' scores differ at most, 0 to 1."""
    draw: float | None = None
    """Its number, where it has drawn one in an earlier pick."""
    chance: float = 0.0
    """With which earlier picks would have picked it by now."""


class Lot(NamedTuple):
    """What one duel has drawn, and its chance to have been picked by now."""

    duel_id: str
    draw: float
    """0 to 1, below 1; for good."""
    chance: float
    """0 to 1."""

    @property
    def picked(self) -> bool:
        """Whether it is among the pairs."""
        return self.draw < self.chance


def lots(candidates: Sequence[Candidate], wanted: int, *, seed: int) -> list[Lot]:
    """Raise chances so that `wanted` more duels are picked on average, spread evenly over the challengers.

    Give all candidates, those picked before too. Returns a lot for each; one that could not be raised is as before.
    """
    groups = defaultdict[str, list[Candidate]](list)
    for candidate in candidates:
        groups[candidate.challenger].append(candidate)
    rooms = {name: sum(1 - each.chance for each in group) for name, group in groups.items()}
    shares = _shares(rooms, wanted)
    return [lot for name, group in groups.items() for lot in _raised(group, shares[name], rooms[name], seed)]


def uncertainty(candidate: Candidate) -> float:
    """Return how uncertain the judge was, 0 to 1: a third each for being near one half, rounds and jurors at odds."""
    nearness = 1 - abs(2 * candidate.score - 1)
    return (nearness + float(candidate.consistent is False) + candidate.spread) / 3


def _shares(rooms: Mapping[str, float], wanted: float) -> dict[str, float]:
    """Divide evenly; what one has no room for goes to the others."""
    shares, left = dict[str, float](), float(wanted)
    for place, name in enumerate(sorted(rooms, key=lambda name: (rooms[name], name))):
        shares[name] = min(rooms[name], left / (len(rooms) - place))
        left -= shares[name]
    return shares


def _raised(group: Sequence[Candidate], wanted: float, room: float, seed: int) -> Iterator[Lot]:
    before = np.array([each.chance for each in group])
    doubts = np.array([uncertainty(each) for each in group])
    preferred = doubts / doubts.sum() if doubts.any() else np.full(len(group), 1 / len(group))
    chances = (
        _chances(_BY_LOT / len(group) + (1 - _BY_LOT) * preferred, before, wanted) if wanted < room else 1 + 0 * before
    )
    for each, chance in zip(group, chances, strict=True):
        yield Lot(each.duel_id, _draw(each.duel_id, seed) if each.draw is None else each.draw, float(chance))


def _chances(sizes: Floats, before: Floats, wanted: float) -> Floats:
    """Return chances in proportion to `sizes`, at most 1 and never lowered, that add `wanted` to those `before`."""
    low, high = 0.0, float(1 / sizes.min())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = (np.maximum(before, np.minimum(1, middle * sizes)) - before).sum() >= wanted
        low, high = (low, middle) if enough else (middle, high)
    chances: Floats = np.maximum(before, np.minimum(1, high * sizes))
    return chances


def _draw(duel_id: str, seed: int) -> float:
    """Return 53 random bits as a float."""
    return (int.from_bytes(hashlib.sha256(f"pick/{seed}/{duel_id}".encode()).digest()[:8]) >> 11) / 2**53
