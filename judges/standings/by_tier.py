"""Every challenger in every tier, each by its own turns alone, and in all of them together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from judges.standings.bootstrap import mean_interval, summed
from judges.standings.draws import seeded
from judges.standings.held import held_interval
from judges.standings.spread import FEW, Spread, spread
from judges.standings.standing import Standing
from judges.standings.stratified import steadied
from judges.standings.tables import VERDICTS, Columns, Duels
from judges.standings.terms import Asked
from judges.standings.tiers import TierStanding
from judges.standings.together import Together, together
from judges.standings.weighing import Weighed, weighed
from judges.types import Verdict
from rollouts.types import Tier

_HELD = [VERDICTS.index(verdict) for verdict in (Verdict.WIN, Verdict.TIE)]


class InTier(NamedTuple):
    """One challenger in one tier."""

    standing: TierStanding
    known: Spread
    """Of its win rate, by all conversations of all tiers."""


def in_tiers(
    parts: Mapping[Tier, Columns], fresh: Mapping[str, Standing], weights: Mapping[Tier, float], asked: Asked
) -> tuple[InTier, ...]:
    """Return every challenger in every tier where anybody has a turn with a score.

    The interval of the `fresh` tier's win rates is that of its standings.
    """
    conversations = max((int(part.clusters.max(initial=-1)) for part in parts.values()), default=-1) + 1
    found = list[InTier]()
    for tier, part in parts.items():
        some = list(_in_tier(part, tier, fresh if tier == "fresh" else {}, conversations, asked))
        if any(each.standing.turns for each in some):
            weight = {"weight": weights.get(tier, 1.0)}
            found += [each._replace(standing=each.standing.model_copy(update=weight)) for each in some]
    return tuple(found)


def all_together(found: tuple[InTier, ...], level: float) -> dict[str, Together]:
    """Return the figure of all tiers together of each challenger that lacks none.

    A tier of weight 0 does not count; where only one does, there is no such figure.
    """
    counted = [each for each in found if each.standing.weight > 0]
    if len({each.standing.tier for each in counted}) <= 1:
        return {}
    names = dict.fromkeys(each.standing.challenger for each in counted)
    by_name = {name: [each for each in counted if each.standing.challenger == name] for name in names}
    return {
        name: together([(each.standing.weight, each.known) for each in some], level)
        for name, some in by_name.items()
        if all(each.standing.turns for each in some)
    }


def _in_tier(
    part: Columns, tier: Tier, fresh: Mapping[str, Standing], conversations: int, asked: Asked
) -> Iterator[InTier]:
    for code, name in enumerate(part.challengers):
        duels = part.of(code)
        found = weighed(duels, part.weights, asked.scale)
        clusters = part.clusters[found.challenges]
        known = spread(steadied(found, part).sums(clusters, conversations))
        row = fresh.get(name)
        bounds = (row.low, row.high) if row else _bounds(part, found, f"{name}/{tier}", asked)
        standing = TierStanding(
            tier=tier,
            challenger=name,
            turns=len(found.worths),
            conversations=known.conversations,
            win_rate=found.mean,
            low=bounds[0],
            high=bounds[1],
            **_held(part, duels, found, asked.level),
            small=known.effective < FEW,
        )
        yield InTier(standing, known)


def _bounds(part: Columns, found: Weighed, name: str, asked: Asked) -> tuple[float | None, float | None]:
    sums = summed(found.worths, found.weights, part.clusters[found.challenges], found.traffic)
    interval = mean_interval(sums, seed=seeded(asked.seed, name), rounds=asked.rounds, level=asked.level)
    return (interval.low, interval.high) if interval else (None, None)


def _held(part: Columns, duels: Duels, found: Weighed, level: float) -> dict[str, Any]:
    """Return the share of turns held: each counts once, however much was fought in it."""
    if not len(found.worths):
        return {}
    good = np.isin(duels.verdicts[found.places], _HELD).astype(np.float64)
    clusters = part.clusters[found.challenges]
    known, interval = held_interval(good, found.traffic, clusters, level)
    bounds = (interval.low, interval.high) if interval else (None, None)
    return {"held": known.estimate, "held_low": bounds[0], "held_high": bounds[1]}
