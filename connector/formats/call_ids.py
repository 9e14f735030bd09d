"""Ids of tool calls: missing or doubled ones are made up, and results find their call by id, by name, or by order."""

from __future__ import annotations

from typing import Any, NamedTuple


class _Open(NamedTuple):
    """A call that waits for its result."""

    logged: str | None
    name: Any
    given: str


class CallIds:
    """The ids of one history, whose calls and results are named in their order."""

    def __init__(self) -> None:
        self.mended = False
        """Whether any id was missing or doubled."""
        self.orphans = False
        """Whether any result answers no call."""
        self._open: list[_Open] = []
        self._taken: set[str] = set()

    def of_call(self, logged: Any, name: Any) -> str:
        """Return the id of the next call; a missing one, or one that another call has, is made up."""
        known = logged if isinstance(logged, str) and logged else None
        given = self._made() if known is None or known in self._taken else known
        self._taken.add(given)
        self._open.append(_Open(known, name, given))
        return given

    def of_result(self, logged: Any, name: Any = None) -> str:
        """Return the id of the call that the next result answers: by its id, else by name, else the first."""
        known = logged if isinstance(logged, str) and logged else None
        if known is None:
            self.mended = True
        for call in self._open:
            if call.logged == known if known is not None else name in (None, "", call.name):
                self._open.remove(call)
                return call.given
        self.orphans = True
        return known or self._made()

    def _made(self) -> str:
        self.mended = True
        made = next(name for n in range(len(self._taken) + 1) if (name := f"call_{n}") not in self._taken)
        self._taken.add(made)
        return made
