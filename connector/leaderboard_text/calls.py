"""Whether tool calls are whole, on both sides: what no judge is needed for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from connector.leaderboard_text.advice import BAD_CALLS
from connector.leaderboard_text.figures import DASH, bounds, count, percent
from connector.leaderboard_text.main_table import label
from connector.leaderboard_text.rules import level
from connector.leaderboard_text.sheets import Cell, Sheet, alarming, row
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing

_KINDS = 5  # columns that fit


def tool_calls(board: Leaderboard) -> Iterator[Sheet]:
    """Yield how many calls are good, and which faults the others have; production's own among them."""
    rows = [each for each in board.standings if each.calls or each.same_calls is not None]
    if rows:
        columns = ("challenger", "calls", "good", f"{level(board)} interval", "faulty", "same calls as production")
        yield Sheet("Are tool calls whole?", columns, tuple(_calls(each) for each in rows))
    broken = [each for each in rows if each.faults]
    if broken:
        kinds = _kinds(broken)
        heads = ("challenger", *(kind.replace("_", " ") for kind in kinds))
        yield Sheet("What is wrong with them?", heads, tuple(_faults(each, kinds) for each in broken))


def _calls(each: Standing) -> tuple[Cell, ...]:
    return row(
        label(each),
        count(each.calls),
        percent(each.tool_validity),
        bounds(each.tool_low, each.tool_high),
        _share(each.faulty_calls, each.faulty_share) if each.calls else DASH,
        "" if each.baseline else percent(each.same_calls),
    )


def _kinds(rows: list[Standing]) -> list[str]:
    """Return the commonest kinds, the commonest first."""
    numbers = sum((Counter(each.faults) for each in rows), Counter[str]())
    return sorted(numbers, key=lambda kind: (-numbers[kind], kind))[:_KINDS]


def _faults(each: Standing, kinds: list[str]) -> tuple[Cell, ...]:
    return row(label(each), *(_share(each.faults.get(kind, 0), each.fault_shares.get(kind, 0.0)) for kind in kinds))


def _share(number: int, share: float) -> Cell:
    """Write the share of all calls of the traffic, and how many of those looked at it was."""
    return alarming(f"{percent(share)} ({count(number)})", alarm=share >= BAD_CALLS) if number else Cell("0", "faint")
