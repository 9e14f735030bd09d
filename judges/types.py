"""What a judge says.

The judge sees two answers in *seats* A and B and ends with one of five *labels*. Each *round* seats the two answers the
other way round; two rounds add up to a *judgment*, which speaks from the challenger's point of view.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from rollouts.types import Record, Usage

Seat = Literal["A", "B"]


class Label(StrEnum):
    """The five things a judge may say."""

    A_MUCH_BETTER = "A>>B"
    A_BETTER = "A>B"
    TIE = "A=B"
    B_BETTER = "B>A"
    B_MUCH_BETTER = "B>>A"


class Verdict(StrEnum):
    """How the challenger did against the baseline."""

    WIN = "win"
    TIE = "tie"
    LOSS = "loss"
    UNREADABLE = "unreadable"
    """No usable label. Kept, counted, and left out of every average: it is not a tie."""


class Round(Record):
    """One look at both answers."""

    challenger_seat: Seat
    label: Label | None
    """`None` when no label could be read, also after asking again."""
    score: float | None
    """From the challenger's point of view, 0 to 1; `None` as for `label`."""
    problem: str | None = None
    """Why there is no label."""
    text: str
    """Everything the judge wrote, replies to being asked again included."""
    asks: int
    """How often the judge was asked, 1 when its first reply had a label."""
    model: str | None
    usage: Usage
    cost_usd: float | None
    """All asks together; `None` means unknown."""
    latency_s: float | None
    started_at: datetime | None = None


class Judgment(Record):
    """What all rounds add up to."""

    judge: str
    """Kind, model and prompt version: judgments of different judges are never added up."""
    verdict: Verdict
    score: float | None
    """Mean of the rounds, 0 to 1 from the challenger's point of view; `None` when a round could not be read."""
    consistent: bool | None
    """Whether the rounds name the same winner; `None` when they cannot be compared."""
    reason: str
    """One paragraph for a person."""
    rounds: tuple[Round, ...] = ()
    """Empty when the answers were identical and nobody was asked."""
