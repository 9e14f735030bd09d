"""Tables that keep within a line: names give way, figures never do, and no two names become one."""

from __future__ import annotations

import hashlib
import os.path
from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from connector.leaderboard_text.sheets import Cell, Sheet

GAP: Final = 2
"""Blanks between two columns."""
LEAST: Final = 12
"""Columns that a name keeps."""


def fitted(sheet: Sheet, width: int) -> Sheet:
    """Return the sheet with names as short as `width` columns ask, the longest first, but not below `LEAST`."""
    widths = _widths(sheet)
    while sum(widths) + GAP * (len(widths) - 1) > width:
        widest = max(range(sheet.names), key=widths.__getitem__)
        if widths[widest] <= LEAST:
            break
        widths[widest] -= 1
    columns = [_column(sheet, number, widths[number]) for number in range(sheet.names)]
    rows = [(*names, *row[sheet.names :]) for names, row in zip(zip(*columns, strict=True), sheet.rows, strict=True)]
    heads = [cut(head, widths[number]) for number, head in enumerate(sheet.columns[: sheet.names])]
    return sheet._replace(columns=(*heads, *sheet.columns[sheet.names :]), rows=tuple(rows))


def least_width(sheet: Sheet) -> int:
    """Return how many columns the sheet takes when its names are as short as can be."""
    widths = _widths(sheet)
    names = [min(width, LEAST) for width in widths[: sheet.names]]
    return sum([*names, *widths[sheet.names :]]) + GAP * (len(widths) - 1)


def apart(names: Sequence[str], limit: int) -> dict[str, str]:
    """Return each name in at most `limit` columns; those that would look alike end in a digest."""
    short = {name: cut(name, limit) for name in names}
    for again in (_without_beginning, _digested):
        found = Counter(short.values())
        alike = [name for name, text in short.items() if found[text] > 1]
        short |= again(alike, limit)
    return short


def cut(text: str, limit: int) -> str:
    """Return `text` in at most `limit` columns, with what is left out in the middle: ends tell models apart."""
    if cell_len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{_head(text, limit - 1 - tail)}…{_head(text[::-1], tail)[::-1]}"


def _without_beginning(names: Sequence[str], limit: int) -> dict[str, str]:
    shared = len(os.path.commonprefix(names))  # noqa: RUF071 - letter by letter is what is wanted
    return {name: f"…{cut(name[shared:], limit - 1)}" for name in names}


def _digested(names: Sequence[str], limit: int) -> dict[str, str]:
    digests = {name: hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:4] for name in names}
    return {name: f"{_head(name, limit - 5)}…{digest}" for name, digest in digests.items()}


def _head(text: str, limit: int) -> str:
    end = min(len(text), max(0, limit))
    while cell_len(text[:end]) > limit:
        end -= 1
    return text[:end]


def _widths(sheet: Sheet) -> list[int]:
    cells = zip(*([cell.text for cell in row] for row in sheet.rows), strict=True)
    found = [max(map(cell_len, column)) for column in cells] or [0] * len(sheet.columns)
    heads = [cell_len(head) for head in sheet.columns]
    return [max(pair) for pair in zip(found, heads, strict=True)]


def _column(sheet: Sheet, number: int, limit: int) -> list[Cell]:
    cells = [row[number] for row in sheet.rows]
    short = apart(list(dict.fromkeys(cell.text for cell in cells)), limit)
    return [cell._replace(text=short[cell.text]) for cell in cells]
