"""Every error says what the engine should do about it.

* UnderstudyError
  x Retryable         wait, then try the same record again
  x Permanent         this record will never work: bury it, go on with the next
  x Fatal             nothing of its kind will work until a person acts: park it, let the others go on
    · BudgetExhausted   the money that was allowed is spent
"""

from __future__ import annotations


class UnderstudyError(Exception):
    """Base of all errors raised on purpose; `hint` tells a person what to do next."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Retryable(UnderstudyError):
    """The same call may work later; `retry_after_s` repeats what the server asked for, in seconds."""

    def __init__(self, message: str, *, retry_after_s: float | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class Permanent(UnderstudyError):
    """The same input will always fail."""


class Fatal(UnderstudyError):
    """Configuration or credentials are wrong."""


class BudgetExhausted(Fatal):
    """No call can be paid any more within the budget."""
