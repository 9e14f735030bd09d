"""How each challenger does in each tier, and in all of them together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connector.leaderboard_text.figures import DASH, count, within
from connector.leaderboard_text.main_table import label
from connector.leaderboard_text.rules import challengers, level, rests
from connector.leaderboard_text.sheets import Cell, Sheet, grounds, row
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing
from judges.standings.tiers import TIER_WEIGHTS, TierStanding

_FIGURES: Final = ("turns", "conversations", "win_rate", "low", "high", "held", "held_low", "held_high")
_HELD: Final = ("held", "held_low", "held_high")
_READING: Final = (
    "held: the share of turns in which it is at least as good, a tie or better",
    "together: the mean of the win rates by the weights of the tiers; all other tables are of the fresh tier alone",
)


def tiers(board: Leaderboard) -> Iterator[Sheet]:
    """Yield every challenger tier by tier, where there is more than the fresh one."""
    if any(each.tier != "fresh" for each in board.tiers):
        yield Sheet(
            f"How does each do in each tier? ({level(board)} intervals)",
            ("challenger", "tier", "weight", "win rate", "held", rests(board)),
            tuple(line for standing in challengers(board) for line in _lines(board, standing)),
            names=2,
            notes=_READING,
        )


def tier_figures(board: Leaderboard, challenger: str) -> dict[str, float | None]:
    """Return the figures of one challenger in all tiers by their `tier_figure_names`; `None` is unknown."""
    known = {each.tier: each for each in board.tiers if each.challenger == challenger}
    found = ((name, tier, figure) for name, (tier, figure) in _names().items())
    return {name: getattr(known[tier], figure) if tier in known else None for name, tier, figure in found}


def tier_figure_names() -> tuple[str, ...]:
    """Return `golden_held`, `adversarial_win_rate` and so on: a tier and a field of its `TierStanding`.

    The fresh tier's win rate is that of the challenger's standing, so of that tier only what is held is named.
    """
    return tuple(_names())


def no_traffic(board: Leaderboard) -> bool:
    """Whether only tiers are known that stand for no traffic."""
    return bool(board.tiers) and all(each.tier != "fresh" for each in board.tiers)


def _names() -> dict[str, tuple[str, str]]:
    return {
        f"{tier}_{figure}": (tier, figure)
        for tier in TIER_WEIGHTS
        for figure in (_HELD if tier == "fresh" else _FIGURES)
    }


def _lines(board: Leaderboard, standing: Standing) -> Iterator[tuple[Cell, ...]]:
    name = label(standing)
    for each in board.tiers:
        if each.challenger == standing.challenger:
            yield _line(name, each)
    if standing.together is not None:
        share = within(standing.together, standing.together_low, standing.together_high)
        yield row(name, Cell("together", "strong"), "", Cell(share, "strong"), "", "")


def _line(name: str, each: TierStanding) -> tuple[Cell, ...]:
    return row(
        name,
        each.tier,
        f"×{each.weight:g}",  # noqa: RUF001
        within(each.win_rate, each.low, each.high),
        within(each.held, each.held_low, each.held_high),
        grounds(f"{count(each.turns)}/{count(each.conversations)}", small=each.small) if each.turns else DASH,
    )
