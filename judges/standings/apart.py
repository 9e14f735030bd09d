"""The turns of one tier apart from all others."""

from __future__ import annotations

import numpy as np

from judges.standings.spread import Floats
from judges.standings.tables import TIERS, Columns, picked
from rollouts.types import Tier


def apart(columns: Columns, tier: Tier) -> Columns:
    """Return the turns of one tier and what became of them; challengers, conversations and slices keep their codes.

    The turns of the fresh tier stand for the traffic, on average for one turn, so that no figure depends on how much
    traffic there was. Those of the other tiers were picked by hand and stand for themselves.
    """
    keep = columns.tiers == TIERS.index(tier)
    part = columns if keep.all() else _kept(columns, keep)
    if tier != "fresh":
        return part._replace(weights=np.ones(len(part.weights)))
    unit = float(part.weights.mean()) if len(part.weights) else 1.0
    return part._replace(weights=relative(part.weights), unit=unit)


def _kept(columns: Columns, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Columns:
    """Return some challenges under new numbers in the same order."""
    numbers = (np.cumsum(keep) - 1).astype(np.int32)
    duels = picked(columns.duels, keep[columns.duels.challenges])
    encounters = picked(columns.encounters, keep[columns.encounters.challenges])
    sliced = columns.sliced[keep[columns.sliced[:, 0]]]
    return columns._replace(
        challenges={name: int(numbers[at]) for name, at in columns.challenges.items() if keep[at]},
        clusters=columns.clusters[keep],
        weights=columns.weights[keep],
        strata=columns.strata[keep],
        tiers=columns.tiers[keep],
        production=picked(columns.production, keep),
        sliced=np.column_stack([numbers[sliced[:, 0]], sliced[:, 1]]),
        duels=duels._replace(challenges=numbers[duels.challenges]),
        encounters=encounters._replace(challenges=numbers[encounters.challenges]),
    )


def relative(weights: Floats) -> Floats:
    """Return the weights with a mean of one, exactly one where all are the same."""
    if not len(weights) or np.ptp(weights) == 0:
        return np.ones(len(weights))
    found: Floats = weights / weights.mean()
    return found
