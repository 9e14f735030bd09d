"""The members of tiers: what is asked in every epoch, what no longer is, and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from connector.store.copies import forget, is_begun
from connector.store.forgotten import was_forgotten
from connector.store.masks import note_originals
from connector.store.traces import ask, packed, unpacked
from connector.store.writer import Writer
from connector.tiers.types import Flag, Member, Removal, asked_id, of_epoch
from connector.types import Duel, Fate
from rollouts.errors import Fatal
from rollouts.types import Challenge, Tier

_OUT = "exists (select 1 from removal where member_id = member.id and returned_at is null)"
TIERS: Final = (
    """create table member (
        id text primary key, tier text not null, source text not null, item text, trace_id text, observation_id text,
        session_id text, user_id text, version text not null, form text not null, body blob, fate text not null,
        reason text not null, why text not null, added_at text not null, absent text not null default ''
    ) strict""",
    "create index member_of_trace on member (trace_id)",
    """create table removal (
        member_id text not null references member (id), at text not null, because text not null, returned_at text
    ) strict""",
    "create index removal_of_member on removal (member_id)",
    """create table flag (
        id text primary key, at text not null, body text not null, looked_into integer not null default 0
    ) strict, without rowid""",
    "create index flag_pending on flag (at) where not looked_into",
    "create index challenge_of_tier on challenge (epoch) where tier <> 'fresh'",
    f"""create view item as
        select 'item' as of,
               case when {_OUT} or absent <> '' then 'filtered' else fate end as fate,
               tier || case when {_OUT} then ': removed' when absent <> '' then ': ' || absent
                            when reason <> '' then ': ' || reason else '' end as reason,
               null as format, null as integration, count(*) as number, min(coalesce(item, trace_id, id)) as example
          from member group by 2, 3""",  # noqa: S608  all parts are ours
)
"""The statements of the migration. The view `item` counts where every member has ended."""

_KEEP = f"""insert into member (id, tier, source, item, trace_id, observation_id, session_id, user_id, version, form,
            body, fate, reason, why, added_at) values ({", ".join("?" * 15)})
            on conflict (id) do update set version = excluded.version"""  # noqa: S608  only marks
_REPLACE = """update member set trace_id = ?5, observation_id = ?6, session_id = ?7, user_id = ?8, form = ?10,
              body = ?11, fate = ?12, reason = ?13
              where id = ?1 and (?2 <> 'adversarial' or ?12 = 'challenged' or fate <> 'challenged')
              and absent <> 'forgotten'"""
_ACTIVE = f"select id, form from member where fate = 'challenged' and absent = '' and not {_OUT} order by rowid"  # noqa: S608
_READ = "select id, tier, source, item, trace_id, observation_id, version, fate, reason, why, added_at, absent, body,"
_REMOVAL = "(select at from removal where member_id = member.id and returned_at is null) from member order by rowid"
_RETURN = "update removal set returned_at = ? where member_id = ? and returned_at is null"
_UNNAMED, _GONE, _ARCHIVED = "its dataset is not configured", "no longer in its dataset", "archived"


class Members:
    """Members come and go; only those of the adversarial tier never go by themselves."""

    _writer: Writer

    async def versions(self, tier: Tier) -> Mapping[str, str]:
        sql = "select id, version from member where tier = ?"
        return dict(await self._writer.run(lambda db: db.execute(sql, (tier,)).fetchall()))

    async def keep_members(self, members: Sequence[Member]) -> None:
        await self._writer.run(lambda db: _keep(db, members))

    async def attend(self, tier: Tier, there: Mapping[str, Mapping[str, bool] | None]) -> None:
        def write(db: sqlite3.Connection) -> None:
            known = db.execute("select id, source from member where tier = ?", (tier,)).fetchall()
            said = [
                (_absence(each, source, there), each) for each, source in known if there.get(source, {}) is not None
            ]
            db.executemany("update member set absent = ? where id = ? and absent <> 'forgotten'", said)

        await self._writer.run(write)

    async def members(self) -> list[Member]:
        rows = await self._writer.read(lambda db: db.execute(f"{_READ} {_REMOVAL}").fetchall())
        return [_member(row) for row in rows]

    async def removals(self) -> list[Removal]:
        sql = """select member_id, tier, source, coalesce(item, trace_id), at, because, returned_at
                 from removal join member on member.id = member_id order by removal.rowid"""
        rows = await self._writer.read(lambda db: db.execute(sql).fetchall())
        return [Removal.model_validate(dict(zip(Removal.model_fields, row, strict=True))) for row in rows]

    async def add_members(self, members: Sequence[Member]) -> int:
        at = [(each.added_at.isoformat(), each.id) for each in members]

        def write(db: sqlite3.Connection) -> int:
            before = len(db.execute(_ACTIVE).fetchall())
            _keep(db, members)
            db.executemany(_RETURN, at)
            return len(db.execute(_ACTIVE).fetchall()) - before

        return await self._writer.run(write)

    async def remove_member(self, begins: str, because: str, at: datetime) -> str:
        sql = f"select id from member where tier = 'adversarial' and id glob ? || '*' and not {_OUT}"  # noqa: S608

        def write(db: sqlite3.Connection) -> str:
            found = [name for (name,) in db.execute(sql, (begins,))] if begins.isalnum() else []
            if len(found) != 1:
                raise Fatal(
                    f"{len(found) or 'no'} turns of the adversarial tier begin with {begins!r}",
                    hint="`understudy adversarial ls` shows their ids",
                )
            db.execute("insert into removal values (?, ?, ?, null)", (found[0], at.isoformat(), because))
            return str(found[0])

        return await self._writer.run(write)

    async def note(self, flags: Sequence[Flag]) -> None:
        rows = [(each, (each.id, each.at.isoformat(), each.model_dump_json())) for each in flags]
        sql = "insert or ignore into flag (id, at, body) values (?, ?, ?)"

        def write(db: sqlite3.Connection) -> None:
            db.executemany(sql, [row for flag, row in rows if not _forgotten(db, flag)])

        await self._writer.run(write)

    async def pending(self) -> list[Flag]:
        sql = "select body from flag where not looked_into order by at, id"
        rows = await self._writer.run(lambda db: db.execute(sql).fetchall())
        return [Flag.model_validate_json(body) for (body,) in rows]

    async def looked_into(self, flag: Flag, members: Sequence[Member]) -> None:
        def write(db: sqlite3.Connection) -> None:
            _keep(db, members)
            db.execute("update flag set looked_into = 1 where id = ?", (flag.id,))

        await self._writer.run(write)

    async def unasked(self, epoch: str) -> list[Challenge]:
        def read(db: sqlite3.Connection) -> list[tuple[str, str, bytes]]:
            found = list[tuple[str, str, bytes]]()
            for name, form in db.execute(_ACTIVE).fetchall():
                known = db.execute("select 1 from challenge where id = ?", (asked_id(name, form, epoch),)).fetchone()
                if known is None:
                    [body] = db.execute("select body from member where id = ?", (name,)).fetchone()
                    found.append((name, form, body))
            return found

        rows = await self._writer.run(read)
        return [of_epoch(unpacked(body), name, form, epoch) for name, form, body in rows]

    async def ask(self, epoch: str, fresh: Sequence[Challenge], duels: Sequence[Duel]) -> int:
        def write(db: sqlite3.Connection) -> int:
            active = {asked_id(name, form, epoch) for name, form in db.execute(_ACTIVE)}
            sql = "select id from challenge where epoch = ? and tier <> 'fresh'"
            outdated = [name for (name,) in db.execute(sql, (epoch,)) if name not in active]
            queued = ask(
                db, [each for each in fresh if each.id in active], [d for d in duels if d.challenge.id in active]
            )
            return queued - sum(forget(db, name) for name in outdated if not is_begun(db, name))

        return await self._writer.run(write)


def _keep(db: sqlite3.Connection, members: Sequence[Member]) -> None:
    known = [_emptied(each) if _is_forgotten(db, each) else each for each in members]
    rows = [_row(each) for each in known]
    db.executemany(_KEEP, rows)
    db.executemany(_REPLACE, [row[:13] for row in rows])
    note_originals(db, _masked(known))


def _is_forgotten(db: sqlite3.Connection, member: Member) -> bool:
    """Whether what it is made of was forgotten, perhaps while it was being read."""
    if was_forgotten(db, "trace", member.trace_id):
        return True
    if member.challenge is None:
        return False
    origin = member.challenge.origin
    since = origin.started_at.timestamp()
    return was_forgotten(db, "user", origin.user_id, since) or was_forgotten(db, "session", origin.session_id, since)


def _emptied(member: Member) -> Member:
    """Return what is kept of it: that it was there, so that it is not read again."""
    nobodys = {"challenge": None, "trace_id": None, "observation_id": None, "why": ""}
    return member.model_copy(update={**nobodys, "fate": Fate.FILTERED, "reason": "forgotten"})


def _forgotten(db: sqlite3.Connection, flag: Flag) -> bool:
    return was_forgotten(db, "trace", flag.trace_id) or was_forgotten(db, "session", flag.session_id)


def _absence(member: str, source: str, there: Mapping[str, Mapping[str, bool] | None]) -> str:
    """Say why a member is not asked; nothing where it is."""
    items = there.get(source)
    if items is None:
        return _UNNAMED
    if member not in items:
        return _GONE
    return _ARCHIVED if items[member] else ""


def _masked(members: Sequence[Member]) -> list[tuple[str, Challenge]]:
    return [(each.id, each.challenge) for each in members if each.challenge is not None]


def _row(member: Member) -> tuple[Any, ...]:
    origin = member.challenge.origin if member.challenge else None
    who = (origin.session_id, origin.user_id) if origin else (None, None)
    made_of = (member.item, member.trace_id, member.observation_id, *who)
    body = packed(member.challenge) if member.challenge else None
    ended = (member.fate, member.reason, member.why, member.added_at.isoformat())
    return (member.id, member.tier, member.source, *made_of, member.version, member.form, body, *ended)


def _member(row: tuple[Any, ...]) -> Member:
    *told, fate, reason, why, added_at, absent, body, removed_at = row
    names = ("id", "tier", "source", "item", "trace_id", "observation_id", "version")
    return Member(
        **dict(zip(names, told, strict=True)),
        fate=Fate.FILTERED if absent else fate,
        reason=absent or reason,
        why=why,
        added_at=added_at,
        removed_at=removed_at,
        challenge=unpacked(body) if body else None,
    )
