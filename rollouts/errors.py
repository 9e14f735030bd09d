"""Every error says what the engine should do about it.

* UnderstudyError
  x Retryable         wait, then try the same record again
    · Unavailable       whoever is asked is down: nothing was sent, and nothing will be for a while
  x Permanent         this record will never work: bury it, go on with the next
  x Fatal             nothing of its kind will work until a person acts: park it, let the others go on
    · BudgetExhausted   the money that was allowed is spent
"""

from __future__ import annotations


class UnderstudyError(Exception):
    """Base of all errors raised on purpose; `hint` tells a person what to do next."""

    paid: bool = False
    """Whether the call that failed may have been paid all the same: no refusal came back."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Retryable(UnderstudyError):
    """The same call may work later; `retry_after_s` repeats what the server asked for, in seconds."""

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, hint: str | None = None, paid: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s
        self.paid = paid


class Unavailable(Retryable):
    """Whoever would be asked is known to be down: nothing was sent, and it is no fault of the record."""


class Permanent(UnderstudyError):
    """The same input will always fail."""


class Fatal(UnderstudyError):
    """Configuration or credentials are wrong."""


class BudgetExhausted(Fatal):
    """No call can be paid any more within the budget."""
