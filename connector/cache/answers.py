"""The table of bought answers. A row is an answer; another table says whose words each one lives on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final, NamedTuple

from rollouts.types import Completion

SCHEMA: Final = """
create table if not exists answer (
    content text primary key, model text, completion text not null, cost_usd real,
    bought_at real not null, used_at real not null, hits integer not null default 0
) strict;
create index if not exists answer_by_use on answer (used_at);
create index if not exists answer_by_age on answer (bought_at);
create table if not exists use (
    content text not null references answer (content) on delete cascade, trace_id text not null,
    primary key (content, trace_id)
) strict, without rowid;
create index if not exists use_by_trace on use (trace_id);
"""

_KEEP = """insert into answer (content, model, completion, cost_usd, bought_at, used_at)
           values (?1, ?2, ?3, ?4, ?5, ?5) on conflict (content) do update set model = excluded.model,
           completion = excluded.completion, cost_usd = excluded.cost_usd, bought_at = ?5, used_at = ?5"""
_USED = "update answer set used_at = ?, hits = hits + 1 where content = ?"
_SHELF = """select model, count(*), sum(length(cast(completion as blob))), min(bought_at), max(used_at), sum(hits),
            sum(hits * cost_usd) from answer group by model order by model"""
_ROOM: Final = 0.9
"""What is left full of the size limit, so that not every answer has to make room for itself."""


class Shelf(NamedTuple):
    """The answers of one model."""

    model: str | None
    """As the provider names it."""
    answers: int
    size: int
    """Bytes."""
    oldest_at: float
    """When the first was bought, in seconds since 1970, as all times here."""
    used_at: float
    """When any was last used."""
    hits: int
    saved_usd: float | None
    """What the hits would have cost; `None` where no price is known."""


def find(db: sqlite3.Connection, content: str, since: float) -> str | None:
    """Return the answer that was bought after `since`."""
    sql = "select completion from answer where content = ? and bought_at >= ?"
    row = db.execute(sql, (content, since)).fetchone()
    return None if row is None else str(row[0])


def used(db: sqlite3.Connection, content: str, trace_id: str, now: float) -> None:
    """Note who uses an answer."""
    db.execute(_USED, (now, content))
    _note_use(db, content, trace_id)


def keep(db: sqlite3.Connection, content: str, completion: Completion, trace_id: str, now: float) -> None:
    """Keep an answer in place of an earlier one."""
    row = (content, completion.model, completion.model_dump_json(exclude_none=True), completion.cost_usd, now)
    db.execute(_KEEP, row)
    _note_use(db, content, trace_id)


def drop(db: sqlite3.Connection, content: str) -> None:
    """Remove one answer."""
    db.execute("delete from answer where content = ?", (content,))


def drop_older(db: sqlite3.Connection, since: float) -> int:
    """Remove what was bought before `since`; return how many."""
    return db.execute("delete from answer where bought_at < ?", (since,)).rowcount


def make_room(db: sqlite3.Connection, most_bytes: float) -> int:
    """Remove what was not used for the longest time if the file holds more than `most_bytes`; return how many."""
    if _used_bytes(db) <= most_bytes:
        return 0
    dropped = 0
    while (too_many := _used_bytes(db) - _ROOM * most_bytes) > 0 and (some := _oldest(db, too_many)):
        db.executemany("delete from answer where content = ?", some)
        dropped += len(some)
    return dropped


def _oldest(db: sqlite3.Connection, size: float) -> list[tuple[str]]:
    """Return the answers that were not used for the longest time, as many as add up to `size` bytes."""
    found = list[tuple[str]]()
    for content, length in db.execute("select content, length(completion) from answer order by used_at"):
        found.append((content,))
        size -= length
        if size <= 0:
            break
    return found


def forget(db: sqlite3.Connection, trace_ids: Iterable[str]) -> int:
    """Remove every answer that lives on words of these traces; return how many."""
    sql = "delete from answer where content in (select content from use where trace_id = ?)"
    return sum(db.execute(sql, (trace_id,)).rowcount for trace_id in trace_ids)


def shelves(db: sqlite3.Connection) -> list[Shelf]:
    """Add up the answers of each model."""
    return [Shelf(*row) for row in db.execute(_SHELF)]


def clear(db: sqlite3.Connection) -> int:
    """Remove everything; return how many answers that were."""
    return db.execute("delete from answer").rowcount


def _note_use(db: sqlite3.Connection, content: str, trace_id: str) -> None:
    if trace_id:
        db.execute("insert or ignore into use values (?, ?)", (content, trace_id))


def _used_bytes(db: sqlite3.Connection) -> int:
    """Without the pages that deleted rows have left, which are written again before the file grows."""
    pages, free, size = (_pragma(db, name) for name in ("page_count", "freelist_count", "page_size"))
    return (pages - free) * size


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"pragma {name}").fetchone()[0])
