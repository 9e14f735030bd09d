"""Turns that wait for the draw of their epoch, and the draws that were made."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from connector.sampling.clusters import Cluster
from connector.sampling.draw import Drawing, Stratum
from connector.sampling.strata import Held
from connector.sampling.telling import told
from connector.sampling.types import Draw
from connector.store.writer import Writer
from connector.types import Duel
from rollouts.embedding import KEY

DRAWS: Final = (
    """create table draw (
        epoch text not null, number integer not null, at text not null, strategy text not null,
        fell_back text not null, quota integer not null, held integer not null, drawn integer not null,
        uncovered integer not null, strata text not null, primary key (epoch, number)
    ) strict, without rowid""",
    """create table cluster (
        epoch text not null, space text not null, name text not null, centroid blob not null, radius real not null,
        size integer not null, primary key (epoch, space, name)
    ) strict, without rowid""",
    "alter table turn add column draw integer",
    "drop index turn_presumed_by_words",
    "drop index turn_presumed_by_echo",
    "create index turn_presumed_by_words on turn (words) where presumed and fate in ('challenged', 'held')",
    "create index turn_presumed_by_echo on turn (echo) where presumed and fate in ('challenged', 'held')",
)
"""The statements of the migration."""

STRATA: Final = ("alter table challenge add column stratum text not null default ''",)
"""The statements of a later migration."""

TEXT_CHARS: Final = 2_000
"""Of what a user said that is read: what it is about, its beginning tells."""

_HELD = "select id, conversation_id, user_id, slices, {} from challenge where held and epoch = ? order by id"
_TAKE = "update challenge set held = 0, weight = ?, cluster = ?, stratum = ?, slices = ? where id = ? and held"
_TAKEN = "update turn set fate = 'challenged', draw = ? where id = ?"
_LEAVE = "delete from challenge where id = ? and held"
_LEFT = "update turn set fate = 'sampled out', reason = ?, draw = ? where id = ?"
_SETTLE = """update trace set reason = '', fate = case
             when exists (select 1 from turn where trace_id = trace.id and fate = 'challenged') then 'challenged'
             when exists (select 1 from turn where trace_id = trace.id and fate = 'held') then 'held'
             else 'sampled out' end where fate = 'held' and id = """
_TRACE_OF = "(select trace_id from turn where id = ?)"
_DUEL = """insert or ignore into duel (id, challenge_id, challenger, fingerprint, epoch, state)
           values (?, ?, ?, ?, ?, 'queued')"""
_KNOWN = """select name, centroid, radius, size from cluster as this where space = ?1 and epoch <= ?2
            and not exists (select 1 from cluster where space = ?1 and epoch <= ?2 and name = this.name
            and epoch > this.epoch) order by name"""
LATE: Final = "it came when the quota of its window was spent"
"""Why a turn was left out that no draw stands for."""


class Draws:
    """A draw is one transaction: of the turns that waited, none waits after it, and each is told why."""

    _writer: Writer

    async def held_epochs(self) -> list[str]:
        sql = "select distinct epoch from challenge where held order by epoch"
        return [epoch for (epoch,) in await self._writer.run(lambda db: db.execute(sql).fetchall())]

    async def held(self, epoch: str, *, texts: bool = False) -> list[Held]:
        sql = _HELD.format("body" if texts else "null")
        return await self._writer.read(lambda db: [_held(row) for row in db.execute(sql, (epoch,))])

    async def draws(self, epoch: str | None = None) -> list[Draw]:
        sql = "select * from draw where ?1 is null or epoch = ?1 order by epoch, number"
        return [_draw(row) for row in await self._writer.run(lambda db: db.execute(sql, (epoch,)).fetchall())]

    async def drawn(self, epoch: str | None) -> list[str]:
        return told(await self.draws(epoch))

    async def last_draw(self) -> datetime | None:
        [at] = await self._writer.run(lambda db: db.execute("select max(at) from draw").fetchone())
        return datetime.fromisoformat(at) if at else None

    async def clusters(self, space: str, epoch: str) -> list[Cluster]:
        rows = await self._writer.run(lambda db: db.execute(_KNOWN, (space, epoch)).fetchall())
        return [_cluster(row) for row in rows]

    async def settle_draw(
        self,
        draw: Draw,
        held: Sequence[Held],
        made: Drawing,
        fingerprints: Mapping[str, str],
        *,
        clusters: Mapping[str, str] | None = None,
        shapes: Sequence[Cluster] = (),
        space: str = "",
    ) -> int:
        named = clusters or {}

        def write(db: sqlite3.Connection) -> int:
            taken = [each for each in held if each.id in made.weights and _take(db, each, made, named)]
            left = [each for each in held if each.id not in made.weights]
            left = [each for each in left if db.execute(_LEAVE, (each.id,)).rowcount]
            db.executemany(_TAKEN, [(draw.number, each.id) for each in taken])
            db.executemany(_LEFT, [(LATE if draw.uncovered else "", draw.number, each.id) for each in left])
            db.executemany(_SETTLE + _TRACE_OF, [(each.id,) for each in (*taken, *left)])
            db.execute("delete from call where key glob ?", (f"{KEY}*",))
            db.execute("insert into draw values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(draw, len(taken)))
            db.executemany(
                "insert or replace into cluster values (?, ?, ?, ?, ?, ?)",
                [(draw.epoch, space, c.name, c.centroid.tobytes(), c.radius, c.size) for c in shapes],
            )
            return db.executemany(_DUEL, list(_duels(taken, draw.epoch, fingerprints))).rowcount if taken else 0

        return max(0, await self._writer.run(write))


def settled(db: sqlite3.Connection, trace_id: str) -> None:
    """Say where a trace ended some of whose turns were known before it was read this time."""
    db.execute(f"{_SETTLE}?", (trace_id,))


def decided(db: sqlite3.Connection, turn_ids: Sequence[str]) -> set[str]:
    """Return those turns that a draw has taken or left: it is not made again."""
    sql = "select 1 from turn where id = ? and draw is not null"
    return {turn_id for turn_id in turn_ids if db.execute(sql, (turn_id,)).fetchone()}


def _take(db: sqlite3.Connection, each: Held, made: Drawing, clusters: Mapping[str, str]) -> bool:
    cluster = clusters.get(each.id)
    slices = each.slices if cluster is None else (*each.slices, ("cluster", cluster))
    row = (made.weights[each.id], cluster, made.lies[each.id], orjson.dumps(slices).decode(), each.id)
    return db.execute(_TAKE, row).rowcount > 0


def _duels(taken: Sequence[Held], epoch: str, fingerprints: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    for each in taken:
        for name, fingerprint in fingerprints.items():
            yield Duel.id_of(each.id, name, fingerprint), each.id, name, fingerprint, epoch


def _held(row: tuple[Any, ...]) -> Held:
    challenge_id, conversation_id, user_id, slices, body = row
    parts = tuple((dimension, value) for dimension, value in orjson.loads(slices or "[]"))
    return Held(challenge_id, conversation_id, user_id, parts, "" if body is None else _asked(body))


def _asked(body: bytes) -> str:
    """Return what the user said last; as JSON, because whole challenges take ten times as long to read."""
    messages = orjson.loads(zlib.decompress(body))["messages"]
    said = (message["parts"] for message in reversed(messages) if message["role"] == "user" and message.get("parts"))
    texts = ("\n".join(part["content"] for part in parts if part["type"] == "text") for parts in said)
    return next((" ".join(text[:TEXT_CHARS].split()) for text in texts if text.strip()), "")


def _cluster(row: tuple[Any, ...]) -> Cluster:
    import numpy as np  # noqa: PLC0415  heavy, and needed for few

    name, centroid, radius, size = row
    return Cluster(name, np.frombuffer(centroid, dtype=np.float32), radius, size)


def _row(draw: Draw, taken: int) -> tuple[object, ...]:
    told = (draw.epoch, draw.number, draw.at.isoformat(), draw.strategy, draw.fell_back, draw.quota, draw.held)
    return (*told, taken, draw.uncovered, orjson.dumps([list(each) for each in draw.strata]).decode())


def _draw(row: tuple[Any, ...]) -> Draw:
    told = dict(zip(Draw.model_fields, row, strict=True))
    strata = tuple(Stratum(*each) for each in orjson.loads(told["strata"]))
    return Draw.model_validate({**told, "at": datetime.fromisoformat(told["at"]), "strata": strata})
