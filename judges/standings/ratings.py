"""One number per name out of comparisons of any two of them.

Bradley-Terry strengths (Bradley and Terry 1952, "Rank Analysis of Incomplete Block Designs", Biometrika 39, 324-345), a
tie as half a win for both, shown as Elo: 400 · log10 of the strength, the baseline held at `ANCHOR`. Elo's own running
updates depend on the order of games and are not used. With nothing but one baseline to play against, the chance to win
against it equals the weighted mean win rate.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from judges.standings.bootstrap import TOO_FEW, Floats, tails
from judges.standings.draws import groups, resampled
from rollouts.types import Record

ANCHOR: Final = 1000.0
"""The baseline's Elo."""
NOT_CONNECTED: Final = "no chain of comparisons leads to the baseline"
ONE_WAY: Final = "some wins or losses against the others go one way only, so no finite rating fits"
NOT_CONVERGED: Final = "the fit did not settle"

_PER_NATURAL_LOG = 400 / math.log(10)
_LIMIT, _TOLERANCE = 100_000, 1e-12
_STEPS, _LONGEST, _FARTHEST = 100, 2.0, 14.0  # 14 is a chance of one in a million
_SETTLED = 1e-6
_PRIOR = 1e-9  # holds still whoever is missing from a resample; far below one comparison


class Comparison(NamedTuple):
    """Two answers to one challenge."""

    conversation_id: str
    first: str
    second: str
    worth: float
    """The share of `first`, 0 to 1."""
    weight: float = 1.0


class Rating(Record):
    """How strong one name is."""

    name: str
    conversations: int
    elo: float | None = None
    low: float | None = None
    """`None` beside a rating: no lower bound, or no interval, for the reason in `caveat`."""
    high: float | None = None
    win_probability: float | None = None
    """Against the baseline."""
    caveat: str | None = None


class _Wins(NamedTuple):
    names: list[str]
    by_group: Floats
    """Group of conversations, winner, loser."""
    conversations: list[int]


def ratings(
    found: Iterable[Comparison], *, baseline: str, seed: int, rounds: int = 2000, level: float = 0.95
) -> tuple[Rating, ...]:
    """Return the ratings, best first, those without one last, with intervals by bootstrap over conversations.

    A finite rating exists where wins lead in both directions between a name and the baseline (Ford 1957, "Solution of a
    Ranking Problem from Binary Comparisons", American Mathematical Monthly 64, 28-33). Others are named with the
    reason, and their comparisons move nobody.
    """
    rng = np.random.default_rng(seed)
    wins = _aggregated(found, baseline, rng)
    total = wins.by_group.sum(axis=0)
    reasons = _unrated(total, wins.names)
    rated = [index for index, name in enumerate(wins.names) if name not in reasons]
    strengths = _fitted(total[np.ix_(rated, rated)])
    if strengths is None:
        reasons |= {wins.names[index]: NOT_CONVERGED for index in rated}
        rated, strengths = [], np.zeros(0)
    columns = wins.by_group[:, rated][:, :, rated]
    resamples = _refitted(columns, strengths, rng, rounds)
    rows = [
        _rating(wins.names[index], wins.conversations[index], strengths[n], resamples[:, n], level)
        for n, index in enumerate(rated)
    ]
    met = dict(zip(wins.names, wins.conversations, strict=True))
    rows += [Rating(name=name, conversations=met[name], caveat=why) for name, why in reasons.items()]
    return tuple(sorted(rows, key=lambda row: (row.elo is None, -(row.elo or 0.0), row.name)))


def _aggregated(found: Iterable[Comparison], baseline: str, rng: np.random.Generator) -> _Wins:
    codes, seen = {baseline: 0}, dict[str, int]()
    places, shares = array("q"), array("d")
    for row in found:
        first, second = (codes.setdefault(name, len(codes)) for name in (row.first, row.second))
        if first != second:
            places.extend((seen.setdefault(row.conversation_id, len(seen)), first, second))
            shares.extend((row.worth * row.weight, (1 - row.worth) * row.weight))
    size, sorted_codes = len(codes), np.argsort(np.argsort(np.array(list(seen), dtype=str)))
    conversations, first_codes, second_codes = np.array(places, dtype=np.int64).reshape(-1, 3).T
    met = np.unique(np.concatenate([conversations * size + first_codes, conversations * size + second_codes])) % size
    together = groups(len(seen), rng)
    group = together[sorted_codes[conversations]] * size
    cells = np.column_stack([(group + first_codes) * size + second_codes, (group + second_codes) * size + first_codes])
    count = int(together.max(initial=-1)) + 1
    sums = np.bincount(cells.ravel(), weights=np.array(shares), minlength=count * size * size).astype(np.float64)
    return _Wins(list(codes), sums.reshape(count, size, size), np.bincount(met, minlength=size).tolist())


