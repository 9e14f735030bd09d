"""Who does not answer is left alone: after some failures in a row nothing is sent, but for one probe now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from rollouts.errors import Unanswered, Unavailable

log = structlog.get_logger(__name__)

FAILURES: Final = 8
"""So many in a row, and nobody is there: with hundreds of calls at once a handful breaks at every hiccup."""
FIRST_S: Final = 5.0
"""Before the first probe; doubles with every probe that fails."""
LONGEST_S: Final = 300.0


class Breaker:
    """Tells whether an endpoint answers. Closed: all calls pass. Open: none. After a while one passes, the probe.

    Whatever was sent before, an answer closes it; a failure of the probe opens it for twice as long.
    """

    def __init__(self, name: str = "the provider", *, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._clock = clock
        self._failures = 0
        self._since: datetime | None = None
        self._until = 0.0
        self._open_s = 0.0
        self._probing = False
        self._cause = ""

    def refusal(self) -> Unavailable | None:
        """Return why no call may be sent now, and when to ask again; `None` where one may be."""
        if self._since is None:
            return None
        wait_s = self._until - self._clock()
        if wait_s <= 0 and not self._probing:
            return None
        wait_s = max(wait_s, FIRST_S if self._probing else 0.0)
        again = datetime.now(UTC) + timedelta(seconds=wait_s)
        return Unavailable(
            f"{self.name} has not answered since {self._since:%H:%M:%S} UTC and is asked again at {again:%H:%M:%S} UTC"
            f" ({self._cause})",
            retry_after_s=wait_s,
        )

    def begin(self) -> bool:
        """A call is sent. Return whether it is the probe."""
        self._probing = self._since is not None
        return self._probing

    def end(self, *, probe: bool) -> None:
        """A call has ended, whether or not it said anything about the endpoint."""
        if probe:
            self._probing = False

    def answered(self) -> None:
        """Somebody is there."""
        self._failures = 0
        if self._since is not None:
            gone_s = (datetime.now(UTC) - self._since).total_seconds()
            log.info("provider.back", provider=self.name, after_s=round(gone_s, 1))
            self._since, self._open_s = None, 0.0

    def failed(self, error: Unanswered, *, probe: bool) -> None:
        """Nobody answered. What was sent before it opened opens it no further."""
        self._failures += 1
        self._cause = str(error)
        if probe or (self._since is None and self._failures >= FAILURES):
            self._open(error.retry_after_s or 0.0)

    def _open(self, asked_s: float) -> None:
        self._open_s = min(LONGEST_S, 2 * self._open_s) or FIRST_S
        self._until = self._clock() + max(self._open_s, asked_s)
        if self._since is None:
            self._since = datetime.now(UTC)
            log.warning("provider.unavailable", provider=self.name, caused_by=self._cause, probe_in_s=self._open_s)
