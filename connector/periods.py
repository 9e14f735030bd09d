"""Epochs as the books hold them: what was run in one, its leaderboard, and that leaderboard once it is closed."""

from __future__ import annotations

from datetime import datetime

from connector.types import digest
from judges.standings.leaderboard import Leaderboard
from judges.standings.parts import Part
from rollouts.types import Record


class Run(Record):
    """One challenger's duels of one epoch."""

    fingerprint: str
    begun_at: datetime
    """When its first rollout began: not after anything that is said of it."""


class Period(Record):
    """One epoch under one jury, with what it takes to compare it with others."""

    board: Leaderboard
    fingerprints: dict[str, str]
    """Of the challengers: another configuration under the same name has no past here."""
    unfinished: dict[str, int]
    """By challenger, duels that are still open, or were when the epoch closed; in no figure."""
    parts: tuple[Part, ...]

    @property
    def epoch(self) -> str:
        """Which epoch it is."""
        return self.board.epoch or ""

    def line(self, challenger: str) -> str:
        """Return eight hex digits that stay as long as a challenger's figures may be compared from epoch to epoch."""
        return digest(self.board.lasting, self.fingerprints.get(challenger, ""))[:8]


class Closed(Period):
    """An epoch as it was when it was closed."""

    jury: str
    """The version of the jury; the leaderboard's judge may be named without those that were set aside."""
    last_duel: int
    """The last duel that the store had then: those after it came late."""
    published: bool = False
    """Whether the sink has it as closed."""
