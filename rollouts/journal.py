"""What is remembered of paid calls, so that a crash repeats none that was answered and forgets none that was paid."""

from __future__ import annotations

from typing import Protocol

from rollouts.ledger import Outcome, Purchase, Settlement
from rollouts.types import Completion


class Journal(Protocol):
    """Calls by their request's key, and the ledger of what they cost.

    Every method returns only once the note would survive a crash. A purchase that was begun and never settled was in
    flight when the process died: it counts as spent, at its worst.
    """

    async def kept(self, key: str) -> Completion | None:
        """Return what `key` bought, if its step was not saved since."""

    async def begin(self, key: str, purchase: Purchase) -> int:
        """Note that `key` is about to be paid; return the number of the ledger's entry."""

    async def keep(self, key: str, entry: int, completion: Completion, settlement: Settlement) -> None:
        """Note what `key` bought, and for how much."""

    async def drop(self, key: str, entry: int, settlement: Settlement) -> None:
        """Note that `key` failed, and what that cost."""

    async def hit(self, purchase: Purchase) -> None:
        """Note that a call was not needed: its answer was in the cache."""


class MemoryJournal:
    """A journal for as long as the process lives: for tests, and where nothing is worth keeping."""

    def __init__(self) -> None:
        self._kept: dict[str, Completion] = {}
        self.entries: list[tuple[Purchase, Settlement | None]] = []
        """The ledger; an entry's number is its place. Without a settlement a call is under way."""

    async def kept(self, key: str) -> Completion | None:
        """Return what `key` bought in this process."""
        return self._kept.get(key)

    async def begin(self, key: str, purchase: Purchase) -> int:
        """Open an entry."""
        del key
        self.entries.append((purchase, None))
        return len(self.entries) - 1

    async def keep(self, key: str, entry: int, completion: Completion, settlement: Settlement) -> None:
        """Remember it."""
        self._kept[key] = completion
        self._settle(entry, settlement)

    async def drop(self, key: str, entry: int, settlement: Settlement) -> None:
        """Forget it, but not what it cost."""
        self._kept.pop(key, None)
        self._settle(entry, settlement)

    async def hit(self, purchase: Purchase) -> None:
        """Remember that nothing was paid."""
        self.entries.append((purchase, Settlement(outcome=Outcome.CACHED, spent=0)))

    def _settle(self, entry: int, settlement: Settlement) -> None:
        self.entries[entry] = (self.entries[entry][0], settlement)
