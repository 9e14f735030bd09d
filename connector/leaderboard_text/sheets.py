"""A table that does not know yet whether it is shown in a terminal or as Markdown."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Tone = Literal["plain", "strong", "faint", "alarm"]
"""How a cell is shown where that is possible. What it means is in the text as well: not everyone sees colours."""

CONTROL: Final = "†"
FEW: Final = "~"
DISTINCT: Final = "*"
ALARM: Final = "!"
"""Marks at the end of a cell, which `notes` explains."""


class Cell(NamedTuple):
    """One cell."""

    text: str
    tone: Tone = "plain"
    heat: float | None = None
    """In a heat map, where it stands between 0 and 1."""


class Sheet(NamedTuple):
    """One table, which answers one question."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    names: int = 1
    """How many columns, from the left, hold names: these may be shortened where there is no room."""
    notes: tuple[str, ...] = ()
    """What to know about this table alone."""


def grounds(text: str, *, small: bool) -> Cell:
    """Return what figures rest on, marked and faint where that is little."""
    return Cell(f"{text}{FEW}", "faint") if small else Cell(text)


def alarming(text: str, *, alarm: bool) -> Cell:
    """Return a figure, marked and loud where it is to be looked at first."""
    return Cell(f"{text} {ALARM}", "alarm") if alarm else Cell(text)


def row(*cells: str | Cell) -> tuple[Cell, ...]:
    """Return a row, of which plain text is a plain cell."""
    return tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells)
