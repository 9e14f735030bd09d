"""What the planned money will tell: how wide the intervals will be, and how far each budget reaches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from connector.planning.plan import Line, Reach, Width
from connector.planning.reckoning import Load
from judges.standings.bootstrap import student
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing
from rollouts.ledger import dollars
from rollouts.windows import WindowState

WIDEST: Final = 0.5
"""No scores from 0 to 1 spread wider: Popoviciu 1935, "Sur les équations algébriques ayant toutes leurs racines
réelles", Mathematica 9, 129-145. It stands in where nothing was judged yet."""
_FEWEST = 2


def widths(
    loads: Iterable[Load], judged: Mapping[str, frozenset[str]], board: Leaderboard, challengers: Iterable[str]
) -> list[Width]:
    """Return what to expect of each challenger; `judged` are the conversations that its win rate rests on today.

    That win rate is of the fresh tier: what is asked in the others moves figures of their own.
    """
    coming = {name: set[str]() for name in challengers}
    for load in loads:
        if load.tier == "fresh":
            coming[load.challenger].add(load.conversation)
    rows = {row.challenger: row for row in board.standings}
    return [_width(name, len(fresh - judged[name]), rows.get(name), board.level) for name, fresh in coming.items()]


def _width(challenger: str, fresh: int, row: Standing | None, level: float) -> Width:
    judged = row.conversations if row else 0
    spread = _spread(row, level)
    known = WIDEST if spread is None else spread
    return Width(
        challenger=challenger,
        judged=judged,
        fresh=fresh,
        half_width=half_width(known, judged + fresh, level),
        assumed=spread is None,
    )


def _spread(row: Standing | None, level: float) -> float | None:
    """Return the spread of conversations that the interval of today speaks of."""
    if row is None or row.low is None or row.high is None or row.conversations < _FEWEST or row.high <= row.low:
        return None
    found = (row.high - row.low) / 2 * math.sqrt(row.conversations) / student(0.5 + level / 2, row.conversations - 1)
    return min(found, WIDEST)


def half_width(spread: float, conversations: int, level: float = 0.95) -> float | None:
    """Return t · spread / √n, t with n-1 degrees of freedom (Cochran 1977, chapter 4); at most one half."""
    if conversations < _FEWEST:
        return None
    return min(0.5, student(0.5 + level / 2, conversations - 1) * spread / math.sqrt(conversations))


def reaches(windows: Iterable[WindowState], lines: Sequence[Line], duels: int) -> list[Reach]:
    """Return how far each limit reaches."""
    return [
        Reach(
            window=window.name,
            left_usd=dollars(window.left or 0),
            limit_usd=dollars(window.limit or 0),
            pays_for=_pays_for(window, lines, duels),
        )
        for window in windows
    ]


def _pays_for(window: WindowState, lines: Sequence[Line], duels: int) -> int | None:
    costs = [line.expected_usd for line in lines if window.model in {None, line.model}]
    if not duels or any(usd is None for usd in costs):
        return None
    whole = sum(usd or 0.0 for usd in costs)
    return int(dollars(window.left or 0) / (whole / duels)) if whole else None
