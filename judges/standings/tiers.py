"""How a challenger does in each tier, and in all of them together."""

from __future__ import annotations

from rollouts.types import Record, Tier


class TierStanding(Record):
    """One challenger in one tier. The fresh tier stands for the traffic; the others for themselves."""

    tier: Tier
    challenger: str
    turns: int
    """Turns with a score."""
    conversations: int
    """Conversations that these turns come from."""
    win_rate: float | None
    """Against production, or against the expected answer where production gave none; 0 to 1."""
    low: float | None = None
    high: float | None = None
    held: float | None = None
    """The share of turns in which the challenger was at least as good: a tie or better, 0 to 1."""
    held_low: float | None = None
    held_high: float | None = None
    weight: float = 1.0
    """How much this tier counts where all are taken together."""
    small: bool = False
    """Whether it rests on too few conversations to be more than a rough guide."""
