"""A history in the terminal: one line an epoch, with its interval drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

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


class _Room(NamedTuple):
    """What a line of so many columns has room for: figures first, the drawing next, and then what they rest on."""

    drawing: int
    grounds: bool


def print_history(console: Console, history: History, *, of: str = "") -> None:
    """Print each challenger and tier; lines that may not be compared stand apart under what they rest on."""
    if not history.points:
        console.print(f"Nothing{f' of {of}' if of else ''} has been judged yet.")
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
    print_hanging(console, Text.assemble((first.challenger, "bold"), f", {first.tier}: {figure}"))
    room = _room(console.width)
    columns = _figures("epoch", "", "interval", "turns/conv", room) + (
        axis(known, room.drawing) if room.drawing else ""
    )
    _print_whole(console, Text(columns, style="bold"))
    for number, (_, line) in enumerate(groupby(points, key=lambda point: point.line)):
        shown = list(line)
        why = "other conditions, not to be compared with those above: " if number else ""
        print_hanging(console, Text(f"-- {why}judge {shown[0].judge}, line {shown[0].line}", style="dim"))
        for point in shown:
            _print_whole(console, Text(_line(point, known, room)))
    epochs = {point.epoch for point in points}
    for each in shifts:
        if {each.earlier, each.later} <= epochs:
            print_hanging(console, Text(f"  {move(each)}"))


def _room(width: int) -> _Room:
    """Return what fits: half of a drawing would be another one."""
    for grounds in (True, False):
        left = width - len(_figures("", "", "", "", _Room(0, grounds)))
        if left >= _LEAST:
            return _Room(left, grounds)
    return _Room(0, grounds=False)


def _figures(epoch: str, estimate: str, interval: str, rests: str, room: _Room) -> str:
    grounds = f"{rests:>11}  " if room.grounds else ""
    return f"{epoch:<12}{estimate:>8}  {interval:<15}{grounds}"


def _print_whole(console: Console, line: Text) -> None:
    console.print(line, no_wrap=True, overflow="crop")


def _line(point: Point, known: Scale, room: _Room) -> str:
    estimate, low, high = point.figure
    epoch = f"{point.epoch}{'' if point.closed_at else _OPEN}"
    rests = f"{count(point.turns)}/{count(point.conversations)}"
    drawn = whisker(point.figure, known, room.drawing) if room.drawing else ""
    return _figures(epoch, percent(estimate), bounds(low, high), rests, room) + drawn


def _notes(history: History) -> Iterator[str]:
    if any(point.closed_at is None for point in history.points):
        yield f"{_OPEN} not closed: these figures may still change."
    level = f"{100 * history.level:g} %"
    yield f"{level} intervals over {history.unit}s. Only points of one line rest on the same conditions."
    left = {(point.epoch, point.judge): (point.unfinished, point.late) for point in history.points}
    for (epoch, _), (unfinished, late) in sorted(left.items()):
        if unfinished or late:
            yield f"{epoch}: {unfinished} duel(s) were unfinished when it closed, and {late} came later; in no figure."
