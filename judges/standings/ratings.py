"""One number per name out of comparisons of any two of them.

Bradley-Terry strengths (Bradley and Terry 1952, "Rank Analysis of Incomplete Block Designs", Biometrika 39, 324-345), a
tie as half a win for both, shown as Elo: 400 · log10 of the strength, the baseline held at `ANCHOR`. Elo's own running
updates depend on the order of games and are not used. With nothing but one baseline to play against, the chance to win
against it equals the weighted mean win rate.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from judges.standings.bootstrap import TOO_FEW, tails
from judges.standings.draws import groups, resampled
from judges.standings.spread import Floats, drawn
from judges.standings.tables import Codes
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
_CELLS = 1_000_000  # of each matrix over resamples, 8 MB
_PRIOR = 1e-9  # holds still whoever is missing from a resample; far below one comparison


class Comparisons(NamedTuple):
    """Two answers to one challenge each, in columns."""

    names: tuple[str, ...]
    conversations: Codes
    firsts: Codes
    """Places in `names`, as in `seconds`."""
    seconds: Codes
    worths: Floats
    """The share of the first, 0 to 1."""
    weights: Floats
    traffic: Floats
    """That part of the weights which unequal chances of being drawn make."""


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
    effective: list[int]
    """As many, all drawn with the same chance, would tell as much."""


def ratings(
    found: Comparisons, *, baseline: str, seed: int, rounds: int = 2000, level: float = 0.95
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
    rows = [_rating(wins, index, strengths[n], resamples[:, n], level) for n, index in enumerate(rated)]
    met = dict(zip(wins.names, wins.conversations, strict=True))
    rows += [Rating(name=name, conversations=met[name], caveat=why) for name, why in reasons.items()]
    return tuple(sorted(rows, key=lambda row: (row.elo is None, -(row.elo or 0.0), row.name)))


def _aggregated(found: Comparisons, baseline: str, rng: np.random.Generator) -> _Wins:
    """Add up by group of conversations; the baseline comes first, and nobody meets himself."""
    names = [baseline, *(name for name in found.names if name != baseline)]
    codes = np.array([names.index(name) for name in found.names], dtype=np.int64)
    real = found.firsts != found.seconds
    firsts, seconds = codes[found.firsts[real]], codes[found.seconds[real]]
    seen, conversations = np.unique(found.conversations[real], return_inverse=True)
    size, together = len(names), groups(len(seen), rng)
    met = np.unique(np.concatenate([conversations * size + firsts, conversations * size + seconds])) % size
    group, count = together[conversations] * size, int(together.max(initial=-1)) + 1
    sums = np.zeros(count * size * size)
    for one, other, worths in ((firsts, seconds, found.worths), (seconds, firsts, 1 - found.worths)):
        won = (worths * found.weights)[real]
        sums += np.bincount((group + one) * size + other, weights=won, minlength=len(sums))
    numbers: list[int] = np.bincount(met, minlength=size).tolist()
    effective = [
        drawn(found.traffic[real][(firsts == name) | (seconds == name)]).worth(number)
        for name, number in enumerate(numbers)
    ]
    return _Wins(names, sums.reshape(count, size, size), numbers, effective)


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

    Where nobody has met anybody but the first, the fit is known: the log odds of winning against it.
    """
    if not wins[1:, 1:].any():
        return np.concatenate([[0.0], np.log(wins[1:, 0] / wins[0, 1:])])
    return _iterated(wins)


def _iterated(wins: Floats) -> Floats | None:
    """Fit by evalica, which says nothing when it stops at its limit.

    Its iteration is that of Newman 2023, "Efficient Computation of Rankings from Pairwise Comparisons", JMLR 24.
    """
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
    """Return the log strengths of each resample, so many at a time that memory stays bounded."""
    if len(columns) == 0 or len(start) <= 1:
        return np.zeros((rounds, len(start)))
    chunk = max(1, _CELLS // len(start) ** 2)
    flat, refitted = columns.reshape(len(columns), -1), []
    for done in range(0, rounds, chunk):
        wins = resampled(flat, rng, min(chunk, rounds - done))
        refitted.append(_climbed(wins.reshape(-1, *columns.shape[1:]), start))
    return np.concatenate(refitted)


def _climbed(wins: Floats, start: Floats) -> Floats:
    """Return the log strengths that fit each row of `wins`, by Newton's method from the fit of everything."""
    games, won, strengths = wins + wins.transpose(0, 2, 1), wins.sum(axis=2), np.tile(start, (len(wins), 1))
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


def _rating(wins: _Wins, index: int, strength: float, resamples: Floats, level: float) -> Rating:
    rating = Rating(
        name=wins.names[index],
        conversations=wins.conversations[index],
        elo=ANCHOR + _PER_NATURAL_LOG * float(strength),
        win_probability=1 / (1 + math.exp(-strength)),
        caveat=TOO_FEW if wins.conversations[index] <= 1 else None,
    )
    if rating.caveat:
        return rating
    low, high = (_elo(float(bound)) for bound in np.quantile(resamples, tails(level, max(2, wins.effective[index]))))
    return rating.model_copy(update={"low": low, "high": high})


def _elo(strength: float) -> float | None:
    """Return the Elo of a bound; `None` where the resamples went as far as they were let."""
    return ANCHOR + _PER_NATURAL_LOG * strength if abs(strength) < _FARTHEST - 1 else None
