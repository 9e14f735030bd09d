"""All that counts for a decision, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from connector.leaderboard_text.figures import DASH, dollars, percent, seconds
from connector.leaderboard_text.main_table import label
from connector.leaderboard_text.sheets import Cell, Sheet, row
from judges.standings.decision import Switching, Weights
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing

_PAR: Final = 0.5
_READING: Final = (
    "calls: the share of tool calls that are good; hard: the win rate in the adversarial tier",
    "weighted: production stands at 50 %; Pareto: whether nobody beats it in all of these figures",
    "weighted and switching go by cost and p95 beside production's own on the same turns",
)


def decisions(board: Leaderboard) -> Iterator[Sheet]:
    """Yield the decision matrix, where anything of it is known; each head bears the weight of its figure."""
    if any(each.weighted is not None or each.pareto is not None or each.switching for each in board.standings):
        hard = {each.challenger: each.win_rate for each in board.tiers if each.tier == "adversarial"}
        yield Sheet(
            "Whom to take?",
            ("challenger", *_heads(board.weights, hard=bool(hard)), "weighted", "Pareto", "switching"),
            tuple(_row(each, hard) for each in board.standings),
            notes=_READING,
        )


def _heads(asked: Weights, *, hard: bool) -> tuple[str, ...]:
    heads = (
        ("win rate", asked.quality),
        ("calls", asked.tool_validity),
        *((("hard", asked.adversarial),) if hard else ()),
        ("$/1k", asked.cost),
        ("p50/p95 s", asked.latency),
    )
    return tuple(f"{head} ×{weight:g}" for head, weight in heads)  # noqa: RUF001


def _row(each: Standing, hard: Mapping[str, float | None]) -> tuple[Cell, ...]:
    return row(
        Cell(label(each), "strong") if each.pareto else label(each),
        percent(each.win_rate),
        percent(each.tool_validity),
        *([percent(_PAR if each.baseline else hard.get(each.challenger))] if hard else []),
        dollars(each.cost_per_1000_turns_usd),
        f"{seconds(each.p50_latency_s)}/{seconds(each.p95_latency_s)}",
        percent(each.weighted),
        DASH if each.pareto is None else "yes" if each.pareto else "no",
        _switching(each.switching),
    )


def _switching(switching: Switching | None) -> Cell:
    if switching is None:
        return Cell("")
    return Cell(switching.value, "strong" if switching is Switching.SUPPORTED else "plain")
