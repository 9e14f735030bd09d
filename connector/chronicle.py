"""What became of each challenger from epoch to epoch. Figures under other conditions are never joined. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import Literal

from connector.epochs import begins
from connector.periods import Period
from judges.standings.changes import Shift, shift
from judges.types import Unit
from rollouts.types import Record, Tier


class Point(Record):
    """One challenger in one tier in one epoch. Shares are 0 to 1."""

    challenger: str
    tier: Tier
    epoch: str
    closed_at: datetime | None
    """When the epoch closed; `None` while its figures may still change."""
    judge: str
    line: str
    """Eight hex digits: only points of one line may be compared. Another judge, scale, sampling or configuration of
    the challenger begins another one."""
    comparability: str
    turns: int
    conversations: int
    win_rate: float | None
    low: float | None
    high: float | None
    held: float | None
    held_low: float | None
    held_high: float | None
    unfinished: int = 0
    """Of all challengers, duels that were still open when the epoch closed; in no figure."""
    late: int = 0
    """Of all challengers, duels over turns that came after the epoch had closed; in no figure."""
    trusted: bool | None = None
    """Whether the judge was."""

    @property
    def figure(self) -> tuple[float | None, float | None, float | None]:
        """What the tier is gated by: of fresh turns the win rate, of others the share held."""
        if self.tier == "fresh":
            return self.win_rate, self.low, self.high
        return self.held, self.held_low, self.held_high


class History(Record):
    """Every point, line by line, and what changed on the way."""

    version: Literal[1] = 1
    """Of this form: fields are only added."""
    level: float = 0.95
    """Of all intervals."""
    unit: Unit = "conversation"
    points: tuple[Point, ...]
    shifts: tuple[Shift, ...]
    """Of fresh turns, between every two epochs that follow each other on one line."""


def chronicle(periods: Iterable[Period], *, only: str | None = None, tier: Tier | None = None) -> History:
    """Put periods in order: by challenger and tier, then by line as they began, then by epoch."""
    known = sorted(periods, key=lambda each: (begins(each.epoch), each.board.judge))
    points = [point for each in known for point in _points(each) if only in (None, point.challenger)]
    began = {point.line: place for place, point in reversed(list(enumerate(points)))}
    points.sort(key=lambda point: (point.challenger, point.tier != "fresh", point.tier, began[point.line]))
    shown = tuple(point for point in points if tier in (None, point.tier))
    fresh = [point for point in points if point.tier == "fresh"]
    boards = [each.board for each in known]
    return History(
        level=boards[-1].level if boards else 0.95,
        unit=boards[-1].unit if boards else "conversation",
        points=shown,
        shifts=tuple(_shifts(known, fresh)) if tier in (None, "fresh") else (),
    )


def _points(period: Period) -> Iterator[Point]:
    board = period.board
    for row in board.tiers:
        if row.challenger in period.fingerprints:
            yield Point(
                challenger=row.challenger,
                tier=row.tier,
                epoch=period.epoch,
                closed_at=board.closed_at,
                judge=board.judge,
                line=period.line(row.challenger),
                comparability=board.comparability,
                **row.model_dump(include={"turns", "conversations", "win_rate", "low", "high"}),
                **row.model_dump(include={"held", "held_low", "held_high"}),
                unfinished=board.unfinished,
                late=board.late,
                trusted=board.trusted,
            )


def _shifts(periods: Sequence[Period], fresh: Sequence[Point]) -> Iterator[Shift]:
    known = {(each.board.comparability, each.epoch): each for each in periods}
    for _, line in groupby(fresh, key=lambda point: (point.challenger, point.line)):
        for before, after in pairwise(line):
            sides = [(each.epoch, known[each.comparability, each.epoch].parts) for each in (before, after)]
            if found := shift(before.challenger, *sides):
                yield found
