"""Leaderboards for gates: one challenger per set of scores, by conversation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from judges.standings.bootstrap import mean_interval
from judges.standings.held import held_interval
from judges.standings.leaderboard import Leaderboard
from judges.standings.spread import Sums, spread
from judges.standings.standing import Standing
from judges.standings.tiers import TierStanding
from rollouts.types import Tier

CLOSED = datetime(2026, 11, 18, tzinfo=UTC)


def row(scores: Sequence[Sequence[float]], challenger: str = "rival", tier: Tier = "fresh") -> TierStanding:
    """Return one challenger's tier from the scores of each conversation, with the intervals that the product uses."""
    rates = _sums(scores)
    held = np.array([float(score >= 0.5) for each in scores for score in each])
    clusters = np.repeat(np.arange(len(scores)), [len(each) for each in scores])
    rate = mean_interval(rates, seed=1, rounds=400)
    known, kept = held_interval(held, np.ones(len(held)), clusters, 0.95)
    return TierStanding(
        tier=tier,
        challenger=challenger,
        turns=sum(map(len, scores)),
        conversations=len(scores),
        win_rate=spread(rates).estimate,
        low=rate.low if rate else None,
        high=rate.high if rate else None,
        held=known.estimate,
        held_low=kept.low if kept else None,
        held_high=kept.high if kept else None,
        small=len(scores) < 30,
    )


def board(*rows: TierStanding, epoch: str = "2026-W47", **facts: Any) -> Leaderboard:
    """Return the leaderboard of these rows."""
    counts: dict[str, dict[str, int]] = facts.pop("counts", {})
    names = list(dict.fromkeys(each.challenger for each in rows))
    standings = [
        Standing(
            challenger=name,
            turns=sum(each.turns for each in rows if each.challenger == name),
            conversations=0,
            win_rate=0.5,
            **counts.get(name, {}),
        )
        for name in names
    ]
    production = Standing(challenger="baseline", baseline=True, turns=1, conversations=1, win_rate=0.5)
    whole = Leaderboard(judge="j/1", seed=0, level=0.95, epoch=epoch, standings=(*standings, production), tiers=rows)
    return whole.model_copy(update={"lasting": "same", "comparability": f"hash {epoch}", **facts})


def drawn(rng: np.random.Generator, conversations: int, shares: Sequence[float]) -> list[list[float]]:
    """Draw conversations of one to four turns that win, tie and lose in these shares, alike within a conversation."""
    found = []
    for turns in rng.integers(1, 5, size=conversations):
        mood = rng.choice([1.0, 0.5, 0.0], p=shares)
        own = rng.choice([1.0, 0.5, 0.0], p=shares, size=turns)
        found.append([float(mood if rng.random() < 0.4 else score) for score in own])
    return found


def _sums(scores: Sequence[Sequence[float]]) -> Sums:
    return Sums(np.array([sum(each) for each in scores]), np.array([float(len(each)) for each in scores]))
