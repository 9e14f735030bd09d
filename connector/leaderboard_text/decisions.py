"""All that counts for a decision, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connector.leaderboard_text.figures import DASH, dollars, percent, seconds
from connector.leaderboard_text.main_table import label
from connector.leaderboard_text.sheets import Cell, Sheet, row
from judges.standings.decision import Switching, Weights
from judges.standings.leaderboard import Leaderboard, Standing

_READING: Final = "weighted: production stands at 50 %; Pareto: whether nobody beats it in all four figures"
_HEADS: Final = ("win rate", "good calls", "$/1k", "p95 s")


def decisions(board: Leaderboard) -> Iterator[Sheet]:
    """Yield the decision matrix, where anything of it is known; each head bears the weight of its figure."""
    if any(each.weighted is not None or each.pareto is not None or each.switching for each in board.standings):
        asked = board.weights
        yield Sheet(
            "Whom to take?",
            ("challenger", *_weighted_heads(asked), "weighted", "Pareto", "switching"),
            tuple(_row(each) for each in board.standings),
            notes=(_READING,),
        )


def _weighted_heads(asked: Weights | None) -> tuple[str, ...]:
    if asked is None:
        return _HEADS
    each = (asked.quality, asked.tool_validity, asked.cost, asked.latency)
    return tuple(f"{head} ×{weight:g}" for head, weight in zip(_HEADS, each, strict=True))  # noqa: RUF001


def _row(each: Standing) -> tuple[Cell, ...]:
    return row(
        Cell(label(each), "strong") if each.pareto else label(each),
        percent(each.win_rate),
        percent(each.tool_validity),
        dollars(each.cost_per_1000_turns_usd),
        seconds(each.p95_latency_s),
        percent(each.weighted),
        DASH if each.pareto is None else "yes" if each.pareto else "no",
        _switching(each.switching),
    )


def _switching(switching: Switching | None) -> Cell:
    if switching is None:
        return Cell("")
    return Cell(switching.value, "strong" if switching is Switching.SUPPORTED else "plain")
