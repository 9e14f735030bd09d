"""Rows kept in order: put and found in logarithmic time, read newest first.

Tests push tens of thousands of rows through this, so nothing here sorts them all.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Row = TypeVar("Row")
Key = tuple[Any, ...]


class Table(Generic[Row]):
    """Rows by key; a row with a known key replaces the old one. Keys are tuples that begin with a time."""

    def __init__(self, key: Callable[[Row], Key], **indexes: Callable[[Row], str | None]) -> None:
        """`indexes` names what rows can be looked up by, and how to read it from a row."""
        self._key = key
        self._rows: dict[Key, Row] = {}
        self._order: list[Key] = []
        self._readers = indexes
        self._indexes: dict[str, dict[str, set[Key]]] = {name: {} for name in indexes}

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: Key) -> Row | None:
        """The row with exactly this key."""
        return self._rows.get(key)

    def put(self, row: Row) -> None:
        """Keep `row`, in place of the one with its key."""
        key = self._key(row)
        if (old := self._rows.get(key)) is None:
            insort(self._order, key)
        else:
            self._unlist(key, old)
        self._rows[key] = row
        for name, read in self._readers.items():
            if word := read(row):
                self._indexes[name].setdefault(word, set()).add(key)

    def remove(self, row: Row) -> None:
        """Forget `row`, which must be here."""
        key = self._key(row)
        self._unlist(key, self._rows.pop(key))
        del self._order[bisect_left(self._order, key)]

    def words(self, index: str) -> list[str]:
        """Everything that rows can be looked up by in `index`."""
        return [word for word, keys in self._indexes[index].items() if keys]

    def having(self, index: str, words: Iterable[str]) -> list[Row]:
        """The rows under any of `words`, newest first."""
        found = self._indexes[index]
        keys = set[Key]().union(*(found.get(word, ()) for word in words))
        return [self._rows[key] for key in sorted(keys, reverse=True)]

    def newest(self, start: Key = (), below: Key | None = None) -> Iterator[Row]:
        """Rows with `start` ≤ key < `below`, newest first."""
        low = bisect_left(self._order, start)
        high = len(self._order) if below is None else bisect_left(self._order, below)
        for position in range(high - 1, low - 1, -1):
            yield self._rows[self._order[position]]

    def _unlist(self, key: Key, row: Row) -> None:
        for name, read in self._readers.items():
            if word := read(row):
                self._indexes[name][word].discard(key)
