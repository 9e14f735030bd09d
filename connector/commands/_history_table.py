"""A history in the terminal: one line an epoch, with its interval drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.text import Text

from connector.chronicle import History, Point
from connector.commands._leaderboard_table import print_hanging
from connector.history_text.moves import move
from connector.history_text.whiskers import Scale, axis, scale, whisker
from connector.leaderboard_text.figures import bounds, count, percent
from judges.standings.changes import Shift

_PAR: Final = 0.5
_OPEN: Final = "*"
_LEAST: Final = 16  # columns of a drawing that still shows something


def print_history(console: Console, history: History) -> None:
    """Print each challenger and tier; lines that may not be compared stand apart under what they rest on."""
    if not history.points:
        console.print("Nothing has been judged yet.")
    for (challenger, tier), points in groupby(history.points, key=lambda point: (point.challenger, point.tier)):
        shifts = [each for each in history.shifts if each.challenger == challenger] if tier == "fresh" else []
        _print_one(console, list(points), shifts)
        console.print()
    for note in _notes(history):
        print_hanging(console, Text(note, style="dim"))


def _print_one(console: Console, points: Sequence[Point], shifts: Sequence[Shift]) -> None:
    first, fresh = points[0], points[0].tier == "fresh"
    known = scale([point.figure for point in points], _PAR if fresh else None)
    figure = "win rate" if fresh else "share held"
    console.print(Text.assemble((first.challenger, "bold"), f", {first.tier}: {figure}"))
    columns = f"{'epoch':<12}{'':>8}  {'interval':<15}{'turns/conv':>11}  "
    width = max(_LEAST, console.width - len(columns))
    console.print(Text(columns + axis(known, width), style="bold"))
    for number, (_, line) in enumerate(groupby(points, key=lambda point: point.line)):
        shown = list(line)
        why = "other conditions, not to be compared with those above: " if number else ""
        print_hanging(console, Text(f"-- {why}judge {shown[0].judge}, line {shown[0].line}", style="dim"))
        for point in shown:
            console.print(Text(_line(point, known, width)), no_wrap=True, overflow="crop")
    epochs = {point.epoch for point in points}
    for each in shifts:
        if {each.earlier, each.later} <= epochs:
            print_hanging(console, Text(f"  {move(each)}"))


def _line(point: Point, known: Scale, width: int) -> str:
    estimate, low, high = point.figure
    epoch = f"{point.epoch}{'' if point.closed_at else _OPEN}"
    rests = f"{count(point.turns)}/{count(point.conversations)}"
    return (
        f"{epoch:<12}{percent(estimate):>8}  {bounds(low, high):<15}{rests:>11}  {whisker(point.figure, known, width)}"
    )


def _notes(history: History) -> Iterator[str]:
    if any(point.closed_at is None for point in history.points):
        yield f"{_OPEN} not closed: these figures may still change."
    level = f"{100 * history.level:g} %"
    yield f"{level} intervals over {history.unit}s. Only points of one line rest on the same conditions."
    left = {(point.epoch, point.judge): (point.unfinished, point.late) for point in history.points}
    for (epoch, _), (unfinished, late) in sorted(left.items()):
        if unfinished or late:
            yield f"{epoch}: {unfinished} duel(s) were unfinished when it closed, and {late} came later; in no figure."
