"""How many calls at once a server can bear, learned from what it refuses.

Additive increase, multiplicative decrease, as TCP does it: https://www.rfc-editor.org/rfc/rfc5681#section-3.1. The
factor is that of Inspect's adaptive connections.
"""

from __future__ import annotations

from math import inf

FEWER = 0.8
"""What is left of the calls at once after a refusal."""


class Pressure:
    """Calls under way, and how many there may be: never more than `most`, never less than one.

    A refusal lowers the number once per round trip: calls that were sent before it was lowered say nothing new. It
    rises by one after as many answers in a row as there may be calls, which is one round trip.
    """

    def __init__(self, most: int | None) -> None:
        self.under_way = 0
        self._most = inf if most is None else most
        self._allowed: float = self._most
        self._lowered_at = -inf
        self._run = 0

    @property
    def allowed(self) -> float:
        """How many calls may be under way now; infinite where nobody set a limit and nothing was refused."""
        return self._allowed if self._allowed == inf else int(self._allowed)

    @property
    def is_full(self) -> bool:
        """Whether one more call is too much."""
        return self.under_way >= self.allowed

    def refused(self, began: float, now: float) -> None:
        """A call sent at `began` came back: too much at once."""
        self._run = 0
        if began >= self._lowered_at:
            self._allowed = max(1.0, FEWER * min(self._allowed, self.under_way))
            self._lowered_at = now

    def answered(self, began: float) -> None:
        """A call sent at `began` was answered."""
        if self._allowed >= self._most or began < self._lowered_at:
            return
        self._run += 1
        if self._run >= self._allowed:
            self._allowed, self._run = min(self._most, self._allowed + 1), 0
