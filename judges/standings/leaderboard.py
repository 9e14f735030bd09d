"""Who could take over, and at what cost and speed: what a reader of the leaderboard is told."""

from __future__ import annotations

import hashlib

from judges.standings.agreement import Agreement
from judges.standings.decision import Switching, Weights
from judges.standings.pairs import Difference
from judges.types import Scale, Unit
from rollouts.types import Record


class Standing(Record):
    """One row of the leaderboard. Rates and shares are 0 to 1; bounds are those of the leaderboard's level."""

    challenger: str
    """Its name in the configuration; `baseline` for production itself."""
    baseline: bool = False
    """Whether this is production itself, which stands at one half."""
    control: bool = False
    """Whether this is production's own model replayed, which shows the noise floor."""
    turns: int
    """Turns with a score: what the win rate is the mean of."""
    conversations: int
    """Conversations that these turns come from: what the interval rests on."""
    win_rate: float | None
    """Mean score on the leaderboard's scale; `None` without a turn."""
    low: float | None = None
    """Lower bound of the win rate's interval; `None` for the reason in `no_interval`."""
    high: float | None = None
    """Upper bound of the win rate's interval."""
    no_interval: str | None = None
    """Why there is no interval."""
    caveat: str | None = None
    """What else to keep in mind about the interval, such as too few conversations."""
    rank_best: int | None = None
    """The best place it may well have among all rows, 1 being the first; all such claims hold together."""
    rank_worst: int | None = None
    """The worst place it may well have."""
    within_noise: bool | None = None
    """Whether the win rate lies inside the interval of a control, and nothing tells the two apart on the same turns.

    `None` without a control of 30 conversations, and for controls themselves. Outside is not yet different: of replays
    of production one in seven lies there by chance (measured)."""
    detectable: float | None = None
    """The smallest true distance from one half that this many conversations would show with a chance of 80 %."""
    more_conversations: int | None = None
    """How many more conversations make the interval as narrow as was wished; 0 where it is."""
    wins: int = 0
    """Turns on which the judge prefers the challenger, both rounds together."""
    ties: int = 0
    """Turns on which it prefers neither."""
    losses: int = 0
    """Turns on which it prefers production."""
    unreadable: int = 0
    """Turns whose judgment could not be read; in no average."""
    failed: int = 0
    """Turns that the challenger or the judge could not be asked about; in no average."""
    identical: int = 0
    """How many of the ties needed no judge."""
    round_agreement: float | None = None
    """Share of judged turns whose rounds name the same winner; identical answers are left out, for nobody was asked."""
    elo: float | None = None
    """Bradley-Terry strength, 400 · log10, the baseline at 1000."""
    elo_low: float | None = None
    """Lower bound of its interval; `None` where there is no interval."""
    elo_high: float | None = None
    """Upper bound of its interval."""
    no_elo: str | None = None
    """Why there is no rating."""
    style_win_rate: float | None = None
    """The win rate if both answers were equally long and marked up alike."""
    style_low: float | None = None
    """Lower bound of its interval; `None` where there is no interval."""
    style_high: float | None = None
    """Upper bound of its interval."""
    length_win_rate: float | None = None
    """The win rate if both answers were equally long."""
    length_low: float | None = None
    """Lower bound of its interval; `None` where there is no interval."""
    length_high: float | None = None
    """Upper bound of its interval."""
    human_win_rate: float | None = None
    """The win rate corrected by human labels (PPI++); `None` without any."""
    human_low: float | None = None
    """Lower bound of its interval; `None` where there is no interval."""
    human_high: float | None = None
    """Upper bound of its interval."""
    human_labels: int = 0
    """Labels that people gave on its turns."""
    human_gap: float | None = None
    """Judge minus corrected: how much the judge flatters the challenger."""
    human_gap_error: float | None = None
    """Half the width of the gap's interval."""
    adversarial_turns: int = 0
    """Turns with a score in the adversarial tier, those that were made or picked to be hard."""
    adversarial_win_rate: float | None = None
    """Mean score of these."""
    adversarial_low: float | None = None
    """Lower bound of it, by Student's t over conversations."""
    adversarial_high: float | None = None
    """Upper bound of it."""
    calls: int = 0
    """Tool calls in all answers that were looked at."""
    faulty_calls: int = 0
    """Of these, calls that are truncated, no JSON object, of an unknown tool or against its schema."""
    faults: dict[str, int] = {}
    """Faulty calls by kind."""
    tool_validity: float | None = None
    """Share of calls that are good; `None` without a call."""
    tool_low: float | None = None
    """Lower bound of its interval; `None` where there is no interval."""
    tool_high: float | None = None
    """Upper bound of its interval."""
    same_calls: float | None = None
    """Of the turns in which either side calls tools, the share with the same calls on both."""
    cost_per_1000_turns_usd: float | None = None
    """A thousand times the mean cost of a turn; `None` where no cost is known."""
    costs_known: int = 0
    """How many turns the cost is the mean of."""
    p50_latency_s: float | None = None
    """Half of its answers took no longer, from sending the request to the last byte."""
    p95_latency_s: float | None = None
    """95 of 100 of its answers took no longer."""
    cost_ratio: float | None = None
    """Its cost over production's, on the turns where both are known: what `advice` and `weighted` go by."""
    p95_latency_ratio: float | None = None
    """Its p95 latency over production's, on the turns where both are known."""
    weighted: float | None = None
    """The decision matrix's weighted mean, on which production stands at one half."""
    pareto: bool | None = None
    """Whether nobody beats it in all figures of the decision matrix."""
    switching: Switching | None = None
    """Whether the figures support replacing production by it."""
    advice: str | None = None
    """One sentence for a person who has to decide."""


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
    def hash(self) -> str:
        """Twelve hex digits: figures of one hash may be compared."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


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
    noise_floor: tuple[float, float] | None = None
    """The control's interval; of several controls, what their intervals reach over together.

    Those of fewer than 30 conversations reach so far that they would excuse anybody, and are left out."""
    standings: tuple[Standing, ...]
    """One row per challenger, and production's."""
    differences: tuple[Difference, ...] = ()
    """Paired, of every two rows, with Holm's correction over all of them."""
    meetings: tuple[Meeting, ...] = ()
    """Every two rows head to head."""
    slices: tuple[Slice, ...] = ()
    """Every challenger by part of the traffic, with Holm's correction over all of them."""
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
