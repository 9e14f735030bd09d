"""How many of each stratum are drawn. Pure.

With a floor for every stratum and none beyond its size, the sizes (or their square roots, Bankier 1988, "Power
allocations", The American Statistician 42) are scaled until they fill the quota, and rounded by largest remainders.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, sqrt
from typing import Final

from connector.sampling.options import Allocation

LEAST: Final = 2
"""Of every stratum while the quota lasts: how far its turns differ, one alone cannot tell."""
_HALVINGS: Final = 100
_ROUNDING: Final = 1e-9


def allocate(sizes: Mapping[str, int], quota: int, how: Allocation) -> dict[str, int]:
    """Return how many to draw of each stratum: `quota` in sum, or all there are, at least one of each.

    Raises `ValueError` when the quota has not one for each stratum.
    """
    if sum(sizes.values()) <= quota:
        return dict(sizes)
    if quota < len(sizes):
        raise ValueError(f"a quota of {quota} cannot hold one of each of {len(sizes)} strata")
    least = min(LEAST, quota // len(sizes))
    return _rounded(_filled(sizes, quota, how, least), sizes, quota)


def _filled(sizes: Mapping[str, int], quota: int, how: Allocation, least: int) -> dict[str, float]:
    measure = {name: sqrt(size) if how == "square_root" else float(size) for name, size in sizes.items()}
    low, high = 0.0, float(quota)
    for _ in range(_HALVINGS):
        scale = (low + high) / 2
        given = {name: min(float(size), max(least, scale * measure[name])) for name, size in sizes.items()}
        low, high = (scale, high) if sum(given.values()) < quota else (low, scale)
    return given


def _rounded(given: Mapping[str, float], sizes: Mapping[str, int], quota: int) -> dict[str, int]:
    whole = {name: floor(value + _ROUNDING) for name, value in given.items()}
    by_remainder = sorted(given, key=lambda name: (whole[name] - given[name], name))
    room = [name for name in by_remainder if whole[name] < sizes[name]]
    for name in room[: quota - sum(whole.values())]:
        whole[name] += 1
    return whole