def _unrated(total: Floats, names: list[str]) -> dict[str, str]:
    """Return who has no finite rating beside the baseline, the first name, and why."""
    reach, linked = _reach(total > 0), _reach((total + total.T) > 0)
    mutual = reach[0] & reach[:, 0]
    return {
        name: ONE_WAY if linked[0, index] else NOT_CONNECTED for index, name in enumerate(names) if not mutual[index]
    }


def _reach(edges: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return who can be reached from whom, by squaring."""
    paths = edges | np.eye(len(edges), dtype=np.bool_)
    for _ in range(len(edges).bit_length()):
        paths = paths @ paths
    return paths


def _fitted(wins: Floats) -> Floats | None:
    """Return the log strengths against the first name, or `None` if the fit did not settle.

    evalica's iteration is that of Newman 2023, "Efficient Computation of Rankings from Pairwise Comparisons", JMLR 24;
    it says nothing when it stops at its limit.
    """
    if len(wins) < 2:  # noqa: PLR2004 - a comparison takes two
        return np.zeros(len(wins))
    import evalica  # noqa: PLC0415 - takes seconds, and brings pandas

    winners, losers = np.nonzero(wins)
    result = evalica.bradley_terry(
        winners.tolist(),
        losers.tolist(),
        [evalica.Winner.X] * len(winners),
        weights=wins[winners, losers].tolist(),
        tolerance=_TOLERANCE,
        limit=_LIMIT,
    )
    if result.iterations >= _LIMIT:
        return None
    strengths = np.log(np.array([float(result.scores[index]) for index in range(len(wins))]))
    return np.asarray(strengths - strengths[0], dtype=np.float64)


def _refitted(columns: Floats, start: Floats, rng: np.random.Generator, rounds: int) -> Floats:
    """Return the log strengths of each resample: all of them at once by Newton's method, from the fit of everything."""
    if len(columns) == 0 or len(start) <= 1:
        return np.zeros((rounds, len(start)))
    wins = resampled(columns.reshape(len(columns), -1), rng, rounds).reshape(rounds, len(start), len(start))
    games, won, strengths = wins + wins.transpose(0, 2, 1), wins.sum(axis=2), np.tile(start, (rounds, 1))
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(strengths[:, None, :] - strengths[:, :, None]))
        slope = won - (games * chances).sum(axis=2) - _PRIOR * (strengths - start)
        curve = -games * chances * (1 - chances)
        diagonal = np.arange(len(start))
        curve[:, diagonal, diagonal] -= curve.sum(axis=2) - _PRIOR
        step = np.linalg.solve(curve[:, 1:, 1:], slope[:, 1:, None])[:, :, 0].clip(-_LONGEST, _LONGEST)
        moved = (strengths[:, 1:] + step).clip(-_FARTHEST, _FARTHEST)
        settled = np.abs(moved - strengths[:, 1:]).max() < _SETTLED
        strengths[:, 1:] = moved
        if settled:
            break
    return strengths


def _rating(name: str, conversations: int, strength: float, resamples: Floats, level: float) -> Rating:
    rating = Rating(
        name=name,
        conversations=conversations,
        elo=ANCHOR + _PER_NATURAL_LOG * float(strength),
        win_probability=1 / (1 + math.exp(-strength)),
        caveat=TOO_FEW if conversations <= 1 else None,
    )
    if rating.caveat:
        return rating
    low, high = (_elo(float(bound)) for bound in np.quantile(resamples, tails(level, conversations)))
    return rating.model_copy(update={"low": low, "high": high})


def _elo(strength: float) -> float | None:
    """Return the Elo of a bound; `None` where the resamples went as far as they were let."""
    return ANCHOR + _PER_NATURAL_LOG * strength if abs(strength) < _FARTHEST - 1 else None
