"""What was read, how far, and where everything that was read has ended."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from connector.planning.reckoning import measure
from connector.slicing import slices
from connector.store.copies import replace_copies
from connector.store.draws import decided, settled
from connector.store.forgotten import is_forgotten, unrepeated
from connector.store.judgments import trait_columns
from connector.store.masks import note_masks
from connector.store.presumed import checked, neighbours, withdraw
from connector.store.writer import Writer
from connector.types import Count, Disposition, Duel, Fate, Intake, Seen, period_of
from judges.traits import traits
from rollouts.types import Challenge

_TRACE = """insert into trace (id, session_id, started_at, observations, latest, fate, reason)
            values (?, ?, ?, ?, ?, ?, ?)
            on conflict (id) do update set session_id = excluded.session_id, observations = excluded.observations,
            latest = excluded.latest, fate = excluded.fate, reason = excluded.reason"""
_TURN = """insert into turn (id, trace_id, fate, reason, observed, presumed, place, words, echo, format, integration)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           on conflict (id) do update set fate = excluded.fate, reason = excluded.reason
           where turn.fate <> 'challenged' and turn.draw is null"""
_CHALLENGE = """insert or ignore into challenge
                (id, conversation_id, trace_id, session_id, epoch, body, baseline_cost_usd, baseline_latency_s,
                 read_tokens, answer_tokens, most_tokens, user_id, slices, calls, faults,
                 style_length, style_headers, style_items, style_bold, tier, weight, held)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_LEDGER = """select 'trace', fate, reason, null, null, count(*) as number, min(id) from trace group by 2, 3
             union all
             select 'turn', fate, reason, format, integration, count(*), min(trace_id) from turn group by 2, 3, 4, 5
             union all
             select * from item
             order by 1, number desc, 2, 3, 4, 5"""
_DUEL = """insert or ignore into duel (id, challenge_id, challenger, fingerprint, epoch, state)
           values (?, ?, ?, ?, ?, 'queued')"""


class Traces:
    """Marks, traces, turns and challenges."""

    _writer: Writer

    async def mark(self, source: str) -> datetime | None:
        sql = "select high_water from mark where source = ?"
        row = await self._writer.run(lambda db: db.execute(sql, (source,)).fetchone())
        return datetime.fromisoformat(row[0]) if row else None

    async def move_mark(self, source: str, to: datetime) -> None:
        sql = "insert or replace into mark values (?, ?)"
        await self._writer.run(lambda db: db.execute(sql, (source, to.isoformat())))

    async def seen(self, trace_ids: Sequence[str]) -> Mapping[str, Seen]:
        sql = """select observations, latest, fate, reason, session_id,
                 exists (select 1 from turn where trace_id = trace.id) from trace where id = ?"""

        def read(db: sqlite3.Connection) -> dict[str, Seen]:
            rows = ((trace_id, db.execute(sql, (trace_id,)).fetchone()) for trace_id in trace_ids)
            return {trace_id: _seen(row) for trace_id, row in rows if row}

        return await self._writer.run(read)

    async def take(self, intake: Intake, duels: Sequence[Duel]) -> int:
        bodies = {challenge.id: packed(challenge) for challenge in intake.challenges}

        def write(db: sqlite3.Connection) -> int:
            if is_forgotten(db, intake.sighting):
                return 0
            near = neighbours(db, intake)
            taken = unrepeated(db, checked(db, intake, near))
            copies, withdrawn = replace_copies(db, taken)
            known = copies | decided(db, [turn.id for turn in taken.turns])
            sighting, trace = taken.sighting, taken.trace
            started_at = sighting.started_at.isoformat()
            size = (sighting.observations, sighting.latest.isoformat() if sighting.latest else None)
            db.execute(_TRACE, (trace.id, sighting.session_id, started_at, *size, trace.fate, trace.reason))
            db.executemany(_TURN, [_turn(turn) for turn in taken.turns if turn.id not in known])
            fresh = [challenge for challenge in taken.challenges if challenge.id not in known]
            held = {turn.id for turn in taken.turns if turn.fate is Fate.HELD}
            rows = [_row(each, bodies[each.id], intake.weight, held=each.id in held) for each in fresh]
            db.executemany(_CHALLENGE, rows)
            note_masks(db, fresh)
            settled(db, trace.id)
            left_out = known.union(each.id for each in intake.challenges if each not in taken.challenges)
            queued = _queue(db, [duel for duel in duels if duel.challenge.id not in left_out])
            return queued - withdrawn - withdraw(db, taken, near)

        return await self._writer.run(write)

    async def enroll(self, challenger: str, fingerprint: str, epochs: Sequence[str]) -> int:
        sql = """select id from challenge where epoch = ? and not held and blanked_at is null and not exists
                 (select 1 from duel where challenge_id = challenge.id and challenger = ? and fingerprint = ?)"""

        def write(db: sqlite3.Connection) -> int:
            unmet = [
                (Duel.id_of(challenge_id, challenger, fingerprint), challenge_id, challenger, fingerprint, epoch)
                for epoch in epochs
                for (challenge_id,) in db.execute(sql, (epoch, challenger, fingerprint))
            ]
            return _insert(db, unmet)

        return await self._writer.run(write)

    async def ledger(self) -> list[Count]:
        rows = await self._writer.run(lambda db: db.execute(_LEDGER).fetchall())
        return [Count.model_validate(dict(zip(Count.model_fields, row, strict=True))) for row in rows]


