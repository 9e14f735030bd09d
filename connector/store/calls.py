"""The journal of paid calls that are under way, and the ledger of all that were paid."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from connector.store.writer import Writer
from rollouts.errors import Permanent
from rollouts.ledger import Outcome, Purchase, Settlement
from rollouts.types import Completion

SPENDING = (
    """create table spending (
        entry integer primary key, at real not null, model text not null, role text not null, outcome text,
        worst integer, spent integer, input_tokens integer, output_tokens integer, run text, duel_id text
    ) strict""",
    "create index spending_by_time on spending (at)",
    "create index spending_open on spending (entry) where outcome is null",
)
"""Money in picodollars. Without an outcome a call is under way."""

_duel: ContextVar[str | None] = ContextVar("duel", default=None)

_OPEN = "insert into spending (at, model, role, worst, duel_id) values (?, ?, ?, ?, ?)"
_SETTLE = "update spending set outcome = ?, spent = ?, input_tokens = ?, output_tokens = ? where entry = ?"


class Calls:
    """Calls of duels that have not taken their step yet; saving the step forgets them, but never what they cost."""

    _writer: Writer

    @contextmanager
    def carrying(self, duel_id: str) -> Iterator[None]:
        token = _duel.set(duel_id)
        try:
            yield
        finally:
            _duel.reset(token)

    async def kept(self, key: str) -> Completion | None:
        sql = "select completion from call where key = ?"
        row = await self._writer.run(lambda db: db.execute(sql, (key,)).fetchone())
        return Completion.model_validate_json(row[0]) if row and row[0] else None

    async def begin(self, key: str, purchase: Purchase) -> int:
        sql = """insert into call (key, duel_id)
                 select ?1, ?2 where ?2 is null or exists (select 1 from duel where id = ?2)
                 on conflict (key) do update set duel_id = excluded.duel_id"""
        duel = _duel.get()

        def write(db: sqlite3.Connection) -> int | None:
            known = db.execute(sql, (key, duel)).rowcount
            return db.execute(_OPEN, (*_opened(purchase), duel)).lastrowid if known else None

        entry = await self._writer.run(write)
        if entry is None:
            raise Permanent("this duel was over a copy, and has been replaced")
        return entry

    async def keep(self, key: str, entry: int, completion: Completion, settlement: Settlement) -> None:
        sql, body = "update call set completion = ? where key = ?", completion.model_dump_json()

        def write(db: sqlite3.Connection) -> None:
            db.execute(sql, (body, key))
            db.execute(_SETTLE, _settled(settlement, entry))

        await self._writer.run(write)

    async def drop(self, key: str, entry: int, settlement: Settlement) -> None:
        def write(db: sqlite3.Connection) -> None:
            db.execute("delete from call where key = ?", (key,))
            db.execute(_SETTLE, _settled(settlement, entry))

        await self._writer.run(write)

    async def hit(self, purchase: Purchase) -> None:
        sql = "insert into spending (at, model, role, worst, duel_id, outcome, spent) values (?, ?, ?, ?, ?, ?, 0)"
        row = (*_opened(purchase), _duel.get(), Outcome.CACHED)
        await self._writer.run(lambda db: db.execute(sql, row))

    async def forget_interrupted(self) -> int:
        """Count the calls that were in flight when the process died as paid, at their worst; return how many."""
        lost = "update spending set outcome = 'lost', spent = worst where outcome is null"

        def write(db: sqlite3.Connection) -> int:
            db.execute("delete from call where completion is null")
            return db.execute(lost).rowcount

        return await self._writer.run(write)


def _opened(purchase: Purchase) -> tuple[object, ...]:
    return purchase.at.timestamp(), purchase.model, purchase.role, purchase.worst


def _settled(settlement: Settlement, entry: int) -> tuple[object, ...]:
    return settlement.outcome, settlement.spent, settlement.input_tokens, settlement.output_tokens, entry
