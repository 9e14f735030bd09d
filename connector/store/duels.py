"""The duels: what is due, and what each step saved.

The table is also the outbox: a judged duel is one whose results are still to be posted, under ids and times that are
functions of the row; a posted one was acknowledged by the other side; a confirmed one was read back.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connector.planning.reckoning import Load
from connector.store.calls import Bought
from connector.store.judgments import BLANK, HEARD, heard, keep, load
from connector.store.masks import note_answers, note_judgments
from connector.store.traces import unpacked
from connector.store.writer import Writer
from connector.types import Duel, State
from judges.types import Judgment
from rollouts.types import Challenge, Rollout

_READ = """select duel.id, challenger, fingerprint, duel.epoch, state, reason, attempts, rollout, judgment.body,
           challenge.body, (select count(*) from judgment where duel_id = duel.id)
           from duel join challenge on challenge.id = duel.challenge_id
           left join judgment on judgment.duel_id = duel.id and judgment.judge = duel.judge"""


_UNPAID = {False: "state in ('queued', 'rolled')", True: "state = 'rolled'"}
_CHOSEN = "(state = 'rolled' or ?3 is null or duel.challenge_id < ?3)"


class Duels:
    """Steps of duels, saved one by one."""

    _writer: Writer
    _bought: Bought | None = None

    async def due(
        self,
        challenger: str,
        fingerprint: str,
        limit: int,
        now: datetime,
        *,
        rolled: bool = False,
        below: str | None = None,
    ) -> list[Duel]:
        where = f"""where challenger = ?1 and fingerprint = ?2 and {_UNPAID[rolled]} and {_CHOSEN} and due_at <= ?4
                    order by state desc, due_at, duel.rowid limit ?5"""
        return await self._read(where, (challenger, fingerprint, below, now.timestamp(), limit))

    async def next_due(
        self, challenger: str, fingerprint: str, *, rolled: bool = False, below: str | None = None
    ) -> datetime | None:
        where = f"where challenger = ?1 and fingerprint = ?2 and {_UNPAID[rolled]} and {_CHOSEN}"
        return await self._earliest(where, (challenger, fingerprint, below))

    async def deliverable(self, limit: int, now: datetime) -> list[Duel]:
        where = "where state = 'judged' and due_at <= ? order by due_at, duel.rowid limit ?"
        return await self._read(where, (now.timestamp(), limit))

    async def next_deliverable(self) -> datetime | None:
        return await self._earliest("where state = 'judged'", ())

    async def unconfirmed(self, before: datetime, limit: int, *, skip: int = 0) -> list[Duel]:
        where = """where confirmed = 0 and state = 'posted' and posted_at <= ?
                   order by posted_at, duel.rowid limit ? offset ?"""
        return await self._read(where, (before.timestamp(), limit, skip))

    async def duels_of(self, challenge_id: str) -> list[Duel]:
        where = """where duel.challenge_id glob ?1 || '*' or challenge.trace_id = ?1
                   order by challenge.rowid, challenger"""
        return await self._read(where, (challenge_id,))

    async def save(self, duel: Duel) -> None:
        await self.save_all([duel])

    async def save_all(self, duels: Sequence[Duel]) -> None:
        # A dead duel that has its answer may be judged again.
        done = [duel.id for duel in duels if duel.state is not State.DEAD or duel.rollout is None]

        def write(db: sqlite3.Connection) -> None:
            for duel in duels:
                keep(db, duel)
            note_answers(db, [duel for duel in duels if duel.state is State.ROLLED])
            note_judgments(db, [duel for duel in duels if duel.state is State.JUDGED])
            db.executemany("delete from call where duel_id = ?", [(duel_id,) for duel_id in done])

        await self._writer.run(write)
        if self._bought is not None:
            for duel_id in done:
                self._bought.forget(duel_id)

    async def siblings(self, duel: Duel, fingerprints: Mapping[str, str]) -> list[Duel]:
        found = await self._read("where duel.challenge_id = ? order by challenger", (duel.challenge.id,))
        return [each for each in found if fingerprints.get(each.challenger) == each.fingerprint]

    async def put_off(self, duels: Sequence[Duel], until: datetime) -> None:
        rows = [(duel.attempts, until.timestamp(), duel.id) for duel in duels]
        sql = "update duel set attempts = ?, due_at = ? where id = ?"
        await self._writer.run(lambda db: db.executemany(sql, rows))

    async def all_due(self, duels: Sequence[Duel]) -> datetime:
        ids = [duel.id for duel in duels]
        sql = f"select max(due_at) from duel where id in ({', '.join('?' * len(ids))})"  # noqa: S608  only marks
        [due] = await self._writer.run(lambda db: db.execute(sql, ids).fetchone())
        return datetime.fromtimestamp(due or 0.0, UTC)

    async def unposted(self, duels: Sequence[Duel]) -> list[Challenge]:
        by_id = {duel.challenge.id: duel.challenge for duel in duels}
        sql = "select posting from challenge where id = ?"

        def read(db: sqlite3.Connection) -> list[str]:
            return [i for i in by_id if db.execute(sql, (i,)).fetchone()[0] < _POSTED]

        return [by_id[challenge_id] for challenge_id in await self._writer.run(read)]

    async def unforgotten(self, duels: Sequence[Duel]) -> list[Duel]:
        sql = f"select 1 from duel where id = ? and not {BLANK}"  # noqa: S608  all parts are ours

        def read(db: sqlite3.Connection) -> set[str]:
            return {duel.id for duel in duels if db.execute(sql, (duel.id,)).fetchone()}

        left = await self._writer.run(read)
        return [duel for duel in duels if duel.id in left]

    async def begin_posting(self, challenges: Sequence[Challenge]) -> set[str]:
        ids = [challenge.id for challenge in challenges]

        def write(db: sqlite3.Connection) -> set[str]:
            begun = {i for i in ids if db.execute("select posting from challenge where id = ?", (i,)).fetchone()[0]}
            db.executemany("update challenge set posting = 1 where id = ? and posting = 0", [(i,) for i in ids])
            return begun

        return await self._writer.run(write)

    async def acknowledged(self, duels: Sequence[Duel], at: datetime) -> None:
        def write(db: sqlite3.Connection) -> None:
            challenges = [(_POSTED, duel.challenge.id) for duel in duels]
            db.executemany("update challenge set posting = ? where id = ?", challenges)
            sql = "update duel set state = 'posted', posted_at = ?, attempts = 0 where id = ?"
            db.executemany(sql, [(at.timestamp(), duel.id) for duel in duels])

        await self._writer.run(write)

    async def confirmed(self, duels: Sequence[Duel]) -> None:
        ids = [(duel.id,) for duel in duels]
        await self._writer.run(lambda db: db.executemany("update duel set confirmed = 1 where id = ?", ids))

    async def loads(self, fingerprints: Mapping[str, str]) -> list[Load]:
        sql = f"""select challenger, state, read_tokens, answer_tokens, most_tokens, conversation_id, {HEARD}, tier
                 from duel join challenge on challenge.id = duel.challenge_id
                 where challenger = ? and fingerprint = ? and state in ('queued', 'rolled')"""  # noqa: S608  ours

        def read(db: sqlite3.Connection) -> list[Load]:
            rows = (row for pair in fingerprints.items() for row in db.execute(sql, pair))
            return [load(*row) for row in rows]

        return await self._writer.run(read)

    async def judged_conversations(self, judge: str, fingerprints: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
        """Return the conversations of the traffic in which each challenger was judged by `judge`."""
        sql = """select distinct conversation_id from duel join challenge on challenge.id = duel.challenge_id
                 where challenger = ? and fingerprint = ? and judge = ? and state in ('judged', 'posted')
                 and tier = 'fresh'"""

        def read(db: sqlite3.Connection) -> dict[str, frozenset[str]]:
            asked = {name: (name, mark, judge) for name, mark in fingerprints.items()}
            return {name: frozenset(row[0] for row in db.execute(sql, each)) for name, each in asked.items()}

        return await self._writer.run(read)

    async def states(self, fingerprints: Mapping[str, str] | None = None) -> Mapping[tuple[str, State], int]:
        sql = "select challenger, fingerprint, state, count(*) from duel group by 1, 2, 3"
        rows = await self._writer.run(lambda db: db.execute(sql).fetchall())
        counts = Counter[tuple[str, State]]()
        for challenger, fingerprint, state, count in rows:
            if fingerprints is None or fingerprints.get(challenger) == fingerprint:
                counts[challenger, State(state)] += count
        return counts

    async def _earliest(self, where: str, arguments: tuple[Any, ...]) -> datetime | None:
        sql = f"select min(due_at) from duel {where}"  # noqa: S608  both halves are ours
        [due] = await self._writer.run(lambda db: db.execute(sql, arguments).fetchone())
        return None if due is None else datetime.fromtimestamp(due, UTC)

    async def _read(self, where: str, arguments: tuple[Any, ...]) -> list[Duel]:
        def read(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
            rows = db.execute(f"{_READ} {where}", arguments).fetchall()
            return [(*row, heard(db, row[0]) if row[4] == State.ROLLED and row[-1] else ()) for row in rows]

        return [_duel(row) for row in await self._writer.run(read)]


_POSTED = 2  # challenge.posting: 0 never, 1 begun, 2 acknowledged


def _duel(row: tuple[Any, ...]) -> Duel:
    duel_id, challenger, fingerprint, epoch, state, reason, attempts, rollout, judgment, body, judges, said = row
    return Duel(
        id=duel_id,
        challenge=unpacked(body),
        challenger=challenger,
        fingerprint=fingerprint,
        epoch=epoch,
        state=State(state),
        reason=reason,
        attempts=attempts,
        rollout=Rollout.model_validate_json(rollout) if rollout else None,
        judgment=Judgment.model_validate_json(judgment) if judgment else None,
        rejudged=judges > 1,
        heard=tuple(Judgment.model_validate_json(text) for text in said),
    )