def _seen(row: tuple[Any, ...]) -> Seen:
    observations, latest, fate, reason, session_id, taken = row
    return Seen(
        observations=observations,
        latest=datetime.fromisoformat(latest) if latest else None,
        fate=Fate(fate),
        reason=reason,
        taken=bool(taken),
        session_id=session_id,
    )


def packed(challenge: Challenge) -> bytes:
    """Histories repeat themselves: even the fastest compression makes them a fraction."""
    return zlib.compress(challenge.model_dump_json(exclude_none=True).encode(), 1)


def unpacked(body: bytes) -> Challenge:
    """Undo `packed`."""
    return Challenge.model_validate_json(zlib.decompress(body))


def _turn(turn: Disposition) -> tuple[object, ...]:
    ended = (turn.id, turn.trace_id, turn.fate, turn.reason)
    known_by = (int(turn.observed), int(turn.presumed), turn.place, turn.words, turn.echo)
    return *ended, *known_by, turn.format, turn.integration


def _row(challenge: Challenge, body: bytes, weight: float = 1.0, *, held: bool = False) -> tuple[object, ...]:
    origin, baseline = challenge.origin, challenge.baseline
    ids = (challenge.id, challenge.conversation_id, origin.trace_id, origin.session_id)
    figures = (baseline.cost_usd, baseline.latency_s, *measure(challenge))
    told = trait_columns(traits(baseline, challenge.tools))
    parts = orjson.dumps(slices(challenge)).decode()
    return (*ids, period_of(challenge), body, *figures, origin.user_id, parts, *told, challenge.tier, weight, int(held))


def ask(db: sqlite3.Connection, challenges: Sequence[Challenge], duels: Sequence[Duel]) -> int:
    """Keep challenges that no new trace brought, and queue duels over them; return how many duels are new."""
    db.executemany(_CHALLENGE, [_row(challenge, packed(challenge)) for challenge in challenges])
    return _queue(db, duels)


def _queue(db: sqlite3.Connection, duels: Sequence[Duel]) -> int:
    return _insert(db, [(d.id, d.challenge.id, d.challenger, d.fingerprint, d.epoch) for d in duels])


def _insert(db: sqlite3.Connection, rows: Sequence[tuple[str, ...]]) -> int:
    return max(db.executemany(_DUEL, rows).rowcount, 0) if rows else 0
