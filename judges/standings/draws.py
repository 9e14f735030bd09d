"""One set of resamples for many figures at once.

Every resample draws whole conversations, and every figure is read from the same resamples, so that differences between
figures are as paired as the figures themselves (Efron and Tibshirani 1993, "An Introduction to the Bootstrap").
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt

from judges.standings.spread import Floats

MOST: Final = 5000
"""How many conversations are drawn one by one. More are put together at random, which bounds time and memory."""

_CELLS = 4_000_000  # weights held in memory at once, 32 MB


def seeded(seed: int, name: str) -> int:
    """Return a seed of its own for each name."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8])


def groups(clusters: int, rng: np.random.Generator, most: int = MOST) -> npt.NDArray[np.int64]:
    """Return the group of each cluster: its own, or beyond `most` a random one of as many clusters as any other.

    The variance between random groups estimates that between clusters without bias (Wolter 2007, "Introduction to
    Variance Estimation", chapter 2); with 5,000 of them it is as good as known.
    """
    return np.arange(clusters) if clusters <= most else rng.permutation(clusters) % most


def resampled(
    sums: Floats, rng: np.random.Generator, rounds: int, counts: npt.NDArray[np.int64] | None = None
) -> Floats:
    """Return the column sums of each resample: one row a resample, as many groups drawn as there are.

    `sums` has a row for each group, or for each kind of group if `counts` says how many there are of a kind.
    """
    many = np.ones(len(sums), dtype=np.int64) if counts is None else counts
    total, chunk = int(many.sum()), max(1, _CELLS // len(sums))
    sizes = (min(chunk, rounds - done) for done in range(0, rounds, chunk))
    draws = (rng.multinomial(total, many / total, size=size).astype(np.float64) for size in sizes)
    return np.concatenate([drawn @ sums for drawn in draws])
