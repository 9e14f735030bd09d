"""Who could take over, and at what cost and speed.

One row per challenger against one baseline. With a single baseline the mean win rate is the whole story: Bradley-Terry
gives the same numbers. Turns without a score are counted beside the win rate, never in it.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import numpy as np

from judges.standings.agreement import Agreement
from judges.standings.bootstrap import TOO_FEW, cluster_interval
from judges.standings.decision import Switching
from judges.standings.outcomes import Outcome
from judges.standings.pairs import Difference
from judges.types import Scale, Verdict
from rollouts.types import Record

BASELINE: Final = "baseline"
"""The name of the row that production itself gets."""


class Standing(Record):
    """One row of the leaderboard. Rates and shares are 0 to 1; bounds are those of the leaderboard's level."""

    challenger: str
    baseline: bool = False
    control: bool = False
    """Whether this is production's own model replayed, which shows the noise floor."""
    turns: int
    """Turns with a score: what the win rate is the mean of."""
    conversations: int
    """Conversations that these turns come from: what the interval rests on."""
    win_rate: float | None
    """Mean score on the leaderboard's scale; `None` without a turn."""
    low: float | None = None
    high: float | None = None
    no_interval: str | None = None
    """Why there is no interval."""
    caveat: str | None = None
    """What else to keep in mind about the interval, such as too few conversations."""
    rank_best: int | None = None
    """The best place it may well have among all rows, 1 being the first; all such claims hold together."""
    rank_worst: int | None = None
    within_noise: bool | None = None
    """Whether the win rate lies inside the control's interval; `None` without a control."""
    detectable: float | None = None
    """The smallest true distance from one half that this many conversations would show with a chance of 80 %."""
    more_conversations: int | None = None
    """How many more conversations make the interval as narrow as was wished; 0 where it is."""
    wins: int = 0
    ties: int = 0
    losses: int = 0
    unreadable: int = 0
    failed: int = 0
    identical: int = 0
    """How many of the ties needed no judge."""
    round_agreement: float | None = None
    """Share of judged turns whose rounds name the same winner; identical answers are left out, for nobody was asked."""
    elo: float | None = None
    """Bradley-Terry strength, 400 · log10, the baseline at 1000."""
    elo_low: float | None = None
    elo_high: float | None = None
    no_elo: str | None = None
    style_win_rate: float | None = None
    """The win rate if both answers were equally long and marked up alike."""
    style_low: float | None = None
    style_high: float | None = None
    length_win_rate: float | None = None
    """The win rate if both answers were equally long."""
    length_low: float | None = None
    length_high: float | None = None
    human_win_rate: float | None = None
    """The win rate corrected by human labels (PPI++); `None` without any."""
    human_low: float | None = None
    human_high: float | None = None
    human_labels: int = 0
    human_gap: float | None = None
    """Judge minus corrected: how much the judge flatters the challenger."""
    human_gap_error: float | None = None
    """Half the width of the gap's interval."""
    calls: int = 0
    """Tool calls in all answers that were looked at."""
    faulty_calls: int = 0
    """Of these, calls that are truncated, no JSON object, of an unknown tool or against its schema."""
    faults: dict[str, int] = {}
    """Faulty calls by kind."""
    tool_validity: float | None = None
    """Share of calls that are good; `None` without a call."""
    tool_low: float | None = None
    tool_high: float | None = None
    same_calls: float | None = None
    """Of the turns in which either side calls tools, the share with the same calls on both."""
    cost_per_1000_turns_usd: float | None = None
    costs_known: int = 0
    """How many turns the cost is the mean of."""
    p50_latency_s: float | None = None
    p95_latency_s: float | None = None
    weighted: float | None = None
    """The decision matrix's weighted mean, on which production stands at one half."""
    pareto: bool | None = None
    """Whether nobody beats it in all figures of the decision matrix."""
    switching: Switching | None = None
    advice: str | None = None
    """One sentence for a person who has to decide."""


class Meeting(Record):
    """Two challengers on the turns that both answered: one cell of the head-to-head matrix."""

    first: str
    second: str
    turns: int
    share: float | None
    """What `first` gets against `second`, 0 to 1."""
    direct: bool
    """Whether a judge compared the two; else the share is 1/2 + half the paired difference of their win rates."""


class Slice(Record):
    """One challenger on one part of the traffic."""

    dimension: str
    """`tag`, `trace name`, `tool`, `turn`, `language` or `length`."""
    value: str
    challenger: str
    turns: int
    conversations: int
    win_rate: float | None
    low: float | None = None
    high: float | None = None
    adjusted: float | None = None
    """The p-value of being level with the rest of the challenger's turns, after Holm's correction over all slices."""
    small: bool
    """Whether it rests on too few conversations to be more than a rough guide."""


