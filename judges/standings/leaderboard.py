"""Who could take over, and at what cost and speed.

One row per challenger against one baseline. With a single baseline the mean win rate is the whole story: Bradley-Terry
gives the same numbers. Turns without a score are counted beside the win rate, never in it.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from judges.standings.bootstrap import TOO_FEW, cluster_interval
from judges.types import Verdict
from rollouts.types import Record

BASELINE: Final = "baseline"
"""The name of the row that production itself gets."""


class Outcome(NamedTuple):
    """What became of one duel, as far as the leaderboard cares."""

    challenger: str
    conversation_id: str
    score: float | None
    """0 to 1; `None` when the duel failed or the judge could not be read."""
    verdict: Verdict | None
    """`None` when the duel failed."""
    consistent: bool | None = None
    identical: bool = False
    """Whether it is a tie because both answers are the same, without a judge."""
    cost_usd: float | None = None
    """Of the rollout; `None` means unknown."""
    latency_s: float | None = None
    failed: bool = False
    """Whether it is dead. A duel that died after it was judged, while being posted, still counts as judged."""


class Standing(Record):
    """One row of the leaderboard."""

    challenger: str
    baseline: bool = False
    control: bool = False
    """Whether this is production's own model replayed, which shows the noise floor."""
    turns: int
    """Turns with a score: what the win rate is the mean of."""
    conversations: int
    """Conversations that these turns come from: what the interval rests on."""
    win_rate: float | None
    """Mean score, 0 to 1; `None` without a turn."""
    low: float | None = None
    high: float | None = None
    no_interval: str | None = None
    """Why there is no interval."""
    wins: int = 0
    ties: int = 0
    losses: int = 0
    unreadable: int = 0
    failed: int = 0
    identical: int = 0
    """How many of the ties needed no judge."""
    round_agreement: float | None = None
    """Share of judged turns whose rounds name the same winner; identical answers are left out, for nobody was asked."""
    cost_per_1000_turns_usd: float | None = None
    costs_known: int = 0
    """How many turns the cost is the mean of."""
    p50_latency_s: float | None = None
    p95_latency_s: float | None = None


class Leaderboard(Record):
    """All challengers against one baseline under one judge, best first."""

    judge: str
    """The judge's version. Outcomes of two judges never share a leaderboard."""
    scale: Literal["sevenths"] = "sevenths"
    seed: int
    level: float
    epoch: str | None = None
    standings: tuple[Standing, ...]


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
