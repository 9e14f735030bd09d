"""A jury without the judges that people do not agree with, from what the others said; nobody is asked again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from judges.standings.leaderboard import Seen
from judges.standings.opinions import Opinions
from judges.standings.pooling import pooled
from judges.standings.spread import Floats
from judges.standings.tables import VERDICTS, Columns
from judges.standings.terms import Bench
from judges.types import Verdict

Kind = TypeVar("Kind", np.float64, np.float32, np.int8)

_EVEN, _ROUNDING = 0.5, 1e-9


def distrusted(seen: Sequence[Seen]) -> tuple[str, ...]:
    """Return the versions of a jury's judges that are not trusted; none where nobody else would be left."""
    found = tuple(each.judge for each in seen if each.trusted is False)
    return found if len(found) < len(seen) else ()


def without(columns: Columns, opinions: Opinions, aside: Collection[str], bench: Bench) -> Columns:
    """Return `columns` with the verdicts of the jury's other judges, under its own rule.

    The quorum is lowered by those who sat and are set aside. Verdicts that nobody was asked for stay.
    """
    rest = [place for place, judge in enumerate(opinions.judges) if judge not in aside]
    gone = opinions.sat.sum(axis=1) - opinions.sat[:, rest].sum(axis=1)
    quorum = np.maximum(1, bench.quorum - gone)
    scores = pooled(opinions.scores[:, rest], opinions.verdicts[:, rest], bench.rule, quorum)
    duels, places = columns.duels, _places(columns, opinions)
    return columns._replace(
        duels=duels._replace(
            scores=_with(duels.scores, places, scores),
            won=_with(duels.won, places, _shared(opinions.won[:, rest], scores)),
            battles=_with(duels.battles, places, _shared(opinions.battles[:, rest], scores)),
            verdicts=_with(duels.verdicts, places, _verdicts(scores)),
            consistent=_with(duels.consistent, places, _consistent(opinions.consistent[:, rest])),
        )
    )


def _places(columns: Columns, opinions: Opinions) -> npt.NDArray[np.intp]:
    """Return where each row of `opinions` stands among the duels; both are sorted alike."""
    size = len(columns.challenges)
    duels, said = (table.challengers.astype(np.int64) * size + table.challenges for table in (columns.duels, opinions))
    return np.searchsorted(duels, said)


def _with(column: npt.NDArray[Kind], places: npt.NDArray[np.intp], values: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    changed = column.copy()
    changed[places] = values
    return changed


def _shared(fought: Floats, scores: Floats) -> Floats:
    """Return the battles of judges who share one vote, as `scales.fought_in` does."""
    count = np.isfinite(fought).sum(axis=1)
    mean = np.nansum(fought, axis=1) / np.maximum(1, count)
    return np.where(np.isfinite(scores) & (count > 0), mean, np.nan)


def _verdicts(scores: Floats) -> npt.NDArray[np.int8]:
    codes = {verdict: code for code, verdict in enumerate(VERDICTS)}
    tie, above = np.abs(scores - _EVEN) < _ROUNDING, scores > _EVEN
    found = np.where(tie, codes[Verdict.TIE], np.where(above, codes[Verdict.WIN], codes[Verdict.LOSS]))
    return np.where(np.isfinite(scores), found, codes[Verdict.UNREADABLE]).astype(np.int8)


def _consistent(minds: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return whether all are of one mind; NaN where none can tell."""
    known = np.isfinite(minds)
    return np.where(known.any(axis=1), np.where(known, minds, 1).min(axis=1, initial=1), np.nan).astype(np.float32)
