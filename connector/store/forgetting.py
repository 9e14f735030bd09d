"""What is to be forgotten, what of it is still there, and that it must not come again.

One transaction notes the wish, takes the texts out of the store, gives ids that mean nothing to what stays, and lists
what there is of it elsewhere. Each of those is removed twice, some time apart: what was on its way when it was removed
first is there the second time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from connector.store.blanks import blank
from connector.store.forgetter import Forgetter, added_up
from connector.store.forgotten import is_forgotten
from connector.store.writer import Writer
from connector.subjects import Forgot, Place, Subject
from connector.traces import Sighting

FORGOTTEN: Final = (
    "alter table challenge add column blanked_at real",
    "create index challenge_of_trace on challenge (trace_id)",
    "create index challenge_of_user on challenge (user_id)",
    "create index challenge_of_conversation on challenge (conversation_id)",
    "create index trace_of_session on trace (session_id)",
    "create table forgotten (digest text primary key, at real not null) strict, without rowid",
    """create table alias (
        kind text not null, value text not null, token text not null, primary key (kind, value)
    ) strict, without rowid""",
    """create table forgetting (
        entry integer primary key, at real not null, kind text not null, because text not null,
        traces integer not null, challenges integer not null, duels integer not null, done_at real
    ) strict""",
    """create table remains (
        place text not null, id text not null, entry integer not null references forgetting (entry),
        due_at real not null, removed integer not null default 0, primary key (place, id)
    ) strict, without rowid""",
    "create table gone (trace_id text primary key, since real not null) strict, without rowid",
)
"""The statements of the migration."""

AGAIN: Final = timedelta(minutes=10)
"""After which what was removed is removed once more: calls and posts that were on their way have ended by then."""

_AT_ONCE: Final = 200
_BEGAN = "(julianday(started_at) - 2440587.5) * 86400"
"""Seconds since 1970, in any SQLite."""
_UNFINISHED = """exists (select 1 from duel where challenge_id = challenge.id
                 and (state in ('queued', 'rolled', 'judged') or (state = 'posted' and not confirmed)))"""
_FINISHED_AT = f"""coalesce((select max(posted_at) from duel where challenge_id = challenge.id),
                  (select {_BEGAN} from trace where id = challenge.trace_id))"""  # noqa: S608
_OLD = f"""select id from challenge where blanked_at is null and not held and tier = 'fresh' and not {_UNFINISHED}
           and {_FINISHED_AT} < ? limit {_AT_ONCE}"""  # noqa: S608  all parts are ours
_TEXTS = """from trace where exists (select 1 from challenge where trace_id = trace.id and blanked_at is null
            and tier = 'fresh')"""
_WITH_TEXTS = f"select id {_TEXTS} and {_BEGAN} >= ? and {_BEGAN} < ?"
_OLDEST = f"select min(started_at) {_TEXTS}"


class Forgetting:
    """Forgets whom it is told to, for good."""

    _writer: Writer

    async def forget(self, subjects: Sequence[Subject], at: datetime, because: str, *, really: bool = True) -> Forgot:
        """Take out all texts of these; return how much that is. Unless `really`, everything stays as it is."""

        def write(db: sqlite3.Connection) -> Forgot:
            db.execute("savepoint forgetting")
            forgetter = Forgetter(db, at.timestamp())
            found = [forgetter.forget(subject, because) for subject in subjects]
            db.execute("release forgetting" if really else "rollback to forgetting")
            return added_up(found)

        return await self._writer.run(write)

    async def forgotten(self, sightings: Sequence[Sighting]) -> set[str]:
        """Return the ids of those that were forgotten; of a user or a session what began before that."""
        return await self._writer.run(lambda db: {each.trace_id for each in sightings if is_forgotten(db, each)})

    async def remains(self, place: Place, now: datetime, limit: int) -> list[str]:
        """Return the ids of up to `limit` things of one place that are due to be removed."""
        sql = "select id from remains where place = ? and due_at <= ? order by due_at, id limit ?"
        rows = await self._writer.run(lambda db: db.execute(sql, (place, now.timestamp(), limit)).fetchall())
        return [name for (name,) in rows]

    async def left(self) -> int:
        """Count what is still to be removed, or to be removed once more."""
        [count] = await self._writer.run(lambda db: db.execute("select count(*) from remains").fetchone())
        return int(count)

    async def removed(self, place: Place, ids: Sequence[str], at: datetime) -> None:
        """These are gone. The second time they are known to be, and their ids are forgotten too."""
        later = (at + AGAIN).timestamp()

        def write(db: sqlite3.Connection) -> None:
            for name in ids:
                # Not yet due: somebody else removed it just now, and the second look is still to come.
                done = "delete from remains where place = ? and id = ? and removed and due_at <= ?"
                db.execute(done, (place, name, at.timestamp()))
                sql = "update remains set removed = 1, due_at = ? where place = ? and id = ?"
                db.execute(sql, (later, place, name))
            sql = """update forgetting set done_at = ? where done_at is null
                     and not exists (select 1 from remains where remains.entry = forgetting.entry)"""
            db.execute(sql, (at.timestamp(),))

        await self._writer.run(write)

    async def blank_older(self, before: datetime, at: datetime) -> int:
        """Take out the texts of what was finished before `before`; return of how many challenges.

        What is still to be answered, judged, posted or drawn keeps its texts, and so do tiers that are asked again.
        """

        def write(db: sqlite3.Connection) -> int:
            old = db.execute(_OLD, (before.timestamp(),)).fetchall()
            for (challenge_id,) in old:
                blank(db, challenge_id, at.timestamp())
            return len(old)

        blanked = 0
        while some := await self._writer.run(write):
            blanked += some
        return blanked

    async def with_texts(self, start: datetime, end: datetime) -> set[str]:
        """Return the traces that began between these, and of which texts are stored."""
        span = (start.timestamp(), end.timestamp())
        rows = await self._writer.run(lambda db: db.execute(_WITH_TEXTS, span).fetchall())
        return {trace_id for (trace_id,) in rows}

    async def oldest_text(self) -> datetime | None:
        """Return when the oldest trace began of which texts are stored."""
        [found] = await self._writer.run(lambda db: db.execute(_OLDEST).fetchone())
        return datetime.fromisoformat(found) if found else None

    async def sources(self) -> list[str]:
        """Return the names of all sources that were ever read."""
        rows = await self._writer.run(lambda db: db.execute("select source from mark").fetchall())
        return [name for (name,) in rows]

    async def suspect(self, trace_ids: Iterable[str], at: datetime) -> None:
        """These seem to be gone where they came from."""
        rows = [(trace_id, at.timestamp()) for trace_id in trace_ids]
        await self._writer.run(lambda db: db.executemany("insert or ignore into gone values (?, ?)", rows))

    async def suspected(self, before: datetime, limit: int) -> list[str]:
        """Return up to `limit` traces that have seemed to be gone since before `before`."""
        sql, asked = "select trace_id from gone where since <= ? order by since limit ?", (before.timestamp(), limit)
        return [name for (name,) in await self._writer.run(lambda db: db.execute(sql, asked).fetchall())]

    async def cleared(self, trace_ids: Iterable[str]) -> None:
        """These are no longer suspected."""
        rows = [(trace_id,) for trace_id in trace_ids]
        await self._writer.run(lambda db: db.executemany("delete from gone where trace_id = ?", rows))
