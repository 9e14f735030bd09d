"""The whole leaderboard as Markdown, which is also what Langfuse shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from connector.leaderboard_text.advice import advice, alarms
from connector.leaderboard_text.main_table import main_table
from connector.leaderboard_text.notes import notes
from connector.leaderboard_text.rules import challengers
from connector.leaderboard_text.sheets import Cell, Sheet
from connector.leaderboard_text.whole import further_tables
from judges.standings.leaderboard import Leaderboard

_MEANINGFUL: Final = re.compile(r"[\\|*~`\[\]]")


def markdown(board: Leaderboard) -> str:
    """Return the main table, what nobody may overlook, what to do, what all rests on, and then the other tables."""
    first, *others = sheets = [main_table(board), *further_tables(board)]
    sections = [
        table(first, "###"),
        *([_items(f"**{plain(alarm)}**" for alarm in found)] if (found := alarms(board)) else []),
        *([f"#### What to do?\n\n{_items(_advice(board))}"] if challengers(board) else []),
        f"#### What this rests on\n\n{_items(map(plain, notes(board, sheets)))}",
        *(table(sheet, "####") for sheet in others),
    ]
    return "\n\n".join(sections)


def _advice(board: Leaderboard) -> Iterator[str]:
    for saying in advice(board):
        yield f"**{plain(saying.challenger)}**: {plain(saying.sentence)} ({plain(saying.rests)})"


def table(sheet: Sheet, heading: str) -> str:
    """Return one table under its heading, such as `###`."""
    rows = [_line([_cell(cell) for cell in row]) for row in sheet.rows]
    lines = [_line(map(plain, sheet.columns)), _line(["---"] * len(sheet.columns)), *rows] if rows else []
    return "\n".join([f"{heading} {sheet.title}", "", *lines, *_below(sheet.notes)])


def _below(found: Sequence[str]) -> list[str]:
    return ["", _items(map(plain, found))] if found else []


def _items(texts: Iterator[str] | map[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _cell(cell: Cell) -> str:
    text = plain(cell.text)
    return f"**{text}**" if cell.tone == "alarm" and text else text


def plain(text: str) -> str:
    """Keep names and marks from being taken for the end of a cell, a tag, a link, an image or emphasis."""
    return _MEANINGFUL.sub(r"\\\g<0>", " ".join(text.split())).replace("<", "&lt;")


def _line(cells: Sequence[str] | map[str]) -> str:
    return f"| {' | '.join(cells)} |"
