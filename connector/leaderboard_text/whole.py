"""Every table of a leaderboard in the order in which a reader asks."""

from __future__ import annotations

from collections.abc import Iterator

from connector.leaderboard_text.calls import tool_calls
from connector.leaderboard_text.decisions import decisions
from connector.leaderboard_text.jury import jury
from connector.leaderboard_text.paired import differences, meetings
from connector.leaderboard_text.parts import parts
from connector.leaderboard_text.people import agreement, corrected
from connector.leaderboard_text.quality import certainty, equal_terms, left_out
from connector.leaderboard_text.sheets import Sheet
from connector.leaderboard_text.tiers import tiers
from judges.standings.leaderboard import Leaderboard

_TABLES = (
    tiers,
    certainty,
    equal_terms,
    corrected,
    agreement,
    tool_calls,
    left_out,
    differences,
    meetings,
    parts,
    jury,
    decisions,
)


def further_tables(board: Leaderboard) -> Iterator[Sheet]:
    """Yield all but the main table; what holds nothing is left out."""
    for tables in _TABLES:
        yield from tables(board)
