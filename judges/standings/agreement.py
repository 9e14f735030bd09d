"""How well a judge agrees with people: raw agreement and Cohen's kappa over win, tie and loss.

Kappa is agreement beyond what both would reach by chance, each keeping to its own shares (Cohen 1960, "A coefficient
of agreement for nominal scales"). It falls where one verdict prevails, however good the judge (Feinstein and Cicchetti
1990, "High agreement but low kappa"), so the shares stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from judges.standings.bootstrap import TOO_FEW, Interval, cluster_interval, tails
from judges.standings.draws import resampled
from judges.standings.spread import Floats
from judges.types import Verdict
from rollouts.types import Record

NO_CHOICE: Final = "judge and humans gave one and the same verdict throughout, so chance alone explains it"
RARE: Final = "too many resamples hold one verdict only"

_VERDICTS = (Verdict.WIN, Verdict.TIE, Verdict.LOSS)
_CODES = {verdict: code for code, verdict in enumerate(_VERDICTS)}
_CERTAIN = 1 - 1e-12  # agreement by chance that leaves nothing to explain


class Agreement(Record):
    """A judge against people, over the duels both have decided."""

    pairs: int
    """Verdicts of people on duels that the judge has decided too."""
    left_out: int
    """Pairs in which either could not be read; they are neither agreement nor disagreement."""
    conversations: int
    """Conversations that these duels come from: what the intervals rest on."""
    agreement: float | None
    """Share of pairs with the same verdict, 0 to 1; `None` without a pair."""
    agreement_interval: Interval | None
    """Of `agreement`."""
    kappa: float | None
    """-1 to 1, 0 is chance; `None` where it is not defined."""
    no_kappa: str | None = None
    """Why kappa is not defined."""
    kappa_interval: Interval | None
    """Of `kappa`."""
    no_interval: str | None = None
    """Why one or both intervals are missing."""
    judge_shares: dict[Verdict, float]
    """How often the judge said win, tie and loss: the prevalence behind kappa."""
    human_shares: dict[Verdict, float]
    """How often people said win, tie and loss."""


def agreement(
    judge: Sequence[Verdict],
    human: Sequence[Verdict],
    clusters: Sequence[Any],
    *,
    weights: Sequence[float] | None = None,
    seed: int,
    rounds: int = 2000,
    level: float = 0.95,
) -> Agreement:
    """Compare the verdicts pair by pair; `clusters` names the conversations, which are what is resampled.

    `weights` say how many duels a pair stands for, such as 1 / its chance to be picked (Hájek 1971): where uncertain
    duels were preferred, the agreement on those that were picked is lower than that on all of them.
    A duel that two people decided makes two pairs of one conversation. Both intervals are bootstrap intervals as in
    `bootstrap.cluster_interval`. Agreement without exception has an interval of no width, which says nothing about
    certainty (`Interval.degenerate`).
    """
    pairs = [
        (_CODES[ours], _CODES[theirs], cluster, weight)
        for ours, theirs, cluster, weight in zip(judge, human, clusters, weights or [1.0] * len(judge), strict=True)
        if ours in _CODES and theirs in _CODES
    ]
    same = [float(ours == theirs) for ours, theirs, *_ in pairs]
    names, counts = [cluster for *_, cluster, _ in pairs], [weight for *_, weight in pairs]
    tables = _tables(pairs)
    total = tables.sum(axis=0)
    kappa = _kappa(total[None, :])[0] if pairs else np.nan
    interval, problem = _kappa_interval(tables, np.random.default_rng(seed), rounds, level)
    return Agreement(
        pairs=len(pairs),
        left_out=len(judge) - len(pairs),
        conversations=len(tables),
        agreement=float(np.average(same, weights=counts)) if pairs else None,
        agreement_interval=cluster_interval(same, names, weights=counts, seed=seed, rounds=rounds, level=level),
        kappa=None if np.isnan(kappa) else float(kappa),
        no_kappa=(NO_CHOICE if pairs else "no pairs") if np.isnan(kappa) else None,
        kappa_interval=interval,
        no_interval=problem,
        judge_shares=_shares(total.reshape(3, 3).sum(axis=1)),
        human_shares=_shares(total.reshape(3, 3).sum(axis=0)),
    )


def _tables(pairs: Sequence[tuple[int, int, Any, float]]) -> Floats:
    """Count the nine combinations of verdicts, one row per conversation."""
    rows: dict[Any, int] = {}
    for *_, cluster, _ in pairs:
        rows.setdefault(cluster, len(rows))
    tables = np.zeros((len(rows), 9))
    for ours, theirs, cluster, weight in pairs:
        tables[rows[cluster], 3 * ours + theirs] += weight
    return tables


def _kappa(tables: Floats) -> Floats:
    """Return kappa of each row of nine counts, NaN where chance alone would reach full agreement."""
    shares = (tables / tables.sum(axis=1, keepdims=True)).reshape(-1, 3, 3)
    observed = np.trace(shares, axis1=1, axis2=2)
    chance = (shares.sum(axis=1) * shares.sum(axis=2)).sum(axis=1)
    undefined = chance > _CERTAIN
    kappa: Floats = np.where(undefined, np.nan, (observed - chance) / np.where(undefined, 1, 1 - chance))
    return kappa


def _kappa_interval(
    tables: Floats, rng: np.random.Generator, rounds: int, level: float
) -> tuple[Interval | None, str | None]:
    if len(tables) <= 1:
        return None, TOO_FEW
    # Conversations with equal tables are interchangeable, so kinds of them are drawn.
    kinds, counts = np.unique(tables, axis=0, return_counts=True)
    kappas = _kappa(resampled(kinds, rng, rounds, counts))
    if np.isnan(kappas).mean() > (1 - level) / 2:
        return None, RARE
    low, high = np.nanquantile(kappas, tails(level, len(tables)))
    return Interval(low=float(low), high=float(high), level=level, clusters=len(tables)), None


def _shares(counts: Floats) -> dict[Verdict, float]:
    return {verdict: float(count / (counts.sum() or 1.0)) for verdict, count in zip(_VERDICTS, counts, strict=True)}
