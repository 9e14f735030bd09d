"""What is noted of every call that may cost money, before it is sent and after. Money is whole picodollars.

A picodollar is a millionth of a millionth of a dollar: any price per million tokens with six decimals is a whole number
of them per token, so that sums are exact, in SQLite's integers too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from rollouts.types import Record

PICODOLLARS: Final = 10**12
"""In a dollar."""

Role = Literal["challenger", "control", "judge", "stand-in", "embedding", "doctor"]


def picodollars(usd: float) -> int:
    """Return an amount in whole picodollars."""
    return round(usd * PICODOLLARS)


def dollars(amount: int) -> float:
    """Return picodollars as USD, to be shown."""
    return amount / PICODOLLARS


class Purchase(Record):
    """One call that is about to be sent."""

    at: datetime
    """When it was reserved: that decides in which day, week and month it counts."""
    model: str
    """The model's name, as configured."""
    role: Role
    worst: int | None
    """The most that it can cost, in picodollars; `None` where the price is unknown."""


class Outcome(StrEnum):
    """How a call ended, as far as money goes."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """The provider said no: nothing is paid."""
    LOST = "lost"
    """Nobody knows whether it was paid: it counts as the worst."""
    CACHED = "cached"
    """It was never sent: the answer was bought before, and costs nothing now."""


class Settlement(Record):
    """What became of a purchase."""

    outcome: Outcome
    spent: int | None
    """Picodollars; `None` where an answer's price is unknown."""
    input_tokens: int | None = None
    output_tokens: int | None = None


class Spent(Record):
    """What the calls of one model, in one role and with one outcome, came to."""

    model: str
    role: Role
    outcome: Outcome | None
    """`None` for calls under way."""
    calls: int
    spent: int
    """Picodollars; what is not known counts as the worst."""
    input_tokens: int | None
    output_tokens: int | None
    unpriced: int
    """Calls of which not even the worst price is known: they are not in the sum."""


def by_role(spent: Iterable[Spent]) -> Mapping[tuple[str, Role], int]:
    """Add up picodollars by model and role, whatever became of the calls."""
    sums = Counter[tuple[str, Role]]()
    for each in spent:
        sums[each.model, each.role] += each.spent
    return sums
