"""The duels that people are shown, what each had a chance of, and what people say of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from connector.calibration.blinding import Exhibit, Pair, Preference, certain, meaning, pair
from connector.calibration.figures import Progress, Survey
from connector.calibration.picking import Candidate, lots
from connector.store.forgotten import secret_word
from connector.store.traces import unpacked
from connector.store.writer import Writer
from judges.standings.outcomes import HumanVerdict
from rollouts.types import Rollout

PAIRS: Final = (
    "create table secret (id integer primary key check (id = 1), word text not null) strict",
    """create table lot (
        duel_id text primary key references duel (id), draw real not null, chance real not null
    ) strict, without rowid""",
    """create table pair (
        id text primary key, duel_id text not null unique references duel (id), challenger_seat text not null,
        trace_id text not null unique, span_id text not null, picked_at text not null, shown integer not null default 0
    ) strict, without rowid""",
    """create table preference (
        pair_id text not null references pair (id), origin text not null, person text not null, label text not null,
        primary key (pair_id, origin, person)
    ) strict, without rowid""",
)
"""The statements of the migration."""

_CANDIDATES = """
select duel.id, challenger, score, consistent, coalesce((select max(score) - min(score) from opinion
       where opinion.duel_id = duel.id and jury = judgment.judge), 0), draw, coalesce(chance, 0)
  from duel join judgment on judgment.duel_id = duel.id and judgment.judge = ?1 left join lot on lot.duel_id = duel.id
 where challenger = ?2 and fingerprint = ?3 and score is not null and not identical and rollout is not null
   and not exists (select 1 from challenge where id = challenge_id and blanked_at is not null)
 order by duel.id
"""
_EXHIBITS = """
select pair.id, pair.duel_id, challenger_seat, pair.trace_id, span_id, picked_at, challenge.body, duel.rollout
  from pair join duel on duel.id = pair.duel_id join challenge on challenge.id = duel.challenge_id
"""
_UNSHOWN = "where not shown and blanked_at is null"
_UNANSWERED = "where blanked_at is null and not exists (select 1 from preference where pair_id = pair.id)"
_PEOPLE = """
select challenger, challenge_id, label, challenger_seat, chance
  from preference join pair on pair.id = pair_id join duel on duel.id = pair.duel_id join lot on lot.duel_id = duel.id
 where challenger = ?1 and fingerprint = ?2 and (?3 is null or epoch = ?3) order by pair_id, origin, person
