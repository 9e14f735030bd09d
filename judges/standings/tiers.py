"""How a challenger does in each tier, and in all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rollouts.types import Record, Tier

TIER_WEIGHTS: Final[Mapping[Tier, float]] = MappingProxyType(
    {"fresh": 1.0, "golden": 1.0, "regression": 1.0, "adversarial": 3.0}
)
"""How much each tier counts in the figure of all together, unless said otherwise."""


class TierStanding(Record):
    """One challenger in one tier. The fresh tier stands for the traffic; the others for themselves."""

    tier: Tier
    """Why these turns are asked."""
    challenger: str
    """Whose turns these are."""
    turns: int
    """Turns with a score; 0 where only others have any in this tier."""
    conversations: int
    """Conversations that these turns come from."""
    win_rate: float | None
    """Against production, or against the expected answer where production gave none; 0 to 1."""
    low: float | None = None
    """Lower bound of its interval; `None` where there is no interval."""
    high: float | None = None
    """Upper bound of its interval."""
    held: float | None = None
    """The share of turns in which the challenger was at least as good: a tie or better, 0 to 1."""
    held_low: float | None = None
    """Lower bound of its interval, which has a width also where every turn was held; `None` below two conversations."""
    held_high: float | None = None
    """Upper bound of its interval."""
    weight: float = 1.0
    """How much this tier counts where all are taken together."""
    small: bool = False
    """Whether it rests on too few conversations to be more than a rough guide."""
