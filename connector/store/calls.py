"""The journal of paid calls that are under way, and the ledger of all that were paid."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from connector.store.judgments import BLANK
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

_WANTED = f"select 1 from duel where id = ? and not {BLANK}"  # noqa: S608  all parts are ours
"""A row where a duel was neither withdrawn nor forgotten."""
_GONE = "this duel was over a copy, and has been replaced, or over what was forgotten"
_OPEN = "insert into spending (at, model, role, worst, duel_id, run) values (?, ?, ?, ?, ?, ?)"
_SETTLE = "update spending set outcome = ?, spent = ?, input_tokens = ?, output_tokens = ? where entry = ?"


class Calls:
    """Calls of duels that have not taken their step yet; saving the step forgets them, but never what they cost."""

    _writer: Writer
    run: str | None = None
    """Names this process in the ledger."""
    _bought: Bought | None = None

    @contextmanager
    def carrying(self, duel_id: str) -> Iterator[None]:
        token = _duel.set(duel_id)
        try:
            yield
        finally:
            _duel.reset(token)

    async def kept(self, key: str) -> Completion | None:
        if self._bought is not None and key not in self._bought:
            return None
        sql = "select completion from call where key = ?"
        row = await self._writer.run(lambda db: db.execute(sql, (key,)).fetchone())
        return Completion.model_validate_json(row[0]) if row and row[0] else None

    async def begin(self, key: str, purchase: Purchase) -> int:
        sql = """insert into call (key, duel_id) values (?, ?)
                 on conflict (key) do update set duel_id = excluded.duel_id"""
        duel = _duel.get()

        def write(db: sqlite3.Connection) -> int | None:
            if not _is_wanted(db, duel):
                return None
            db.execute(sql, (key, duel))
            return db.execute(_OPEN, (*_opened(purchase), duel, self.run)).lastrowid

        entry = await self._writer.run(write)
        if entry is None:
            raise Permanent(_GONE)
        return entry

    async def keep(self, key: str, entry: int, completion: Completion, settlement: Settlement) -> None:
        sql, body = "update call set completion = ? where key = ?", completion.model_dump_json()
        duel = _duel.get()

        def write(db: sqlite3.Connection) -> bool:
            db.execute(sql, (body, key))
            db.execute(_SETTLE, _settled(settlement, entry))
            return _is_wanted(db, duel)

        if self._bought is not None:
            self._bought.add(key, duel)
        if not await self._writer.run(write):
            raise Permanent(_GONE)  # else the cache would remember what was forgotten while the model was thinking

    async def drop(self, key: str, entry: int, settlement: Settlement) -> None:
        def write(db: sqlite3.Connection) -> None:
            db.execute("delete from call where key = ?", (key,))
            db.execute(_SETTLE, _settled(settlement, entry))

        await self._writer.run(write)

    async def hit(self, purchase: Purchase) -> None:
        sql = """insert into spending (at, model, role, worst, duel_id, run, outcome, spent)
                 values (?, ?, ?, ?, ?, ?, ?, 0)"""
        row = (*_opened(purchase), _duel.get(), self.run, Outcome.CACHED)
        await self._writer.run(lambda db: db.execute(sql, row))

    async def forget_calls(self, start: str) -> None:
        """Forget the answers to calls whose keys begin so, but not what they cost: they are to be asked again."""
        await self._writer.run(lambda db: db.execute("delete from call where key glob ?", (f"{start}*",)))

    async def forget_interrupted(self) -> int:
        """Count the calls that were in flight when the process died as paid, at their worst; return how many."""
        lost = "update spending set outcome = 'lost', spent = worst where outcome is null"

        def write(db: sqlite3.Connection) -> tuple[int, list[tuple[str, str | None]]]:
            db.execute("delete from call where completion is null")
            return db.execute(lost).rowcount, db.execute("select key, duel_id from call").fetchall()

        interrupted, bought = await self._writer.run(write)
        self._bought = Bought(bought)
        return interrupted


class Bought:
    """The keys of calls whose answers are kept, so that a new call need not ask the file whether it is one of them.

    A key that stays here too long costs a look into the file, no more.
    """

    def __init__(self, rows: Iterable[tuple[str, str | None]]) -> None:
        self._duel_of: dict[str, str | None] = {}
        self._keys_of = defaultdict[str | None, set[str]](set)
        for key, duel in rows:
            self.add(key, duel)

    def __contains__(self, key: str) -> bool:
        return key in self._duel_of

    def add(self, key: str, duel: str | None) -> None:
        """Know one more."""
        self._duel_of[key] = duel
        self._keys_of[duel].add(key)

    def forget(self, duel: str) -> None:
        """Know those of this duel no longer."""
        for key in self._keys_of.pop(duel, ()):
            if self._duel_of.get(key) == duel:  # else another duel has asked the same since
                del self._duel_of[key]


def _is_wanted(db: sqlite3.Connection, duel: str | None) -> bool:
    return duel is None or db.execute(_WANTED, (duel,)).fetchone() is not None


def _opened(purchase: Purchase) -> tuple[object, ...]:
    return purchase.at.timestamp(), purchase.model, purchase.role, purchase.worst


def _settled(settlement: Settlement, entry: int) -> tuple[object, ...]:
    return settlement.outcome, settlement.spent, settlement.input_tokens, settlement.output_tokens, entry
