"""Who could take over, at what cost and speed: the table to begin with."""

from __future__ import annotations

from connector.leaderboard_text.figures import DASH, bounds, count, dollars, percent, places, seconds
from connector.leaderboard_text.rules import level, rests
from connector.leaderboard_text.sheets import CONTROL, Cell, Sheet, grounds, row
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing


def title(board: Leaderboard) -> str:
    """Name the leaderboard by its epoch."""
    return f"Understudy leaderboard {board.epoch or 'of all epochs'}"


def main_table(board: Leaderboard) -> Sheet:
    """Return one row per standing, best first."""
    columns = ("challenger", "win rate", f"{level(board)} interval", "rank", "w/t/l", rests(board), "$/1k", "p50/p95 s")
    return Sheet(title(board), columns, tuple(_row(standing) for standing in board.standings))


def label(standing: Standing) -> str:
    """Return the challenger's name, marked where it is the control."""
    return f"{standing.challenger} {CONTROL}" if standing.control else standing.challenger


def _row(standing: Standing) -> tuple[Cell, ...]:
    name, spent = label(standing), dollars(standing.cost_per_1000_turns_usd)
    ranked, times = places(standing.rank_best, standing.rank_worst), _times(standing)
    if standing.baseline:
        return tuple(Cell(text, "faint") for text in (name, "50.0 %", DASH, ranked, DASH, DASH, spent, times))
    return row(
        Cell(name, "strong"),
        percent(standing.win_rate),
        bounds(standing.low, standing.high),
        ranked,
        f"{count(standing.wins)}/{count(standing.ties)}/{count(standing.losses)}",
        grounds(f"{count(standing.turns)}/{count(standing.conversations)}", small=standing.small),
        spent,
        times,
    )


def _times(standing: Standing) -> str:
    if standing.p50_latency_s is None and standing.p95_latency_s is None:
        return DASH
    return f"{seconds(standing.p50_latency_s)}/{seconds(standing.p95_latency_s)}"
