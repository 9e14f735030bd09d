"""Quantiles of what was drawn with unequal chances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from judges.standings.spread import Floats, drawn


def quantiles(values: Floats, weights: Floats, shares: Sequence[float]) -> list[float | None]:
    """Return the value that each share of the traffic does not exceed; `None` of nothing.

    Between two values it lies on a line (Hyndman and Fan 1996, type 7), weighted as in Akinshin 2023, "Weighted
    quantile estimators", arXiv 2304.07265: each value counts by how much of its part of the weight lies in the window
    of type 7, as wide as Kish's effective number of values makes it. Where all weigh the same it is type 7.
    """
    if not len(values):
        return [None] * len(shares)
    if np.ptp(weights) == 0:
        return np.quantile(values, shares).tolist()  # type: ignore[no-any-return]
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    effective = len(values) * drawn(weights).efficiency
    bounds = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    return [float(values @ _parts(bounds, share, effective)) for share in shares]


def _parts(bounds: Floats, share: float, effective: float) -> Floats:
    """Return how much each value counts: that part of the window which lies within its own bounds."""
    start = share * (effective - 1) / effective
    reached = np.clip((bounds - start) * effective, 0.0, 1.0)
    parts: Floats = np.diff(reached) / np.diff(reached).sum()
    return parts
