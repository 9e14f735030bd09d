"""Tags and names of traces lose the ids in them, and nothing else changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import orjson
import pytest

from connector.store.namesakes import rename_slices, rename_sums

TURNS = [
    ("c1", "t1", [["tag", "customer:ann"], ["trace name", "Ann"], ["language", "ann"]]),
    ("c2", "t2", [["tag", "annual"], ["tag", "bob"]]),
]


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """Return the tables that hold such names."""
    with closing(sqlite3.connect(":memory:")) as found:
        found.execute("create table challenge (id, trace_id, slices, stratum)")
        found.execute("create table draw (epoch, number, strata)")
        found.execute("create table closed_epoch (board, parts, published)")
        rows = [(name, trace, orjson.dumps(told).decode(), "customer:ann · -") for name, trace, told in TURNS]
        found.executemany("insert into challenge values (?, ?, ?, ?)", rows)
        found.execute("""insert into draw values ('W1', 1, '[["customer:ann · -", 5, 5, 2]]')""")
        found.execute("""insert into closed_epoch values ('{"slices": [{"value": "customer:ann", "low": 0.25}]}',
                         '[{"value": "annual + ann", "mean": 0.125}]', 1)""")
        yield found


def test_ids_go_where_they_are_words_of_their_own(db: sqlite3.Connection) -> None:
    """Whatever their case, in what people tell; of other turns and dimensions nothing changes."""
    rename_slices(db, "t1", {"ann": "nobody"})
    told = [orjson.loads(slices) for (slices,) in db.execute("select slices from challenge order by id")]
    assert told == [[["tag", "customer:nobody"], ["trace name", "nobody"], ["language", "ann"]], TURNS[1][2]]


def test_sums_follow_when_nobody_says_it_any_more(db: sqlite3.Connection) -> None:
    """As long as a turn says it too it is a word like others; then names go, figures stay, and it is published anew."""
    rename_sums(db, {"bob": "nobody"})
    assert db.execute("select published from closed_epoch").fetchone() == (1,)
    db.execute("delete from challenge where id = 'c1'")
    rename_sums(db, {"ann": "nobody"})
    board, parts, published = db.execute("select * from closed_epoch").fetchone()
    assert orjson.loads(board) == {"slices": [{"value": "customer:nobody", "low": 0.25}]}
    assert orjson.loads(parts) == [{"value": "annual + nobody", "mean": 0.125}]
    assert published == 0
    assert "customer:nobody · -" in db.execute("select strata from draw").fetchone()[0]
