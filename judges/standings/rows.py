"""One row of the leaderboard: what a challenger's own duels say, whoever else is there."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np

from judges.standings.bootstrap import TOO_FEW, Interval, mean_interval, student_interval, summed
from judges.standings.outcomes import BASELINE, TAG
from judges.standings.precision import detectable, more_conversations
from judges.standings.slices import within
from judges.standings.spread import spread
from judges.standings.standing import Standing
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


def row(columns: Columns, challenger: int, asked: Asked, *, control: bool) -> Row:
    """Return what is known of one challenger by itself. Every challenger has random numbers of its own."""
    name, duels = columns.challengers[challenger], columns.of(challenger)
    found = weighed(duels, asked.scale)
    clusters = columns.clusters[found.challenges]
    quality, figures = _quality(name, found, clusters, asked)
    tools, calls = _calls(name, duels.answers, columns.clusters[duels.challenges], asked)
    expenses = _expenses(duels.answers, columns.production, duels.challenges)
    standing = Standing(
        challenger=name,
        control=control,
        turns=len(found.worths),
        **figures,
        **_counts(duels),
        **_styled(columns, duels, found, clusters, asked),
        **_adversarial(columns, found, asked),
        **calls,
        same_calls=known_mean(duels.same_calls),
        **_expense(duels.answers),
        **_ratios(*expenses),
    )
    return Row(standing, quality, tools, expenses)


def baseline_row(columns: Columns, asked: Asked) -> Row:
    """Return production's own row, which stands at one half because it is what all are measured against."""
    tools, calls = _calls(BASELINE, columns.production, columns.clusters, asked)
    standing = Standing(
        challenger=BASELINE,
        baseline=True,
        turns=len(columns.clusters),
        conversations=len(np.unique(columns.clusters)),
        win_rate=0.5,
        low=0.5,
        high=0.5,
        adversarial_win_rate=0.5 if (TAG, asked.adversarial) in columns.slices else None,
        **calls,
        **_expense(columns.production),
    )
    return Row(standing, None, tools)


def _quality(name: str, found: Weighed, clusters: Codes, asked: Asked) -> tuple[Interval | None, dict[str, Any]]:
    sums = summed(found.worths, found.weights, clusters)
    known = spread(sums)
    interval = mean_interval(sums, seed=_seed(asked.seed, name), rounds=asked.rounds, level=asked.level, known=known)
    return interval, {
        "conversations": known.conversations,
        "win_rate": found.mean,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "no_interval": None if interval else TOO_FEW,
        "caveat": known.caveat if interval else None,
        "detectable": detectable(known.sd, known.conversations),
        "more_conversations": more_conversations(known.sd, known.conversations, asked.wanted, level=asked.level),
    }


def _counts(duels: Duels) -> dict[str, Any]:
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
        fit = controlled(found.worths, found.weights, looks, clusters, prior=prior, level=asked.level)
        interval = fit.interval if fit else None
        facts[f"{word}_win_rate"] = fit.win_rate if fit else None
        facts[f"{word}_low"], facts[f"{word}_high"] = (interval.low, interval.high) if interval else (None, None)
    return facts


def _adversarial(columns: Columns, found: Weighed, asked: Asked) -> dict[str, Any]:
    hard = within(columns, found, (TAG, asked.adversarial or ""))
    if not len(hard.worths):
        return {}
    interval = student_interval(
        spread(summed(hard.worths, hard.weights, columns.clusters[hard.challenges])), asked.level
    )
    return {
        "adversarial_turns": len(hard.worths),
        "adversarial_win_rate": hard.mean,
        "adversarial_low": interval.low if interval else None,
        "adversarial_high": interval.high if interval else None,
    }


def _calls(name: str, answers: Answers, clusters: Codes, asked: Asked) -> tuple[Interval | None, dict[str, Any]]:
    calling = np.flatnonzero(answers.calls > 0)
    calls = answers.calls[calling].astype(np.float64)
    good = 1 - np.minimum(answers.faults[calling].sum(axis=1) / calls, 1)
    sums = summed(good, calls, clusters[calling])
    interval = mean_interval(sums, seed=_seed(asked.seed, f"{name}/tools"), rounds=asked.rounds, level=asked.level)
    kinds = answers.faults.sum(axis=0, dtype=np.int64).tolist()
    return interval, {
        "calls": int(calls.sum()),
        "faulty_calls": sum(kinds),
        "faults": {kind.value: count for kind, count in zip(KINDS, kinds, strict=True) if count},
        "tool_validity": float(sums.worths.sum() / sums.weights.sum()) if len(calls) else None,
        "tool_low": interval.low if interval else None,
        "tool_high": interval.high if interval else None,
    }


def _expense(answers: Answers) -> dict[str, Any]:
    """Return means and quantiles; the latter lie on a line between two answers (Hyndman and Fan 1996, type 7)."""
    costs_usd = answers.costs_usd[np.isfinite(answers.costs_usd)]
    latencies_s = answers.latencies_s[np.isfinite(answers.latencies_s)]
    p50, p95 = np.quantile(latencies_s, (0.50, 0.95)).tolist() if len(latencies_s) else (None, None)
    return {
        "cost_per_1000_turns_usd": 1000 * float(costs_usd.mean()) if len(costs_usd) else None,
        "costs_known": len(costs_usd),
        "p50_latency_s": p50,
        "p95_latency_s": p95,
    }


def _expenses(ours: Answers, production: Answers, challenges: Codes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the figures of both over the same turns: production's other turns may be longer or shorter."""
    theirs = ours._replace(costs_usd=production.costs_usd[challenges], latencies_s=production.latencies_s[challenges])
    costs_usd, latencies_s = ours.costs_usd + theirs.costs_usd, ours.latencies_s + theirs.latencies_s
    mine, other = (
        _expense(
            each._replace(
                costs_usd=each.costs_usd[np.isfinite(costs_usd)], latencies_s=each.latencies_s[np.isfinite(latencies_s)]
            )
        )
        for each in (ours, theirs)
    )
    return mine, other


def _ratios(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: ours[field] / theirs[field] if theirs[field] else None
        for name, field in (("cost_ratio", "cost_per_1000_turns_usd"), ("p95_latency_ratio", "p95_latency_s"))
    }


def _seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8])
