"""How good the answers are, once length and style count for nothing; how sure that is; and what is in no average."""

from __future__ import annotations

from collections.abc import Iterator

from connector.leaderboard_text.figures import DASH, count, elo, percent, size, within
from connector.leaderboard_text.main_table import label
from connector.leaderboard_text.rules import challengers, in_units
from connector.leaderboard_text.sheets import Cell, Sheet, alarming, grounds, row
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing

_MANY_LEFT_OUT = 0.05
"""From here on, what is in no average could turn it."""


def equal_terms(board: Leaderboard) -> Iterator[Sheet]:
    """Yield the win rates that do not reward length or markup, and the ratings."""
    rows = [each for each in board.standings if _controlled(each) or each.elo is not None]
    if any(_controlled(each) or not each.baseline for each in rows):
        yield Sheet(
            "Quality at equal length and style, and Elo (production at 1000)",
            ("challenger", "as judged", "equal length", "equal style and length", "Elo"),
            tuple(_equal(each) for each in rows),
            notes=tuple(
                f"{each.challenger}: no rating, {in_units(board, each.no_elo)}"
                for each in board.standings
                if each.no_elo
            ),
        )


def certainty(board: Leaderboard) -> Iterator[Sheet]:
    """Yield how small a difference each row would show, and what more certainty takes."""
    rows = [each for each in challengers(board) if each.turns]
    if rows:
        yield Sheet(
            "How sure is this?",
            ("challenger", f"{board.unit}s", "± points", "shows from, points", _wish(board)),
            tuple(_sure(each) for each in rows),
            notes=tuple(
                f"{each.challenger}: {in_units(board, why)}"
                for each in rows
                for why in (each.no_interval, each.caveat)
                if why
            ),
        )


def left_out(board: Leaderboard) -> Iterator[Sheet]:
    """Yield what is in no average, and how often the rounds of a judgment name one winner."""
    rows = [each for each in challengers(board) if _asked(each)]
    if rows:
        yield Sheet(
            "What is in no average, and do both rounds name one winner?",
            ("challenger", "asked", "unreadable", "failed", "identical", "rounds agree"),
            tuple(_left_out(each) for each in rows),
        )


def _controlled(standing: Standing) -> bool:
    return standing.style_win_rate is not None or standing.length_win_rate is not None


def _equal(each: Standing) -> tuple[Cell, ...]:
    return row(
        label(each),
        percent(each.win_rate),
        within(each.length_win_rate, each.length_low, each.length_high),
        within(each.style_win_rate, each.style_low, each.style_high),
        elo(each.elo, None, None) if each.baseline else elo(each.elo, each.elo_low, each.elo_high),
    )


def _wish(board: Leaderboard) -> str:
    return f"more for ±{100 * board.precision:g} points"


def _sure(each: Standing) -> tuple[Cell, ...]:
    half = None if each.low is None or each.high is None else (each.high - each.low) / 2
    return row(
        label(each),
        grounds(count(each.conversations), small=each.small),
        size(half),
        size(each.detectable),
        DASH if each.more_conversations is None else count(each.more_conversations),
    )


def _asked(each: Standing) -> int:
    return each.turns + each.unreadable + each.failed


def _left_out(each: Standing) -> tuple[Cell, ...]:
    asked = _asked(each)
    return row(
        label(each),
        count(asked),
        _part(each.unreadable, asked),
        _part(each.failed, asked),
        count(each.identical),
        percent(each.round_agreement),
    )


def _part(number: int, asked: int) -> Cell:
    return alarming(f"{count(number)} ({percent(number / asked)})", alarm=number / asked >= _MANY_LEFT_OUT)
