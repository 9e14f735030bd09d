"""The journal of paid calls that are under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from connector.store.writer import Writer
from rollouts.errors import Permanent
from rollouts.types import Completion

_duel: ContextVar[str | None] = ContextVar("duel", default=None)


class Calls:
    """Calls of duels that have not taken their step yet; saving the step forgets them."""

    _writer: Writer

    @contextmanager
    def carrying(self, duel_id: str) -> Iterator[None]:
        token = _duel.set(duel_id)
        try:
            yield
        finally:
            _duel.reset(token)

    async def begin(self, key: str) -> Completion | None:
        sql = """insert into call (key, duel_id)
                 select ?1, ?2 where ?2 is null or exists (select 1 from duel where id = ?2)
                 on conflict (key) do update set duel_id = excluded.duel_id returning completion"""
        duel = _duel.get()
        rows = await self._writer.run(lambda db: db.execute(sql, (key, duel)).fetchall())
        if not rows:
            raise Permanent("this duel was over a copy, and has been replaced")
        [(completion,)] = rows
        return Completion.model_validate_json(completion) if completion else None

    async def keep(self, key: str, completion: Completion) -> None:
        sql, body = "update call set completion = ? where key = ?", completion.model_dump_json()
        await self._writer.run(lambda db: db.execute(sql, (body, key)))

    async def drop(self, key: str) -> None:
        await self._writer.run(lambda db: db.execute("delete from call where key = ?", (key,)))

    async def forget_interrupted(self) -> int:
        """Drop the calls that were in flight when the process died; return how many may be paid twice."""
        sql = "delete from call where completion is null"
        return await self._writer.run(lambda db: db.execute(sql).rowcount)
