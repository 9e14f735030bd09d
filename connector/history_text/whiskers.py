"""Figures with their intervals as one line each, on a common scale: readable without colours, and in a log."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

_STEP: Final = 0.05
_LEAST: Final = 0.10


class Scale(NamedTuple):
    """From where to where a line reaches, and what is marked on it."""

    low: float
    high: float
    mark: float | None
    """A share that every line shows, such as one half."""

    def place(self, share: float, width: int) -> int:
        """Return the column of a share."""
        inside = min(self.high, max(self.low, share))
        return round((inside - self.low) / (self.high - self.low) * (width - 1))


def scale(figures: Iterable[tuple[float | None, float | None, float | None]], mark: float | None) -> Scale:
    """Return a scale that holds all figures and intervals and the mark, in steps of five points."""
    known = [each for figure in figures for each in figure if each is not None]
    known += [] if mark is None else [mark]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    low, high = math.floor(round(low / _STEP, 6)) * _STEP, math.ceil(round(high / _STEP, 6)) * _STEP
    if high - low < _LEAST:
        low, high = low - _STEP, high + _STEP
    return Scale(max(0.0, low), min(1.0, high), mark)


def axis(known: Scale, width: int) -> str:
    """Return the head of the column: where it begins and ends, in per cent."""
    ends = f"{100 * known.low:.0f} %", f"{100 * known.high:.0f} %"
    return ends[0] + " " * max(1, width - sum(map(len, ends))) + ends[1]


def whisker(figure: tuple[float | None, float | None, float | None], known: Scale, width: int) -> str:
    """Draw `├──●──┤`, or the point alone where there is no interval; nothing is drawn of what is unknown."""
    estimate, low, high = figure
    cells = [" "] * width
    if known.mark is not None:
        cells[known.place(known.mark, width)] = "┊"
    if low is not None and high is not None:
        first, last = known.place(low, width), known.place(high, width)
        cells[first : last + 1] = "─" * (last - first + 1)
        if last > first:
            cells[first], cells[last] = "├", "┤"
        if known.mark is not None and low < known.mark < high:
            cells[known.place(known.mark, width)] = "┼"
    if estimate is not None:
        cells[known.place(estimate, width)] = "●"
    return "".join(cells).rstrip()
