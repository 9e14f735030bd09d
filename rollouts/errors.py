"""Every error says what the engine should do about it.

* UnderstudyError
  x Retryable         wait, then try the same record again
    · Throttled         too much was asked at once: ask less
    · Unanswered        nobody is there, or who is there is broken
      - Overloaded        both: it breaks under what is asked
    · Unavailable       whoever is asked is known to be down: nothing more is sent for a while
  x Permanent         this record will never work: bury it, go on with the next
  x Fatal             nothing of its kind will work until a person acts: park it, let the others go on
    · BudgetExhausted   the money that was allowed is spent
"""

from __future__ import annotations

from datetime import datetime


class UnderstudyError(Exception):
    """Base of all errors raised on purpose; `hint` tells a person what to do next."""

    paid: bool = False
    """Whether the call that failed may have been paid all the same: no refusal came back."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Retryable(UnderstudyError):
    """The same call may work later; `retry_after_s` repeats what the server asked for, in seconds."""

    soon: bool = True
    """Whether trying again within seconds may help; a server can say that it will not."""

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, hint: str | None = None, paid: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s
        self.paid = paid


class Throttled(Retryable):
    """The server refuses because of how much or how fast it is asked."""


class Unanswered(Retryable):
    """No connection, no answer in time, or an error of the server's own. If it goes on, the server is down."""


class Overloaded(Throttled, Unanswered):
    """The server is up, but too busy for anybody."""


class Unavailable(Retryable):
    """Whoever is asked is known to be down: it is no fault of the record, which is left exactly as it is."""

    soon = False


class Permanent(UnderstudyError):
    """The same input will always fail."""


class Fatal(UnderstudyError):
    """Configuration or credentials are wrong."""


class BudgetExhausted(Fatal):
    """No call can be paid any more within the budget, until `opens_at`; `None` where no next period will come."""

    def __init__(self, message: str, *, hint: str | None = None, opens_at: datetime | None = None) -> None:
        super().__init__(message, hint=hint)
        self.opens_at = opens_at
