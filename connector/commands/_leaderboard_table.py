"""The leaderboard in a terminal: no cell is folded and no line is longer than the terminal is wide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector.leaderboard_text.advice import advice, alarms
from connector.leaderboard_text.fields import documented
from connector.leaderboard_text.fitting import GAP, fitted
from connector.leaderboard_text.main_table import main_table
from connector.leaderboard_text.notes import notes
from connector.leaderboard_text.sheets import Cell, Sheet
from connector.leaderboard_text.whole import further_tables
from judges.standings.leaderboard import Leaderboard

_STYLES: Final = {"plain": "", "strong": "bold", "faint": "dim", "alarm": "bold red"}
_INDENT: Final = 4
_HEAT: Final = (
    (0.35, "black on red"),
    (0.45, "black on bright_red"),
    (0.55, ""),
    (0.65, "black on bright_green"),
    (1.01, "black on green"),
)
"""Up to which score a cell of a heat map has which colours: none around one half."""


def print_leaderboard(console: Console, board: Leaderboard, *, sayings: bool = True) -> None:
    """Print the main table, what nobody may overlook, one sentence per challenger unless unwanted, and footnotes."""
    sheet = main_table(board)
    _print_top(console, board, sheet)
    if sayings:
        console.print()
        _print_advice(console, board)
    console.print()
    print_notes(console, notes(board, [sheet]))


def print_whole(console: Console, board: Leaderboard) -> None:
    """Print everything that is known."""
    first, *others = sheets = [main_table(board), *further_tables(board)]
    _print_top(console, board, first)
    console.print()
    _print_advice(console, board, grounds=False)
    for sheet in others:
        console.print()
        print_sheet(console, sheet)
    console.print()
    print_notes(console, notes(board, sheets))


def print_fields(console: Console) -> None:
    """Print what each field of the JSON means."""
    for field in documented():
        console.print(Text.assemble((field.path, "bold"), "  ", (field.type, "dim")), soft_wrap=True)
        for line in Text(field.meaning).wrap(console, console.width - _INDENT) if field.meaning else ():
            console.print(Text(" " * _INDENT).append_text(line))


def _print_top(console: Console, board: Leaderboard, sheet: Sheet) -> None:
    print_sheet(console, sheet)
    for alarm in alarms(board):
        print_hanging(console, Text(f"! {alarm}", style="bold red"))


def _print_advice(console: Console, board: Leaderboard, *, grounds: bool = True) -> None:
    """Print a sentence per challenger, with its grounds where wanted, and always where they are weak."""
    for saying in advice(board):
        print_hanging(console, Text.assemble((saying.challenger, "bold"), f": {saying.sentence}"))
        if grounds or saying.small:
            print_hanging(console, Text(f"  {saying.rests}", style="dim"))


def print_sheet(console: Console, sheet: Sheet) -> None:
    """Print one table under its title, fitted to the terminal."""
    shown = fitted(sheet, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for number, head in enumerate(shown.columns):
        table.add_column(Text(head), justify="left" if number < shown.names else "right", overflow="fold")
    for row in shown.rows:
        table.add_row(*map(_text, row))
    print_hanging(console, Text(shown.title, style="bold"))
    console.print(table)
    print_notes(console, shown.notes)


def print_notes(console: Console, found: Iterable[str]) -> None:
    """Print footnotes."""
    for note in found:
        print_hanging(console, Text(note, style="dim"))


def print_hanging(console: Console, text: Text) -> None:
    """Wrap between words; what follows the first line stands two blanks to the right."""
    first, *rest = text.wrap(console, console.width - 2) or [text]
    console.print(first)
    for line in rest:
        console.print(Text("  ").append_text(line))


def _text(cell: Cell) -> Text:
    if cell.heat is None:
        return Text(cell.text, style=_STYLES[cell.tone])
    return Text(cell.text, style=next((style for most, style in _HEAT if cell.heat < most), ""))
