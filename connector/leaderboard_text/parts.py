"""Where a challenger does better or worse: its win rate by part of the traffic."""

from __future__ import annotations

from collections.abc import Iterator

from connector.leaderboard_text.figures import bounds, chance, count, percent
from connector.leaderboard_text.rules import alpha, level, rests
from connector.leaderboard_text.sheets import DISTINCT, FEW, Cell, Sheet
from judges.standings.leaderboard import Leaderboard, Slice


def parts(board: Leaderboard) -> Iterator[Sheet]:
    """Yield one table per dimension, slice by slice: small ones faint, those that differ from the rest strong."""
    places = {each.challenger: place for place, each in enumerate(board.standings)}
    values = {pair: place for place, pair in enumerate(dict.fromkeys((s.dimension, s.value) for s in board.slices))}
    ordered = sorted(board.slices, key=lambda s: (values[s.dimension, s.value], places.get(s.challenger, 0)))
    for dimension in dict.fromkeys(each.dimension for each in ordered):
        yield Sheet(
            f"By {dimension}: does it differ from the rest?",
            (dimension, "challenger", "win rate", f"{level(board)} interval", "p (Holm)", rests(board)),
            tuple(_row(each, alpha(board)) for each in ordered if each.dimension == dimension),
            names=2,
        )


def _row(each: Slice, most: float) -> tuple[Cell, ...]:
    distinct = each.adjusted is not None and each.adjusted <= most
    figures = (
        each.value,
        each.challenger,
        f"{percent(each.win_rate)}{DISTINCT if distinct else ''}",
        bounds(each.low, each.high),
        chance(each.adjusted),
        f"{count(each.turns)}/{count(each.conversations)}{FEW if each.small else ''}",
    )
    return tuple(Cell(text, "strong" if distinct else "faint" if each.small else "plain") for text in figures)
