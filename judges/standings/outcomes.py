"""What the leaderboard is made of: turns of production, and what became of each duel over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from judges.standings.style import Style
from judges.types import Verdict
from rollouts.types import Tier

BASELINE: Final = "baseline"
"""The name of the row that production itself gets; no challenger can have it."""


class Turn(NamedTuple):
    """One challenge, and what production did there."""

    challenge_id: str
    cluster: str
    """What is resampled as a whole: the conversation, or its session or user."""
    cost_usd: float | None = None
    latency_s: float | None = None
    style: Style | None = None
    """How production's answer looks; `None` where nobody measured it."""
    calls: int | None = None
    """How many tools production's answer calls; `None` as for `style`."""
    faults: tuple[str, ...] = ()
    """What is wrong with those calls, one word of `judges.faults.FaultKind` for each call that is no good."""
    slices: tuple[tuple[str, str], ...] = ()
    """Dimension and value, such as `("tool", "search")`; a dimension may have several values, or none."""
    weight: float = 1.0
    """How many turns of the traffic it stands for: one over the chance with which it was drawn."""
    tier: Tier = "fresh"
    stratum: str = ""
    """The part of the traffic that it was drawn from; empty where it was drawn from all."""


class Outcome(NamedTuple):
    """What became of one duel, as far as the leaderboard cares."""

    challenger: str
    challenge_id: str
    score: float | None
    """0 to 1 on the judge's own scale; `None` when the duel failed or the judge could not be read."""
    verdict: Verdict | None
    """`None` when the duel failed."""
    consistent: bool | None = None
    identical: bool = False
    """Whether it is a tie because both answers are the same, without a judge."""
    won: float | None = None
    """Battles won on the scale `weight_3`; `None` as for `score`, and from judges that give no labels."""
    battles: float | None = None
    """Battles fought on that scale."""
    cost_usd: float | None = None
    """Of the rollout; `None` means unknown."""
    latency_s: float | None = None
    failed: bool = False
    """Whether it is dead. A duel that died after it was judged, while being posted, still counts as judged."""
    style: Style | None = None
    """How the challenger's answer looks."""
    calls: int | None = None
    """How many tools the challenger's answer calls; `None` where there is no answer or nobody counted."""
    faults: tuple[str, ...] = ()
    """As in `Turn`."""
    same_calls: bool | None = None
    """Whether both answers make the same calls; `None` where neither calls anything."""
    meetings: Mapping[str, float] = {}
    """What it is worth against other challengers, 0 to 1, where a judge ranked them together."""


class Opinion(NamedTuple):
    """What one judge of a jury says of one duel by itself."""

    judge: str
    """The judge's version."""
    challenger: str
    challenge_id: str
    score: float | None
    verdict: Verdict
    consistent: bool | None = None
    seat_bias: float | None = None
    """What whoever sat in seat A got beyond half; `None` unless both seats could be read."""
    won: float | None = None
    """As in `Outcome`."""
    battles: float | None = None


class HumanVerdict(NamedTuple):
    """What a person says of one duel, without knowing who answered what."""

    challenger: str
    challenge_id: str
    score: float
    """0 to 1 from the challenger's point of view, on the scale of sevenths."""
    verdict: Verdict
    chance: float
    """The chance with which this duel was picked to be shown to people, above 0 and up to 1."""
