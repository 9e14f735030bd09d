"""Closed epochs: leaderboards that no longer change, with what it takes to compare them once their texts are gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Final

import orjson

from connector.periods import Closed
from connector.store.writer import Writer
from judges.standings.leaderboard import Leaderboard
from judges.standings.parts import Part
from judges.types import Scale, Unit

EPOCHS: Final = (
    """create table closed_epoch (
        epoch text not null, comparability text not null, jury text not null, scale text not null, unit text not null,
        closed_at text not null, fingerprints text not null, unfinished text not null, last_duel integer not null,
        board text not null, parts text not null, published integer not null default 0,
        primary key (epoch, comparability), unique (epoch, jury, scale, unit)
    ) strict""",
)
"""The statements of the migration."""

_CLOSED = "select board, jury, fingerprints, unfinished, last_duel, parts, published from closed_epoch"
_ORDER = "order by closed_at, epoch"
_OPEN = """select challenger, count(*) from duel
            where epoch = ?1 and fingerprint = ?2 and challenger = ?3 and state in ('queued', 'rolled')"""
_LAST = "update duel set due_at = max(due_at, ?) where epoch = ? and state in ('queued', 'rolled')"
"""What is too late for its own epoch is due behind what is not: else money that is short would always be late."""
_LATE = "select count(*) from duel where epoch = ? and challenger = ? and fingerprint = ? and rowid > ?"


class History:
    """What is closed stays as it is; only whether it was published may change."""

    _writer: Writer

    async def close(self, closed: Closed) -> None:
        row = (
            *(closed.board.epoch, closed.board.comparability, closed.jury, closed.board.scale, closed.board.unit),
            closed.board.closed_at.isoformat() if closed.board.closed_at else "",
            *(orjson.dumps(each).decode() for each in (closed.fingerprints, closed.unfinished)),
            closed.last_duel,
            closed.board.model_dump_json(),
            orjson.dumps([part.model_dump(mode="json") for part in closed.parts]).decode(),
        )
        sql = f"insert or ignore into closed_epoch values ({', '.join('?' * len(row))}, 0)"  # noqa: S608  only marks
        at = closed.board.closed_at.timestamp() if closed.board.closed_at else 0.0

        def write(db: sqlite3.Connection) -> None:
            if db.execute(sql, row).rowcount:
                db.execute(_LAST, (at, closed.board.epoch))

        await self._writer.run(write)

    async def closed(
        self, epoch: str | None = None, jury: str | None = None, *, unpublished: bool = False
    ) -> list[Closed]:
        sql = f"""{_CLOSED} where (?1 is null or epoch = ?1) and (?2 is null or jury = ?2)
                  and (not ?3 or not published) {_ORDER}"""
        rows = await self._writer.run(lambda db: db.execute(sql, (epoch, jury, unpublished)).fetchall())
        return [_closed(row) for row in rows]

    async def closed_epochs(
        self, jury: str | None = None, scale: Scale | None = None, unit: Unit | None = None
    ) -> set[str]:
        sql = """select distinct epoch from closed_epoch
                  where (?1 is null or jury = ?1) and (?2 is null or scale = ?2) and (?3 is null or unit = ?3)"""
        rows = await self._writer.run(lambda db: db.execute(sql, (jury, scale, unit)).fetchall())
        return {epoch for (epoch,) in rows}

    async def published(self, closed: Closed) -> None:
        sql = "update closed_epoch set published = 1 where epoch = ? and comparability = ?"
        key = (closed.board.epoch, closed.board.comparability)
        await self._writer.run(lambda db: db.execute(sql, key))

    async def unfinished(self, epoch: str, fingerprints: Mapping[str, str]) -> dict[str, int]:
        def read(db: sqlite3.Connection) -> dict[str, int]:
            asked = ((epoch, mark, name) for name, mark in fingerprints.items())
            return {name: count for each in asked for name, count in db.execute(_OPEN, each) if count}

        return await self._writer.run(read)

    async def last_duel(self) -> int:
        row = await self._writer.run(lambda db: db.execute("select coalesce(max(rowid), 0) from duel").fetchone())
        return int(row[0])

    async def late(self, closed: Closed) -> int:
        def read(db: sqlite3.Connection) -> int:
            asked = ((closed.board.epoch, *pair, closed.last_duel) for pair in closed.fingerprints.items())
            return sum(int(db.execute(_LATE, each).fetchone()[0]) for each in asked)

        return await self._writer.run(read)


def _closed(row: tuple[Any, ...]) -> Closed:
    board, jury, fingerprints, unfinished, last_duel, parts, published = row
    return Closed(
        board=Leaderboard.model_validate_json(board),
        jury=jury,
        fingerprints=orjson.loads(fingerprints),
        unfinished=orjson.loads(unfinished),
        last_duel=last_duel,
        parts=tuple(map(Part.model_validate, orjson.loads(parts))),
        published=bool(published),
    )
