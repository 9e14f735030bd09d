"""What is on its way to webhooks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Protocol

from connector.alerts.events import Event
from rollouts.types import Record

LONGEST_WAIT: Final = timedelta(days=1)
"""No attempt is put off for longer: what seems to be, was noted by a clock that was ahead, and is due."""


class Parcel(Record):
    """One event for one webhook."""

    event: Event
    webhook: str
    """The name of the variable that holds its address."""
    raised_at: datetime
    attempts: int


class Outbox(Protocol):
    """What is kept of alerts."""

    async def parcels(self, now: datetime, limit: int) -> list[Parcel]:
        """Return what is due, the oldest first."""

    async def attempted(self, parcel: Parcel, not_before: datetime) -> None:
        """Note an attempt before it is made; there is no other one before `not_before`."""

    async def closed_parcel(self, parcel: Parcel, state: str) -> None:
        """Note that it is `sent`, `refused` or `given up`."""
