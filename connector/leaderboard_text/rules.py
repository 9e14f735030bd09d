"""By which rules a leaderboard was reckoned, as far as it tells."""

from __future__ import annotations

from typing import Final

from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing

_SCALES: Final = {
    "sevenths": "a label is worth 1, 6/7, 1/2, 1/7 or 0, and a judgment the mean of its rounds",
    "weight_3": "each round is a battle, and one that says `much better` counts as three (Arena-Hard)",
    "points": "one half plus half the difference of the two answers' grades",
    "ranks": "a place above production's answer is 1, below it 0, in the mean of all rounds",
}

_SHORT: Final = {"conversation": "conv", "session": "sess", "user": "user"}


def scale(board: Leaderboard) -> str:
    """Say what the scale is."""
    return f"{board.scale}: {_SCALES[board.scale]}"


def level(board: Leaderboard) -> str:
    """Write the level of all intervals."""
    return f"{100 * board.level:g} %"


def alpha(board: Leaderboard) -> float:
    """Return the adjusted p-value up to which a difference counts as one."""
    return 1 - board.level + 1e-12


def rests(board: Leaderboard) -> str:
    """Head the column of what figures rest on."""
    return f"turns/{_SHORT[board.unit]}"


def in_units(board: Leaderboard, text: str) -> str:
    """Return what was said of conversations in the words of what was resampled."""
    return text.replace("conversation", board.unit)


def challengers(board: Leaderboard) -> list[Standing]:
    """Return all rows but production's own."""
    return [row for row in board.standings if not row.baseline]