"""
_PROGRESS = """select count(*), count(told), sum(told = 0) from (
               select (select max(label <> 'cannot tell') from preference where pair_id = pair.id) as told
               from pair join duel on duel.id = pair.duel_id where challenger = ?1 and fingerprint = ?2)"""


class Pairs:
    """Pairs are picked once and for all; what people say of them may change."""

    _writer: Writer

    async def candidates(self, judge: str, fingerprints: Mapping[str, str]) -> list[Candidate]:
        """Return the duels that people may be shown: judged, readable, and over answers that are not the same."""
        return await self._writer.run(lambda db: _candidates(db, judge, fingerprints))

    async def pick(
        self, judge: str, fingerprints: Mapping[str, str], wanted: int, *, seed: int, at: datetime
    ) -> list[Pair]:
        """Pick about `wanted` more duels in one transaction; return the pairs that people have to be shown.

        Where a judge was asked about answers that are the same, people are not: the pair is labelled at once.
        """

        def write(db: sqlite3.Connection) -> list[Pair]:
            drawn = lots(_candidates(db, judge, fingerprints), wanted, seed=seed)
            db.executemany(
                """insert into lot (duel_id, draw, chance) values (?, ?, ?)
                   on conflict (duel_id) do update set chance = excluded.chance""",
                drawn,
            )
            known, secret = {row[0] for row in db.execute("select duel_id from pair")}, secret_word(db)
            fresh = [pair(lot.duel_id, secret, at) for lot in drawn if lot.picked and lot.duel_id not in known]
            db.executemany("insert into pair values (?, ?, ?, ?, ?, ?, 0)", [_row(each) for each in fresh])
            sure = [(each.pair.id, label) for each in _exhibits(db, _UNSHOWN) if (label := certain(each)) is not None]
            db.executemany("insert into preference values (?, 'certain', 'nobody', ?)", sure)
            db.executemany("update pair set shown = 1 where id = ?", [(pair_id,) for pair_id, _ in sure])
            return [each for each in fresh if each.id not in dict(sure)]

        return await self._writer.run(write)

    async def unshown(self) -> list[Exhibit]:
        """Return the pairs that were picked, and of which it is not certain that people can see them all."""
        return await self._writer.run(lambda db: _exhibits(db, _UNSHOWN))

    async def unanswered(self) -> list[Exhibit]:
        """Return the pairs of which nobody has said anything."""
        return await self._writer.run(lambda db: _exhibits(db, _UNANSWERED))

    async def shown(self, pairs: Iterable[Pair]) -> None:
        """People can see these."""
        ids = [(each.id,) for each in pairs]
        await self._writer.run(lambda db: db.executemany("update pair set shown = 1 where id = ?", ids))

    async def pair_ids(self) -> dict[str, str]:
        """Return the id of every pair by that of the trace that shows it."""
        rows = await self._writer.run(lambda db: db.execute("select trace_id, id from pair").fetchall())
        return dict(rows)

    async def heard(self, origin: str, said: Sequence[Preference], *, whole: bool = True) -> None:
        """Keep what people say at `origin`, in place of all that was said there, or, if not `whole`, of the same."""
        rows = [(each.pair_id, origin, each.person, each.label) for each in said]

        def write(db: sqlite3.Connection) -> None:
            if whole:
                db.execute("delete from preference where origin = ?", (origin,))
            db.executemany("insert or replace into preference values (?, ?, ?, ?)", rows)

        await self._writer.run(write)

    async def people(self, fingerprints: Mapping[str, str], epoch: str | None = None) -> list[HumanVerdict]:
        """Return every verdict of every person: several on one duel where several have looked.

        They are about answers, not about judges: they hold whoever judges today. Who cannot tell has given none.
        """

        def read(db: sqlite3.Connection) -> list[HumanVerdict]:
            rows = (row for pair in fingerprints.items() for row in db.execute(_PEOPLE, (*pair, epoch)))
            return [verdict for row in rows if (verdict := _verdict(row)) is not None]

        return await self._writer.run(read)

    async def survey(self, judge: str, fingerprints: Mapping[str, str]) -> Survey:
        """Return what people were asked about today's challengers, and what they say."""
        people, candidates = await self.people(fingerprints), await self.candidates(judge, fingerprints)
        return Survey(people, candidates, await self.progress(fingerprints))

    async def progress(self, fingerprints: Mapping[str, str]) -> dict[str, Progress]:
        """Count the pairs of today's challengers, by name."""

        def read(db: sqlite3.Connection) -> dict[str, Progress]:
            rows = {pair[0]: db.execute(_PROGRESS, pair).fetchone() for pair in fingerprints.items()}
            return {name: Progress(picked, told, undecided or 0) for name, (picked, told, undecided) in rows.items()}

        return await self._writer.run(read)


def _candidates(db: sqlite3.Connection, judge: str, fingerprints: Mapping[str, str]) -> list[Candidate]:
    rows = (row for each in fingerprints.items() for row in db.execute(_CANDIDATES, (judge, *each)))
    return [_candidate(row) for row in rows]


def _candidate(row: tuple[Any, ...]) -> Candidate:
    duel_id, challenger, score, consistent, spread, draw, chance = row
    return Candidate(duel_id, challenger, score, None if consistent is None else bool(consistent), spread, draw, chance)


def _exhibits(db: sqlite3.Connection, where: str) -> list[Exhibit]:
    """In the order of their ids, which says nothing."""
    rows = db.execute(f"{_EXHIBITS} {where} order by pair.id")
    return [Exhibit(_pair(row[:6]), unpacked(row[6]), Rollout.model_validate_json(row[7])) for row in rows]


def _row(each: Pair) -> tuple[str, ...]:
    at = each.picked_at.isoformat()
    return (each.id, each.duel_id, each.challenger_seat, each.trace_id, each.span_id, at)


def _pair(row: tuple[Any, ...]) -> Pair:
    return Pair.model_validate(dict(zip(Pair.model_fields, row, strict=True)))


def _verdict(row: tuple[Any, ...]) -> HumanVerdict | None:
    challenger, challenge_id, label, seat, chance = row
    said = meaning(label, seat)
    return None if said is None else HumanVerdict(challenger, challenge_id, *said, chance)