class Seen(Record):
    """One judge, alone or of the jury, beside the others and beside people."""

    judge: str
    name: str
    duels: int
    harshness: float | None = None
    seat_bias: float | None = None
    disagreeing_share: float | None = None
    unreadable_share: float | None = None
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
    sampling: str
    """Eight hex digits that change with filters, turn rules, sampling and the unit that is resampled."""
    window: str
    """The epoch, or `all`."""

    @property
    def hash(self) -> str:
        """Twelve hex digits: figures of one hash may be compared."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]


class Leaderboard(Record):
    """All challengers against one baseline under one judge, best first."""

    judge: str
    """The judge's version. Outcomes of two judges never share a leaderboard."""
    scale: Scale = "sevenths"
    seed: int
    level: float
    epoch: str | None = None
    comparability: str = ""
    """The hash of the `Conditions` of every figure here."""
    noise_floor: tuple[float, float] | None = None
    """The control's interval."""
    standings: tuple[Standing, ...]
    differences: tuple[Difference, ...] = ()
    """Paired, of every two rows, with Holm's correction over all of them."""
    meetings: tuple[Meeting, ...] = ()
    slices: tuple[Slice, ...] = ()
    judges: tuple[Seen, ...] = ()
    """More than one where a jury judged."""


def standings(
    outcomes: Iterable[Outcome],
    *,
    judge: str,
    seed: int,
    controls: Collection[str] = (),
    level: float = 0.95,
    epoch: str | None = None,
) -> Leaderboard:
    """Add up `outcomes`, which may be many: each is read once and kept as a few numbers.

    The baseline is always there and stands at exactly one half. Outcomes under its name give it nothing but cost and
    latency. Every challenger has its own random numbers, so adding one moves no other's interval.
    """
    tallies: dict[str, _Tally] = {BASELINE: _Tally()}
    codes: dict[str, int] = {}
    for outcome in outcomes:
        code = codes.setdefault(outcome.conversation_id, len(codes))
        tallies.setdefault(outcome.challenger, _Tally()).add(outcome, code)
    rows = [
        _baseline(tally) if name == BASELINE else _standing(name, tally, seed, level, control=name in controls)
        for name, tally in tallies.items()
    ]
    rows.sort(key=lambda row: (row.win_rate is None, -(row.win_rate or 0.0), row.challenger))
    return Leaderboard(judge=judge, seed=seed, level=level, epoch=epoch, standings=tuple(rows))


class _Tally:
    """The numbers of one challenger, in columns: some 30 bytes a turn."""

    def __init__(self) -> None:
        self.scores, self.conversations = array("d"), array("q")
        self.costs_usd, self.latencies_s = array("d"), array("d")
        self.counts: Counter[str] = Counter()

    def add(self, outcome: Outcome, conversation: int) -> None:
        for figure, column in ((outcome.cost_usd, self.costs_usd), (outcome.latency_s, self.latencies_s)):
            if figure is not None:
                column.append(figure)
        if outcome.failed and outcome.verdict is None:
            self.counts["failed"] += 1
            return
        self.counts[outcome.verdict or Verdict.UNREADABLE] += 1
        if outcome.score is not None and outcome.verdict is not Verdict.UNREADABLE:
            self.scores.append(outcome.score)
            self.conversations.append(conversation)
        if outcome.identical:
            self.counts["identical"] += 1
        elif outcome.consistent is not None:
            self.counts["consistent" if outcome.consistent else "inconsistent"] += 1


def _standing(name: str, tally: _Tally, seed: int, level: float, *, control: bool) -> Standing:
    interval = cluster_interval(tally.scores, tally.conversations, seed=_seed(seed, name), level=level)
    counts = tally.counts
    agreed, compared = counts["consistent"], counts["consistent"] + counts["inconsistent"]
    return Standing(
        challenger=name,
        control=control,
        turns=len(tally.scores),
        conversations=len(set(tally.conversations)),
        win_rate=_mean(tally.scores),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        no_interval=None if interval else TOO_FEW,
        wins=counts[Verdict.WIN],
        ties=counts[Verdict.TIE],
        losses=counts[Verdict.LOSS],
        unreadable=counts[Verdict.UNREADABLE],
        failed=counts["failed"],
        identical=counts["identical"],
        round_agreement=agreed / compared if compared else None,
        cost_per_1000_turns_usd=_per_1000(tally.costs_usd),
        costs_known=len(tally.costs_usd),
        p50_latency_s=_quantile(tally.latencies_s, 0.50),
        p95_latency_s=_quantile(tally.latencies_s, 0.95),
    )


def _baseline(tally: _Tally) -> Standing:
    return Standing(
        challenger=BASELINE,
        baseline=True,
        turns=len(tally.scores),
        conversations=len(set(tally.conversations)),
        win_rate=0.5,
        low=0.5,
        high=0.5,
        cost_per_1000_turns_usd=_per_1000(tally.costs_usd),
        costs_known=len(tally.costs_usd),
        p50_latency_s=_quantile(tally.latencies_s, 0.50),
        p95_latency_s=_quantile(tally.latencies_s, 0.95),
    )


def _mean(column: Sequence[float]) -> float | None:
    return float(np.mean(column)) if column else None


def _per_1000(costs_usd: Sequence[float]) -> float | None:
    mean = _mean(costs_usd)
    return None if mean is None else 1000 * mean


def _quantile(column: Sequence[float], share: float) -> float | None:
    return float(np.quantile(column, share)) if column else None


def _seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8])
