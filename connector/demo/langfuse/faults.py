"""Breaking the server on purpose."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["score", "span"]


@dataclass
class Failure:
    """What to answer, and how often, instead of the truth."""

    path_prefix: str
    status: int
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    method: str | None = None
    after: bool = False
    """Whether the request is carried out first, so that only its answer is lost."""
    skip: int = 0
    """How many such requests are let through before the first that fails."""
    about: str = ""
    """What must stand in the query."""

    def concerns(self, method: str, path: str, query: str) -> bool:
        """Whether this failure waits for such a request."""
        there = path.startswith(self.path_prefix) and self.about in query
        return self.times > 0 and there and self.method in {None, method}


class Faults:
    """The failures that are still to happen, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.repeat_cursor = False
        self.widest_window_s = math.inf
        self._failures: list[Failure] = []
        self._swallowed: Counter[Kind] = Counter()

    def add(self, failure: Failure) -> None:
        """Queue a failure behind those that wait."""
        self._failures.append(failure)

    def take(self, method: str, path: str, query: str = "") -> Failure | None:
        """The failure that is due for this request, used up by one."""
        for failure in self._failures:
            if not failure.concerns(method, path, query):
                continue
            if failure.skip == 0:
                failure.times -= 1
                return failure
            failure.skip -= 1
        return None

    def forget(self) -> None:
        """Fail no more."""
        self._failures.clear()

    def swallow(self, kind: Kind, times: int) -> None:
        """Let the next `times` writes of `kind` vanish."""
        self._swallowed[kind] += times

    def swallows(self, kind: Kind) -> bool:
        """Whether this write is to vanish, used up by one."""
        if self._swallowed[kind] <= 0:
            return False
        self._swallowed[kind] -= 1
        return True
