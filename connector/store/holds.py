"""What stands still, and since when: written by whoever works, read by whoever looks."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from datetime import UTC, datetime

from connector.store.writer import Writer
from connector.types import Hold

HOLDS = (
    """create table hold (
        what text primary key, reason text not null, money integer not null, since real not null, until real
    ) strict, without rowid""",
)

_KEEP = """insert into hold (what, reason, money, since, until) values (?, ?, ?, ?, ?)
           on conflict (what) do update set reason = excluded.reason, money = excluded.money, until = excluded.until,
           since = case when hold.money = excluded.money then hold.since else excluded.since end"""


class Holds:
    """One row for each thing that stands still."""

    _writer: Writer

    async def hold(self, holds: Collection[Hold]) -> None:
        kept = [each.what for each in holds]
        rows = [
            (each.what, each.reason, each.money, each.since.timestamp(), each.until and each.until.timestamp())
            for each in holds
        ]

        def write(db: sqlite3.Connection) -> None:
            marks = ", ".join("?" * len(kept))
            db.execute(f"delete from hold where what not in ({marks})", kept)  # noqa: S608  only marks
            db.executemany(_KEEP, rows)

        await self._writer.run(write)

    async def holds(self) -> list[Hold]:
        sql = "select what, reason, money, since, until from hold order by since, what"
        rows = await self._writer.run(lambda db: db.execute(sql).fetchall())
        return [
            Hold(what=what, reason=reason, money=bool(money), since=_moment(since), until=until and _moment(until))
            for what, reason, money, since, until in rows
        ]


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
