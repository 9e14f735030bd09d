"""One row of the leaderboard: what a challenger's own duels say, whoever else is there."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from judges.standings.bootstrap import TOO_FEW, Interval, mean_interval, summed
from judges.standings.draws import seeded
from judges.standings.expenses import beside, expense, ratios
from judges.standings.outcomes import BASELINE
from judges.standings.precision import detectable, more_conversations
from judges.standings.spread import Floats, spread
from judges.standings.standing import Standing
from judges.standings.stratified import steadied
from judges.standings.style import LENGTH, STYLE, controlled, differences
from judges.standings.tables import KINDS, VERDICTS, Answers, Codes, Columns, Duels, known_mean
from judges.standings.terms import Asked
from judges.standings.weighing import Weighed, weighed
from judges.types import Verdict


class Row(NamedTuple):
    """A standing, and the intervals that rest on how many conversations."""

    standing: Standing
    quality: Interval | None = None
    tools: Interval | None = None
    expenses: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    """What its answers cost and took, and production's, on the turns where both are known."""
    hard: float | None = None
    """The win rate in the adversarial tier."""


def row(columns: Columns, challenger: int, asked: Asked, *, control: bool) -> Row:
    """Return what is known of one challenger by itself, as estimates for the traffic that `columns` stand for.

    Every challenger has random numbers of its own.
    """
    name, duels = columns.challengers[challenger], columns.of(challenger)
    found, traffic = weighed(duels, columns.weights, asked.scale), columns.weights[duels.challenges]
    clusters = columns.clusters[found.challenges]
    quality, figures = _quality(name, steadied(found, columns), clusters, asked)
    tools, calls = _calls(name, duels.answers, columns.clusters[duels.challenges], traffic, asked)
    expenses = beside(duels.answers, columns.production, duels.challenges, traffic)
    standing = Standing(
        challenger=name,
        control=control,
        turns=len(found.worths),
        **figures,
        **_counts(duels),
        **_styled(columns, duels, found, clusters, asked),
        **calls,
        same_calls=known_mean(duels.same_calls, traffic),
        **expense(duels.answers, traffic),
        **ratios(*expenses),
    )
    return Row(standing, quality, tools, expenses)


def baseline_row(columns: Columns, asked: Asked) -> Row:
    """Return production's own row, which stands at one half because it is what all are measured against."""
    tools, calls = _calls(BASELINE, columns.production, columns.clusters, columns.weights, asked)
    standing = Standing(
        challenger=BASELINE,
        baseline=True,
        turns=len(columns.clusters),
        conversations=len(np.unique(columns.clusters)),
        win_rate=0.5,
        low=0.5,
        high=0.5,
        **calls,
        **expense(columns.production, columns.weights),
    )
    return Row(standing, None, tools)


def _quality(name: str, found: Weighed, clusters: Codes, asked: Asked) -> tuple[Interval | None, dict[str, Any]]:
    sums = summed(found.worths, found.weights, clusters, found.traffic)
    known = spread(sums)
    interval = mean_interval(sums, seed=seeded(asked.seed, name), rounds=asked.rounds, level=asked.level, known=known)
    return interval, {
        "conversations": known.conversations,
        "effective": known.effective,
        "win_rate": found.mean,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "no_interval": None if interval else TOO_FEW,
        "caveat": known.caveat if interval else None,
        "detectable": detectable(known.sd, known.conversations),
        "more_conversations": more_conversations(known.sd, known.conversations, asked.wanted, level=asked.level),
    }


def _counts(duels: Duels) -> dict[str, Any]:
    """Return how many of the turns drawn came out how, and how steady the judge is: figures of no traffic."""
    counts = dict(zip(VERDICTS, np.bincount(duels.verdicts[duels.verdicts >= 0], minlength=len(VERDICTS)), strict=True))
    without = duels.verdicts < 0
    asked = np.where(duels.identical, np.nan, duels.consistent)
    return {
        "wins": int(counts[Verdict.WIN]),
        "ties": int(counts[Verdict.TIE]),
        "losses": int(counts[Verdict.LOSS]),
        "unreadable": int(counts[Verdict.UNREADABLE] + (without & ~duels.failed).sum()),
        "failed": int((without & duels.failed).sum()),
        "identical": int(duels.identical.sum()),
        "round_agreement": known_mean(asked),
    }


def _styled(columns: Columns, duels: Duels, found: Weighed, clusters: Codes, asked: Asked) -> dict[str, Any]:
    styles = duels.answers.styles[found.places], columns.production.styles[found.challenges]
    looks, facts = differences(*styles), dict[str, Any]()
    for word, prior in (("style", STYLE), ("length", LENGTH)):
        fought, traffic = found.weights / found.traffic, found.traffic
        fit = controlled(found.worths, fought, looks, clusters, traffic=traffic, prior=prior, level=asked.level)
        interval = fit.interval if fit else None
        facts[f"{word}_win_rate"] = fit.win_rate if fit else None
        facts[f"{word}_low"], facts[f"{word}_high"] = (interval.low, interval.high) if interval else (None, None)
    return facts


def _calls(
    name: str, answers: Answers, clusters: Codes, traffic: Floats, asked: Asked
) -> tuple[Interval | None, dict[str, Any]]:
    """Return how many calls were looked at, and which share of all calls of the traffic is good."""
    calling = np.flatnonzero(answers.calls > 0)
    calls, stands_for = answers.calls[calling].astype(np.float64), traffic[calling]
    good = 1 - np.minimum(answers.faults[calling].sum(axis=1) / calls, 1)
    sums = summed(good, calls * stands_for, clusters[calling], stands_for)
    interval = mean_interval(sums, seed=seeded(asked.seed, f"{name}/tools"), rounds=asked.rounds, level=asked.level)
    kinds = answers.faults.sum(axis=0, dtype=np.int64).tolist()
    whole = float(calls @ stands_for) or 1.0
    shares = (stands_for @ answers.faults[calling] / whole).tolist()
    return interval, {
        "calls": int(calls.sum()),
        "faulty_calls": sum(kinds),
        "faults": {kind.value: count for kind, count in zip(KINDS, kinds, strict=True) if count},
        "fault_shares": {kind.value: share for kind, share in zip(KINDS, shares, strict=True) if share},
        "tool_validity": float(sums.worths.sum() / sums.weights.sum()) if len(calls) else None,
        "tool_low": interval.low if interval else None,
        "tool_high": interval.high if interval else None,
    }
