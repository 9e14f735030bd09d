"""Who is better than whom: paired differences, and every two of them head to head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connector.leaderboard_text.figures import DASH, bounds, chance, count, percent, points, size
from connector.leaderboard_text.fitting import least_width
from connector.leaderboard_text.rules import alpha, in_units, level, rests
from connector.leaderboard_text.sheets import DISTINCT, Cell, Sheet, grounds, row
from judges.standings.leaderboard import Leaderboard, Meeting
from judges.standings.pairs import Difference

WIDTH = 100
"""Columns of a terminal: a matrix that is wider is shown as a list."""

_RECKONED = "≈ nobody compared the two: reckoned from how each does against production"


def differences(board: Leaderboard) -> Iterator[Sheet]:
    """Yield every two rows on the turns that both answered."""
    if board.differences:
        caveats = Counter(filter(None, map(_caveat, board.differences)))
        columns = ("first", "second", "ahead by", f"{level(board)} interval", "p (Holm)", rests(board), "shows from")
        yield Sheet(
            "Who is better than whom, in points, on the turns that both answered?",
            columns,
            tuple(_difference(each, alpha(board)) for each in board.differences),
            names=2,
            notes=tuple(
                f"{number} pair{'s' * (number > 1)}: {in_units(board, caveat)}" for caveat, number in caveats.items()
            ),
        )


def meetings(board: Leaderboard) -> Iterator[Sheet]:
    """Yield the head-to-head matrix, or a list where it would be too wide."""
    if board.meetings:
        matrix = _matrix(board)
        yield matrix if least_width(matrix) <= WIDTH else _list(board)


def _caveat(each: Difference) -> str | None:
    """Return what the mark of few conversations does not say."""
    return each.caveat if each.low is None or not each.small else None


def _difference(each: Difference, most: float) -> tuple[Cell, ...]:
    distinct = each.adjusted is not None and each.adjusted <= most
    ahead = points(each.difference)
    return row(
        each.first,
        each.second,
        Cell(f"{ahead}{DISTINCT}", "strong") if distinct else ahead,
        bounds(each.low, each.high),
        chance(each.adjusted),
        grounds(f"{count(each.challenges)}/{count(each.conversations)}", small=each.small),
        size(each.detectable),
    )


def _matrix(board: Leaderboard) -> Sheet:
    met = {name for each in board.meetings for name in (each.first, each.second)}
    names = [row.challenger for row in board.standings if row.challenger in met]
    names += sorted(met.difference(names))
    cells = {(each.first, each.second): _share(each) for each in board.meetings}
    cells |= {(each.second, each.first): _share(_turned(each)) for each in board.meetings}
    rows = (
        row(
            name,
            f"#{number}",
            *(Cell("·") if other == name else cells.get((name, other), Cell(DASH)) for other in names),
        )
        for number, name in enumerate(names, 1)
    )
    heads = ("row against column, %", "", *(f"#{number}" for number in range(1, len(names) + 1)))
    return Sheet("Head to head", heads, tuple(rows), notes=_notes(board))


def _list(board: Leaderboard) -> Sheet:
    rows = (row(each.first, each.second, _share(each), count(each.turns)) for each in board.meetings)
    columns = ("first", "second", "first gets, %", "turns")
    return Sheet("Head to head", columns, tuple(rows), names=2, notes=_notes(board))


def _notes(board: Leaderboard) -> tuple[str, ...]:
    return () if all(each.direct for each in board.meetings) else (_RECKONED,)


def _share(each: Meeting) -> Cell:
    if each.share is None:
        return Cell(DASH)
    return Cell(f"{'' if each.direct else '≈'}{percent(each.share)[:-2]}", heat=each.share)


def _turned(each: Meeting) -> Meeting:
    share = None if each.share is None else 1 - each.share
    return each.model_copy(update={"first": each.second, "second": each.first, "share": share})
