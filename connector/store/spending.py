"""What the ledger says: sums of every call that may have cost money."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime

from connector.store.writer import Writer
from rollouts.ledger import Spent

_COUNTED = "coalesce(spent, worst, 0)"
"""What nobody knows yet, or ever will, counts as the worst."""


class Spending:
    """Sums over the table `spending`."""

    _writer: Writer

    async def spent(self, since: datetime) -> Mapping[str, int]:
        """Return what was spent since then, by model, in picodollars; calls under way at their worst."""
        sql = f"select model, sum({_COUNTED}) from spending where at >= ? group by model"  # noqa: S608  no input in it
        return await self._writer.run(lambda db: dict(db.execute(sql, (since.timestamp(),)).fetchall()))

    async def reserved(self, since: datetime) -> Mapping[str, int]:
        """Return what calls under way since then may cost at worst, by model; they are in `spent` too."""
        sql = """select model, sum(coalesce(worst, 0)) from spending
                 where outcome is null and at >= ? group by model"""
        return await self._writer.run(lambda db: dict(db.execute(sql, (since.timestamp(),)).fetchall()))

    async def spending(self, since: datetime | None = None, *, run: str | None = None) -> list[Spent]:
        """Add up calls by model, role and outcome: those since then, or of one run, or all; the dearest first."""
        sql = f"""select model, role, outcome, count(*), sum({_COUNTED}), sum(input_tokens), sum(output_tokens),
                  sum(spent is null and worst is null) from spending
                  where at >= ? and (?2 is null or run = ?2) group by 1, 2, 3 order by 5 desc, 1, 2, 3"""  # noqa: S608
        start = since.timestamp() if since else 0.0
        names = ("model", "role", "outcome", "calls", "spent", "input_tokens", "output_tokens", "unpriced")

        def read(db: sqlite3.Connection) -> list[Spent]:
            rows = db.execute(sql, (start, run)).fetchall()
            return [Spent.model_validate(dict(zip(names, row, strict=True))) for row in rows]

        return await self._writer.read(read)

    async def last_run(self) -> tuple[str, datetime] | None:
        """Return the name of the last process that bought anything, and when it first did."""
        sql = """select run, min(at) from spending group by run
                 having run = (select run from spending where run is not null order by entry desc limit 1)"""
        row = await self._writer.run(lambda db: db.execute(sql).fetchone())
        return (row[0], datetime.fromtimestamp(row[1], UTC)) if row else None
