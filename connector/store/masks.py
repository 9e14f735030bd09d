"""The key of the digests of what was masked, how much that was, and what it was if a model is local."""

from __future__ import annotations

import json
import secrets
import sqlite3
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from connector.redaction.placeholders import PLACEHOLDER
from connector.redaction.redactor import by_kind, kind_of, placeholders_in
from connector.store.writer import Writer
from connector.types import Duel, Masked
from judges.types import Judgment
from rollouts.types import Challenge

MASKS = (
    "create table masking_key (only integer primary key check (only = 1), key blob not null) strict",
    """create table masked (
        challenge_id text not null, kind text not null, found integer not null, primary key (challenge_id, kind)
    ) strict, without rowid""",
)
ORIGINALS = (
    """create table original (
        owner text not null, digest text not null, spellings blob not null, primary key (owner, digest)
    ) strict, without rowid""",
    "create index original_by_digest on original (digest)",
    """create trigger challenge_without_originals after delete on challenge begin
        delete from original where owner = old.id;
    end""",
)
"""What masks stand for, by the challenge or the member of a tier that holds it; empty where no model is local."""
_KEY_BYTES = 32
_COUNTED = "insert or ignore into masked values (?, ?, ?)"
_COUNTED_TOO = f"{_COUNTED.replace(' or ignore', '')} on conflict do update set found = found + excluded.found"


class Masks:
    """What the store knows of masking: a key, and counts. What was masked is in one table, or nowhere."""

    _writer: Writer

    async def masking_key(self) -> bytes:
        def made(db: sqlite3.Connection) -> bytes:
            if not db.execute("select 1 from masking_key").fetchone():
                db.execute("insert into masking_key values (1, ?)", (secrets.token_bytes(_KEY_BYTES),))
            return bytes(db.execute("select key from masking_key").fetchone()[0])

        return await self._writer.run(made)

    async def masked(self) -> Mapping[str, Masked]:
        sql = """select kind, sum(found), sum(not exists (select 1 from duel where id = masked.challenge_id))
                 from masked group by kind order by 2 desc, 1"""
        rows = await self._writer.read(lambda db: db.execute(sql).fetchall())
        return {kind: Masked(values=values, challenges=challenges) for kind, values, challenges in rows}

    async def originals(self, digests: Collection[str]) -> Mapping[str, Sequence[str]]:
        sql = "select spellings from original where digest = ? limit 1"

        def read(db: sqlite3.Connection) -> dict[str, Sequence[str]]:
            rows = ((digest, db.execute(sql, (digest,)).fetchone()) for digest in digests)
            return {digest: tuple(json.loads(zlib.decompress(row[0]))) for digest, row in rows if row}

        return await self._writer.run(read) if digests else {}

    async def count_originals(self) -> int:
        return int((await self._writer.read(lambda db: db.execute("select count(*) from original").fetchone()))[0])

    async def drop_originals(self) -> int:
        return await self._writer.run(lambda db: db.execute("delete from original").rowcount)


def note_originals(db: sqlite3.Connection, held: Iterable[tuple[str, Challenge]]) -> None:
    """Keep what the masks of challenges stand for, under the ids of what holds them."""
    rows = [
        (owner, digest, zlib.compress(json.dumps(spellings).encode()))
        for owner, challenge in held
        for digest, spellings in challenge.originals.items()
    ]
    db.executemany("insert or replace into original values (?, ?, ?)", rows)


def note_masks(db: sqlite3.Connection, fresh: Sequence[Challenge]) -> None:
    """Count what was masked in challenges that are kept from now on."""
    counts: dict[str, Counter[str]] = {each.id: by_kind(each.masks) for each in fresh if each.masks}
    rows = [(name, kind, number) for name, found in counts.items() for kind, number in found.items()]
    db.executemany(_COUNTED, rows)
    note_originals(db, ((each.id, each) for each in fresh))


def note_answers(db: sqlite3.Connection, duels: Sequence[Duel]) -> None:
    """Count what was masked in the answers of these alone: what a model knew or made up."""
    for duel in duels:
        said = placeholders_in(duel.rollout.completion) if duel.rollout else set[str]()
        found = Counter(map(kind_of, said - set(duel.challenge.masks.values())))
        db.executemany(_COUNTED, [(duel.id, kind, number) for kind, number in found.items()])


def note_judgments(db: sqlite3.Connection, duels: Sequence[Duel]) -> None:
    """Count what was masked in the words of these judges alone."""
    for duel in duels:
        known = set(duel.challenge.masks.values())
        known |= placeholders_in(duel.rollout.completion) if duel.rollout else set()
        found = Counter(map(kind_of, _said(duel.judgment) - known)) if duel.judgment else Counter[str]()
        db.executemany(_COUNTED_TOO, [(duel.id, kind, number) for kind, number in found.items()])


def _said(judgment: Judgment) -> set[str]:
    own = {found[0] for look in judgment.rounds for found in PLACEHOLDER.finditer(look.text)}
    return own.union(*map(_said, judgment.members))
