"""What answers cost and how long they took, as estimates for the traffic, and beside production's."""

from __future__ import annotations

from typing import Any

import numpy as np

from judges.standings.quantiles import quantiles
from judges.standings.spread import Floats
from judges.standings.tables import Answers, Codes, known_mean


def expense(answers: Answers, traffic: Floats) -> dict[str, Any]:
    """Return the fields of a `Standing` on what answers cost and how long they took."""
    cost_usd, timed = known_mean(answers.costs_usd, traffic), np.isfinite(answers.latencies_s)
    p50, p95 = quantiles(answers.latencies_s[timed], traffic[timed], (0.50, 0.95))
    return {
        "cost_per_1000_turns_usd": None if cost_usd is None else 1000 * cost_usd,
        "costs_known": int(np.isfinite(answers.costs_usd).sum()),
        "p50_latency_s": p50,
        "p95_latency_s": p95,
    }


def beside(
    ours: Answers, production: Answers, challenges: Codes, traffic: Floats
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the figures of both over the same turns: production's other turns may be longer or shorter."""
    theirs = ours._replace(costs_usd=production.costs_usd[challenges], latencies_s=production.latencies_s[challenges])
    unknown_cost, unknown_time = (
        np.isnan(ours.costs_usd + theirs.costs_usd),
        np.isnan(ours.latencies_s + theirs.latencies_s),
    )
    mine, other = (
        expense(
            each._replace(
                costs_usd=np.where(unknown_cost, np.nan, each.costs_usd),
                latencies_s=np.where(unknown_time, np.nan, each.latencies_s),
            ),
            traffic,
        )
        for each in (ours, theirs)
    )
    return mine, other


def ratios(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a `Standing` that hold one against the other."""
    return {
        name: ours[field] / theirs[field] if theirs[field] else None
        for name, field in (("cost_ratio", "cost_per_1000_turns_usd"), ("p95_latency_ratio", "p95_latency_s"))
    }
