"""Alerts that were raised, whom they are for, and which looks at an epoch were made."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from connector.alerts.events import Event
from connector.alerts.parcels import LONGEST_WAIT, Parcel
from connector.store.writer import Writer

ALERTS: Final = (
    "create table alert (id text primary key, raised_at text not null, body text not null) strict, without rowid",
    """create table parcel (
        alert_id text not null references alert (id), webhook text not null, state text not null default 'waiting',
        attempts integer not null default 0, due_at real not null default 0, primary key (alert_id, webhook)
    ) strict, without rowid""",
    "create index parcel_waiting on parcel (due_at) where state = 'waiting'",
    "create table look (epoch text not null, name text not null, primary key (epoch, name)) strict, without rowid",
)
"""The statements of the migration."""

_DUE = """select body, webhook, raised_at, attempts from parcel join alert on id = alert_id
           where state = 'waiting' and (due_at <= ? or due_at > ?) order by raised_at, id, webhook limit ?"""
_ATTEMPT = "update parcel set attempts = ?, due_at = ? where alert_id = ? and webhook = ?"
_CLOSE = "update parcel set state = ? where alert_id = ? and webhook = ?"
_STATES = """select raised_at, body, webhook, state, attempts from alert left join parcel on id = alert_id
              order by raised_at desc, id, webhook limit ?"""


class AlertBox:
    """Implements `connector.alerts.parcels.Outbox`."""

    _writer: Writer

    async def looked(self, epoch: str, name: str) -> bool:
        """Return whether this look at an epoch was made before."""
        sql = "select 1 from look where epoch = ? and name = ?"
        return await self._writer.run(lambda db: db.execute(sql, (epoch, name)).fetchone()) is not None

    async def alert(
        self, events: Sequence[Event], webhooks: Sequence[str], at: datetime, look: tuple[str, str] | None = None
    ) -> int:
        """Keep those events that are new, for these webhooks, together with the look that found them; say how many."""

        def write(db: sqlite3.Connection) -> int:
            fresh = [event for event in events if _kept(db, event, at)]
            parcels = [(event.id, webhook) for event in fresh for webhook in webhooks]
            db.executemany("insert into parcel (alert_id, webhook) values (?, ?)", parcels)
            if look is not None:
                db.execute("insert or ignore into look values (?, ?)", look)
            return len(fresh)

        return await self._writer.run(write)

    async def parcels(self, now: datetime, limit: int) -> list[Parcel]:
        asked = (now.timestamp(), (now + LONGEST_WAIT).timestamp(), limit)
        rows = await self._writer.run(lambda db: db.execute(_DUE, asked).fetchall())
        return [
            Parcel(event=Event.model_validate_json(body), webhook=webhook, raised_at=raised_at, attempts=attempts)
            for body, webhook, raised_at, attempts in rows
        ]

    async def attempted(self, parcel: Parcel, not_before: datetime) -> None:
        row = (parcel.attempts + 1, not_before.timestamp(), parcel.event.id, parcel.webhook)
        await self._writer.run(lambda db: db.execute(_ATTEMPT, row))

    async def closed_parcel(self, parcel: Parcel, state: str) -> None:
        row = (state, parcel.event.id, parcel.webhook)
        await self._writer.run(lambda db: db.execute(_CLOSE, row))

    async def alerts(self, limit: int) -> list[tuple[datetime, Event, str | None, str | None, int]]:
        """Return the newest alerts, each with its webhooks, and how far it is with them."""
        rows = await self._writer.run(lambda db: db.execute(_STATES, (limit,)).fetchall())
        return [
            (datetime.fromisoformat(raised_at), Event.model_validate_json(body), webhook, state, attempts or 0)
            for raised_at, body, webhook, state, attempts in rows
        ]


def _kept(db: sqlite3.Connection, event: Event, at: datetime) -> bool:
    row = (event.id, at.isoformat(), event.model_dump_json())
    return bool(db.execute("insert or ignore into alert values (?, ?, ?)", row).rowcount)
