"""How long is waited after a failure, and how often."""

from __future__ import annotations

from rollouts.errors import Retryable, UnderstudyError
from rollouts.types import Options

_LONGEST_WAIT_S = 3600.0


class Patience(Options):
    """How failures are met."""

    attempts: int = 5
    """How often one step is tried before its duel is buried."""
    first_wait_s: float = 2.0
    """Doubles with every attempt, unless the server named a time."""
    parked_s: float = 900.0
    """How long a lane waits for a person after a fatal error."""

    def wait_s(self, attempts: int, error: Exception | None = None) -> float:
        """Return how long to wait after so many failures in a row, the last of which is `error`."""
        wait_s = min(_LONGEST_WAIT_S, self.first_wait_s * 2.0 ** min(attempts - 1, 60))
        asked_s = error.retry_after_s if isinstance(error, Retryable) else None
        return wait_s if asked_s is None else max(wait_s, asked_s)


def said(error: Exception) -> str:
    """Return an error's own words; one that nobody expected needs its type to be understood."""
    return str(error) if isinstance(error, UnderstudyError) else repr(error)
