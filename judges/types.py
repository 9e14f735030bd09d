"""What a judge says.

The judge sees two answers in *seats* A and B and ends with one of five *labels*. Each *round* seats the two answers the
other way round; two rounds add up to a *judgment*, which speaks from the challenger's point of view.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from rollouts.types import Parameters, Record, Usage

Seat = Literal["A", "B"]
Scale = Literal["sevenths", "weight_3", "points", "ranks"]
"""What a verdict is worth: a label as sevenths or as Arena-Hard's battles, a difference of grades, or a place."""

Unit = Literal["conversation", "session", "user"]
"""What statistics resample as a whole: turns of one unit are not independent."""


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

    challenger_seat: str | None
    """A or B, or a later letter where more answers were shown; `None` where the challenger was not shown."""
    label: Label | None
    """`None` when no label could be read, also after asking again, and from judges that give none."""
    score: float | None
    """From the challenger's point of view, 0 to 1; `None` when it could not be read."""
    seated: dict[str, str] = {}
    """Who sat in which seat, where it was not just the challenger and the baseline."""
    grades: dict[str, float] = {}
    """By seat, what a judge that gives grades gave, 0 to 1."""
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


class Method(Record):
    """How a judge was asked: all that its version stands for."""

    kind: str
    """The file of the judge."""
    model: str
    """As it was asked for; each round says which version answered."""
    prompt: str
    """Eight hex digits that change with every word that the judge is told."""
    parameters: Parameters
    repeats: int = 1
    """How often each round was held."""
    majority: bool = False
    """Whether the repeats of a round vote, rather than being averaged."""
    settings: dict[str, Any] = {}
    """What else was configured, such as criteria and their weights."""


class Judgment(Record):
    """What all rounds add up to, or all judges of a jury."""

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
    """Empty when nobody was asked, and for a jury."""
    method: Method | None = None
    """`None` for a jury, and where answers tie because they are the same."""
    members: tuple[Judgment, ...] = ()
    """Of a jury: what each of its judges said by itself, those that could not be read included."""
    absent: dict[str, str] = {}
    """Of a jury: the judges that did not sit, and why."""
    meetings: dict[str, float] = {}
    """From a ranking: what the challenger is worth against each other challenger, 0 to 1."""

    @property
    def looks(self) -> tuple[Round, ...]:
        """Every round that was held, by whichever judge."""
        return self.rounds + tuple(look for member in self.members for look in member.looks)
