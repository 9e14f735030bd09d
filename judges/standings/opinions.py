"""What single judges said, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from judges.standings.outcomes import Opinion
from judges.standings.spread import Floats
from judges.standings.tables import VERDICTS, Codes, Columns

_COLUMNS: Final = 8  # of the table that opinions are first read into
_AT_ONCE: Final = 10_000  # opinions that are Python objects at the same time
_VERDICT_CODES: Final = {verdict: code for code, verdict in enumerate(VERDICTS)}


class Opinions(NamedTuple):
    """Duels, and what every judge said of each: a column a judge, where NaN and -1 are a judge that did not sit."""

    judges: tuple[str, ...]
    challengers: Codes
    challenges: Codes
    scores: Floats
    """NaN also where the judge could not be read."""
    verdicts: npt.NDArray[np.int8]
    """Places in `VERDICTS`."""
    consistent: npt.NDArray[np.float32]
    seat_biases: npt.NDArray[np.float32]
    won: Floats
    """On the scale `weight_3`."""
    battles: Floats

    @property
    def sat(self) -> npt.NDArray[np.bool_]:
        """Which judge sat on which duel."""
        return self.verdicts >= 0


def heard(columns: Columns, opinions: Iterable[Opinion]) -> Opinions:
    """Read `opinions` once; their order changes nothing. Those on duels of other leaderboards are no matter here."""
    judges: dict[str, int] = {}
    codes = columns.codes
    blocks = [np.empty((0, _COLUMNS))]
    for rows in _blocks(opinions):
        known = [
            (
                codes[row.challenger] * len(columns.challenges) + columns.challenges[row.challenge_id],
                judges.setdefault(row.judge, len(judges)),
                _VERDICT_CODES[row.verdict],
                row.score,
                row.consistent,
                row.seat_bias,
                row.won,
                row.battles,
            )
            for row in rows
            if row.challenger in codes and row.challenge_id in columns.challenges
        ]
        blocks.append(np.array(known, dtype=np.float64).reshape(-1, _COLUMNS))
    table = np.concatenate(blocks)
    duels, places = np.unique(table[:, 0].astype(np.int64), return_inverse=True)
    order = sorted(judges)
    seats = np.array([order.index(judge) for judge in judges], dtype=np.intp)[table[:, 1].astype(np.intp)]
    spread_out = np.full((_COLUMNS - 2, len(duels), len(judges)), np.nan)
    spread_out[:, places, seats] = table[:, 2:].T
    return Opinions(
        judges=tuple(order),
        challengers=(duels // max(1, len(columns.challenges))).astype(np.int32),
        challenges=(duels % max(1, len(columns.challenges))).astype(np.int32),
        scores=spread_out[1],
        verdicts=np.nan_to_num(spread_out[0], nan=-1).astype(np.int8),
        consistent=spread_out[2].astype(np.float32),
        seat_biases=spread_out[3].astype(np.float32),
        won=spread_out[4],
        battles=spread_out[5],
    )


def lone(columns: Columns, judge: str) -> Opinions:
    """Return the leaderboard's own verdicts as those of its one `judge`, who was not asked about identical answers."""
    duels = columns.duels
    asked = np.flatnonzero((duels.verdicts >= 0) & ~duels.identical)
    return Opinions(
        judges=(judge,) if len(asked) else (),
        challengers=duels.challengers[asked],
        challenges=duels.challenges[asked],
        scores=duels.scores[asked, None],
        verdicts=duels.verdicts[asked, None],
        consistent=duels.consistent[asked, None],
        seat_biases=np.full((len(asked), 1), np.nan, dtype=np.float32),
        won=duels.won[asked, None],
        battles=duels.battles[asked, None],
    )


def _blocks(opinions: Iterable[Opinion]) -> Iterator[list[Opinion]]:
    left = iter(opinions)
    while some := list(islice(left, _AT_ONCE)):
        yield some
