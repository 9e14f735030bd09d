"""The key of the digests of what was masked, and how much that was."""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence

from connector.redaction.redactor import by_kind
from connector.store.writer import Writer
from connector.types import Masked
from rollouts.types import Challenge

MASKS = (
    "create table masking_key (only integer primary key check (only = 1), key blob not null) strict",
    """create table masked (
        challenge_id text not null, kind text not null, found integer not null, primary key (challenge_id, kind)
    ) strict, without rowid""",
)
_KEY_BYTES = 32


class Masks:
    """What the store knows of masking: a key, and counts. What was masked is nowhere in it."""

    _writer: Writer

    async def masking_key(self) -> bytes:
        def made(db: sqlite3.Connection) -> bytes:
            if not db.execute("select 1 from masking_key").fetchone():
                db.execute("insert into masking_key values (1, ?)", (secrets.token_bytes(_KEY_BYTES),))
            return bytes(db.execute("select key from masking_key").fetchone()[0])

        return await self._writer.run(made)

    async def masked(self) -> Mapping[str, Masked]:
        sql = "select kind, sum(found), count(*) from masked group by kind order by 2 desc, 1"
        rows = await self._writer.read(lambda db: db.execute(sql).fetchall())
        return {kind: Masked(values=values, challenges=challenges) for kind, values, challenges in rows}


def note_masks(db: sqlite3.Connection, fresh: Sequence[Challenge]) -> None:
    """Count what was masked in challenges that are kept from now on."""
    counts: dict[str, Counter[str]] = {each.id: by_kind(each.masks) for each in fresh if each.masks}
    rows = [(name, kind, number) for name, found in counts.items() for kind, number in found.items()]
    db.executemany("insert or ignore into masked values (?, ?, ?)", rows)
