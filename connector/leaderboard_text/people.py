"""What people say: of the challengers, and of the judges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connector.leaderboard_text.figures import DASH, count, percent, points, size, within
from connector.leaderboard_text.main_table import label
from connector.leaderboard_text.rules import in_units
from connector.leaderboard_text.sheets import ALARM, Cell, Sheet, row
from judges.standings.agreement import Agreement
from judges.standings.bootstrap import Interval
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing

_JURY: Final = "all together"


def corrected(board: Leaderboard) -> Iterator[Sheet]:
    """Yield the win rates corrected by human labels, beside the judge's."""
    rows = [each for each in board.standings if each.human_labels or each.human_win_rate is not None]
    if rows:
        yield Sheet(
            "What do people say? (corrected by their labels, PPI++)",
            ("challenger", "labels", "judge", "corrected by people", "judge flatters by"),
            tuple(_corrected(each) for each in rows),
        )


def agreement(board: Leaderboard) -> Iterator[Sheet]:
    """Yield how far each judge agrees with people, and whether it is to be trusted."""
    rows = [_agreeing(judge.name, judge.agreement, trusted=judge.trusted) for judge in board.judges if judge.agreement]
    if board.agreement and len(board.judges) > 1:
        rows.insert(0, _agreeing(_JURY, board.agreement, trusted=board.trusted))
    if rows:
        yield Sheet(
            "Do the judges agree with people?",
            ("judge", "duels", "same verdict, %", "Cohen's kappa", "trusted"),
            tuple(rows),
            notes=tuple(_missing(board)),
        )


def _corrected(each: Standing) -> tuple[Cell, ...]:
    return row(
        label(each),
        count(each.human_labels),
        percent(each.win_rate),
        within(each.human_win_rate, each.human_low, each.human_high),
        _gap(each.human_gap, each.human_gap_error),
    )


def _gap(gap: float | None, error: float | None) -> Cell:
    if gap is None or error is None:
        return Cell(DASH)
    if abs(gap) <= error:
        return Cell(f"no more than its error ±{size(error)}", "faint")
    return Cell(f"{points(gap)} ±{size(error)} {ALARM}", "alarm")


def _agreeing(name: str, found: Agreement, *, trusted: bool | None) -> tuple[Cell, ...]:
    words = {True: Cell("yes"), False: Cell(f"UNTRUSTED {ALARM}", "alarm"), None: Cell("unknown", "faint")}
    share, kappa = found.agreement_interval, found.kappa_interval
    return row(
        name,
        count(found.pairs),
        within(found.agreement, share.low if share else None, share.high if share else None),
        _kappa(found.kappa, kappa),
        words[trusted],
    )


def _kappa(kappa: float | None, interval: Interval | None) -> str:
    if kappa is None:
        return DASH
    return f"{kappa:.2f} ({interval.low:.2f} … {interval.high:.2f})" if interval else f"{kappa:.2f}"


def _missing(board: Leaderboard) -> Iterator[str]:
    for judge in board.judges:
        if judge.agreement:
            for why in dict.fromkeys((judge.agreement.no_kappa, judge.agreement.no_interval)):
                if why:
                    yield f"{judge.name}: {in_units(board, why)}"
