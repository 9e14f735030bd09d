"""One row of the leaderboard: everything that is said of one challenger, or of production."""

from __future__ import annotations

import math

from judges.standings.decision import Switching
from judges.standings.spread import FEW
from rollouts.types import Record


class Standing(Record):
    """One row of the leaderboard: the fresh tier, which stands for the traffic, unless a field says otherwise.

    Rates, shares, costs and latencies are estimates for all of the traffic; numbers are those of the turns drawn. Rates
    and shares are 0 to 1; bounds are those of the leaderboard's level.
    """

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
    effective: int | None = None
    """As many conversations, all drawn with the same chance, would tell as much: below 30 it is a small sample."""
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
    together: float | None = None
    """The mean of its win rates in all tiers, by the weights of the tiers; `None` where only one tier has turns, or
    where it lacks one that others have."""
    together_low: float | None = None
    """Lower bound of its interval; `None` where there is no interval."""
    together_high: float | None = None
    """Upper bound of its interval."""
    calls: int = 0
    """Tool calls in all answers that were looked at."""
    faulty_calls: int = 0
    """Of these, calls that are truncated, no JSON object, of an unknown tool or against its schema."""
    faults: dict[str, int] = {}
    """Faulty calls by kind."""
    fault_shares: dict[str, float] = {}
    """Of all calls of the traffic, the share with each kind of fault."""
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
    """95 of 100 of its answers took no longer (type 7 of Hyndman and Fan 1996, weighted as in Akinshin 2023)."""
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

    @property
    def faulty_share(self) -> float:
        """Of all calls of the traffic, the share that is no good; 0 without a call."""
        return math.fsum(self.fault_shares.values())

    @property
    def small(self) -> bool:
        """Whether it rests on too few conversations to be more than a rough guide."""
        return (self.conversations if self.effective is None else self.effective) < FEW
