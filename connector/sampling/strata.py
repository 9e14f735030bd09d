"""Parts of the traffic that are drawn from one by one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

OTHER: Final = "other"
"""The stratum of what is too rare to be one by itself."""
SMALLEST: Final = 5
"""Turns that make a stratum by themselves."""
_NONE: Final = "-"


class Held(NamedTuple):
    """A turn that waits for the draw."""

    id: str
    conversation_id: str
    user_id: str | None = None
    slices: tuple[tuple[str, str], ...] = ()
    text: str = ""
    """What the user said last, masked as it is stored; empty where nobody asked for it, or the user said nothing."""


def by_slices(held: Sequence[Held], by: Sequence[str]) -> dict[str, str]:
    """Return the stratum of each turn by its id: what its slices of these dimensions say, in their order."""
    named = {each.id: " · ".join(_value(each, dimension) for dimension in by) for each in held}
    sizes = Counter(named.values())
    return {each: name if sizes[name] >= SMALLEST else OTHER for each, name in named.items()}


def merged(strata: Mapping[str, str], most: int) -> dict[str, str]:
    """Return the strata with the smallest of them together as "other", so that there are `most` at the most."""
    sizes = Counter(strata.values())
    if len(sizes) <= most:
        return dict(strata)
    by_size = sorted(sizes.keys() - {OTHER}, key=lambda name: (-sizes[name], name))
    kept = set(by_size[: max(0, most - 1)])
    return {each: name if name in kept else OTHER for each, name in strata.items()}


def _value(held: Held, dimension: str) -> str:
    return "+".join(sorted(value for known, value in held.slices if known == dimension)) or _NONE
