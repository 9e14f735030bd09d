"""The leaderboard in a terminal."""

from __future__ import annotations

from rich.console import Console

from connector.commands._common import table
from connector.leaderboard_text import COLUMNS, footnotes, rows, title
from judges.standings.leaderboard import Leaderboard


def print_leaderboard(console: Console, leaderboard: Leaderboard) -> None:
    """Print table and footnotes."""
    console.print(table(title(leaderboard), COLUMNS, rows(leaderboard)))
    for note in footnotes(leaderboard):
        console.print(note, style="dim")
