"""Who could take over, and at what cost and speed: what a reader of the leaderboard is told."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from judges.standings.agreement import Agreement
from judges.standings.decision import Weights
from judges.standings.pairs import Difference
from judges.standings.standing import Standing
from judges.standings.tiers import TierStanding
from judges.types import Scale, Unit
from rollouts.types import Record

ALL_EPOCHS: Final = "all"
"""The window of all that was ever judged."""


class Meeting(Record):
    """Two challengers on the turns that both answered: one cell of the head-to-head matrix."""

    first: str
    """A challenger, or `baseline`."""
    second: str
    """The other."""
    turns: int
    """Turns that both answered."""
    share: float | None
    """What `first` gets against `second`, 0 to 1."""
    direct: bool
    """Whether a judge compared the two; else the share is 1/2 + half the paired difference of their win rates."""


class Slice(Record):
    """One challenger on one part of the traffic."""

    dimension: str
    """`tag`, `trace name`, `tool`, `turn`, `language` or `length`."""
    value: str
    """Which tag, tool, … it is."""
    challenger: str
    """Whose turns these are."""
    turns: int
    """Turns with a score."""
    conversations: int
    """Conversations that these turns come from."""
    win_rate: float | None
    """Mean score of these turns; `None` without a turn."""
    low: float | None = None
    """Lower bound of its interval; `None` where there is no interval."""
    high: float | None = None
    """Upper bound of its interval."""
    adjusted: float | None = None
    """The p-value of being level with the rest of the challenger's turns, after Holm's correction over all slices.

    `None` where either part is too small."""
    small: bool
    """Whether it rests on too few conversations to be more than a rough guide."""


class Seen(Record):
    """One judge, alone or of the jury, beside the others and beside people."""

    judge: str
    """Its version."""
    name: str
    """Its short name."""
    duels: int
    """How many duels it has judged."""
    harshness: float | None = None
    """How much less it gives challengers than the others do on the same duels; negative is milder."""
    seat_bias: float | None = None
    """What it gives whoever sits in A beyond one half; negative favours B."""
    disagreeing_share: float | None = None
    """Of its judgments whose rounds can be compared, how many name different winners."""
    unreadable_share: float | None = None
    """Of its judgments, how many could not be read."""
    by_challenger: dict[str, float | None] = {}
    """Its mean score for each challenger: a row of the heat map."""
    left_out: dict[str, float] = {}
    """By challenger, how the jury's mean changes without it."""
    swapped: tuple[tuple[str, str], ...] = ()
    """Pairs of challengers that change their order without it."""
    agreement: Agreement | None = None
    """With people; `None` where nobody has judged the same duels."""
    trusted: bool | None = None
    """Whether the agreement reaches the floor; `None` where it is unknown."""


class Conditions(Record):
    """What figures depend on: those under other conditions are never compared."""

    judge: str
    """The version of the judge or jury, which stands for its models, prompts and parameters."""
    scale: Scale
    """What a verdict is worth."""
    sampling: str
    """Eight hex digits that change with filters, turn rules and sampling."""
    window: str
    """The epoch, or `all`."""
    unit: Unit = "conversation"
    """What intervals resample."""

    @property
    def epoch(self) -> str | None:
        """The epoch; `None` for all of them."""
        return None if self.window == ALL_EPOCHS else self.window

    @property
    def hash(self) -> str:
        """Twelve hex digits: figures of one hash may be compared."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @property
    def lasting(self) -> str:
        """Twelve hex digits that stay from window to window: figures of one such hash show what changes in time."""
        return self.model_copy(update={"window": ""}).hash


class Leaderboard(Record):
    """All challengers against one baseline under one judge, best first."""

    judge: str
    """The judge's version. Outcomes of two judges never share a leaderboard."""
    scale: Scale = "sevenths"
    """What a verdict is worth: all win rates are means on this scale."""
    seed: int
    """Of all random numbers: the same outcomes and seed give the same figures."""
    level: float
    """Of all intervals, 0 to 1: how often they hold the true figure."""
    epoch: str | None = None
    """The ISO week in which production answered, such as `2026-W47`; `None` for all weeks."""
    comparability: str = ""
    """The hash of the `Conditions` of every figure here."""
    lasting: str = ""
    """The same, but for the epoch: leaderboards of several epochs that share it may be set side by side."""
    decided_by: str = ""
    """Eight hex digits that change with the weights of figures and tiers and with the margin: `together`, `weighted`,
    `switching` and `advice` may be compared under one of them."""
    closed_at: datetime | None = None
    """When the epoch was closed: from then on no figure here changes. `None` while it may."""
    unfinished: int = 0
    """Duels that were still open when the epoch was closed all the same; in no figure."""
    late: int = 0
    """Duels over turns that came after the epoch was closed; they are judged, and in no figure."""
    held_up: str | None = None
    """Why duels wait for money, and how many; `None` where none do."""
    cheaper_judge: str | None = None
    """The version of the judge that sat while money was short; `None` where none is configured."""
    cheaper_duels: int = 0
    """Duels that only that one has judged; they are in no figure until `judge` has judged them too."""
    noise_floor: tuple[float, float] | None = None
    """The control's interval; of several controls, what their intervals reach over together.

    Those of fewer than 30 conversations reach so far that they would excuse anybody, and are left out."""
    drawn_turns: int = 0
    """Turns of the fresh tier that were judged."""
    draws: tuple[str, ...] = ()
    """How they were drawn, epoch by epoch, and what did not go as it was wished for; empty where all were taken."""
    traffic_turns: float | None = None
    """As many turns of traffic they stand for, by the chances with which they were drawn; `None` where nobody knows."""
    standings: tuple[Standing, ...]
    """One row per challenger, and production's."""
    differences: tuple[Difference, ...] = ()
    """Paired, of every two rows, with Holm's correction over all of them."""
    meetings: tuple[Meeting, ...] = ()
    """Every two rows head to head."""
    slices: tuple[Slice, ...] = ()
    """Every challenger by part of the traffic, with Holm's correction over all of them."""
    tiers: tuple[TierStanding, ...] = ()
    """Every challenger in every tier that has turns, the fresh one first. All above is of the fresh tier alone."""
    judges: tuple[Seen, ...] = ()
    """More than one where a jury judged."""
    agreement: Agreement | None = None
    """With people, of the judge or jury as a whole; `None` where nobody has judged the same duels."""
    trusted: bool | None = None
    """Whether it reaches the floor; `None` where it is unknown. Where it does not, no switching is supported."""
    set_aside: tuple[str, ...] = ()
    """The judges of the jury that the win rates leave out, because people do not agree with them."""
    unit: Unit = "conversation"
    """What intervals resample as a whole, and what is counted wherever a field says `conversations`."""
    precision: float = 0.02
    """The half-width that was wished for intervals."""
    margin: float = 0.02
    """What a challenger may lose, in win rate and in valid tool calls, and still be called as good."""
    weights: Weights = Weights()
    """How much each figure of the decision matrix counts."""
