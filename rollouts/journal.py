"""What is remembered of paid calls, so that a crash between two steps repeats none of them."""

from __future__ import annotations

from typing import Protocol

from rollouts.types import Completion


class Journal(Protocol):
    """Calls by their request's key. Every method returns only once the note would survive a crash."""

    async def begin(self, key: str) -> Completion | None:
        """Note that `key` is about to be paid; return its completion if that already happened."""

    async def keep(self, key: str, completion: Completion) -> None:
        """Note what `key` bought."""

    async def drop(self, key: str) -> None:
        """Note that `key` failed and bought nothing."""


class MemoryJournal:
    """A journal for as long as the process lives: for tests, and where nothing is worth keeping."""

    def __init__(self) -> None:
        self._kept: dict[str, Completion] = {}

    async def begin(self, key: str) -> Completion | None:
        """Return what `key` bought in this process."""
        return self._kept.get(key)

    async def keep(self, key: str, completion: Completion) -> None:
        """Remember it."""
        self._kept[key] = completion

    async def drop(self, key: str) -> None:
        """Forget it."""
        self._kept.pop(key, None)
