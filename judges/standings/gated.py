"""What a gate asks for, and what it says."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from judges.types import Unit
from rollouts.types import Options, Record, Tier

Against = Literal["baseline", "floor", "history"]


class Result(StrEnum):
    """What one check, or a whole gate, came to."""

    PASS = "pass"  # noqa: S105  no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Gates(Options):
    """What a challenger must reach, by whole intervals, before `understudy gate` lets it pass."""

    regression_threshold: float = Field(default=0.02, gt=0, lt=0.5)
    """How far below production's one half the win rate over fresh turns may lie."""
    golden_floor: float = Field(default=0.85, gt=0, lt=1)
    """The least share of golden turns in which the challenger is at least as good."""
    regression_floor: float = Field(default=0.95, gt=0, lt=1)
    """The same of the regression tier."""
    adversarial_floor: float = Field(default=0.85, gt=0, lt=1)
    """The same of the adversarial tier."""
    history_threshold: float = Field(default=0.05, gt=0, lt=0.5)
    """How far a challenger may fall below the mean of its own earlier epochs."""
    history_epochs: int = Field(default=5, ge=1)
    """How many closed epochs that mean is of."""
    unfinished_share: float = Field(default=0.10, ge=0, le=1)
    """With more of a challenger's duels failed, unreadable or still open, nothing is decided about it."""
    controls: bool = False
    """Whether controls are gated as well."""

    def floor(self, tier: Tier) -> float:
        """Return the floor of a tier that has one."""
        floors = {"golden": self.golden_floor, "regression": self.regression_floor}
        return floors.get(tier, self.adversarial_floor)


class Check(Record):
    """One figure of one challenger in one tier, held against one bar."""

    challenger: str
    tier: Tier
    against: Against
    """`baseline`: production; `floor`: a share of turns; `history`: the challenger's own earlier epochs."""
    figure: Literal["win rate", "share held"]
    """What is measured; against `history`, how it has changed."""
    held_against: str = ""
    """Of `history`: the mean of which epochs."""
    estimate: float | None
    """Of the figure, 0 to 1, or of its change, -1 to 1; `None` without a turn."""
    low: float | None
    high: float | None
    bar: float
    conversations: int
    """What the interval rests on."""
    result: Result
    reason: str
    """One sentence for a person."""
    adjusted: float | None = None
    """The chance of so low a figure at the bar, after Holm's correction over all checks; `None` if nothing is known."""
    more_conversations: int | None = None
    """About how many more would settle it, if the figure stays, and as many as it takes to decide at all; `None` where
    it is settled or none would."""


class Unasked(Record):
    """A check that could not be asked for."""

    challenger: str
    tier: Tier
    against: Against
    reason: str


class Gate(Record):
    """Every check of one leaderboard; the worst of them is the result."""

    version: Literal[1] = 1
    """Of this form: fields are only added."""
    result: Result
    epoch: str | None
    closed_at: datetime | None = None
    """When the epoch closed; `None` while it fills up, and every gate is another look at it."""
    judge: str
    comparability: str
    level: float
    """Of all intervals; a false fail, and a false pass at the bar, have a chance of half the rest at most."""
    unit: Unit = "conversation"
    looks: int = 1
    checks: tuple[Check, ...]
    unasked: tuple[Unasked, ...] = ()
