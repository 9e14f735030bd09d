"""Tags and names of traces that say who is forgotten: the id in them gives way to one that means nothing.

Figures stay as they are, and apart. What such names say in other words than ids, nobody can know here.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any, Final

import orjson

_TOLD_BY_PEOPLE: Final = frozenset({"tag", "trace name"})
_SUMS: Final = (("draw", "strata"), ("closed_epoch", "board"), ("closed_epoch", "parts"))
_AGAIN: Final = "update closed_epoch set published = 0 where rowid = ?"


def rename_slices(db: sqlite3.Connection, trace_id: str, names: Mapping[str, str]) -> None:
    """Rename in the slices of one trace's turns."""
    sql = "select id, slices, stratum from challenge where trace_id = ? and slices is not null"
    for challenge_id, told, stratum in db.execute(sql, (trace_id,)).fetchall():
        slices = [
            (dimension, _renamed(value, names) if dimension in _TOLD_BY_PEOPLE else value)
            for dimension, value in orjson.loads(told)
        ]
        row = (orjson.dumps(slices).decode(), _renamed(stratum, names), challenge_id)
        db.execute("update challenge set slices = ?, stratum = ? where id = ?", row)


def rename_sums(db: sqlite3.Connection, names: Mapping[str, str]) -> None:
    """Rename in draws and closed leaderboards what no turn says any more; those are published once more."""
    gone = {name: token for name, token in names.items() if not _is_said(db, name)}
    for table, column in _SUMS if gone else ():
        key = "rowid" if table == "closed_epoch" else "epoch || ' ' || number"
        for row, told in db.execute(f"select {key}, {column} from {table}").fetchall():  # noqa: S608  all parts are ours
            renamed = orjson.dumps(_renamed(orjson.loads(told), gone)).decode()
            if orjson.loads(renamed) != orjson.loads(told):
                db.execute(f"update {table} set {column} = ? where {key} = ?", (renamed, row))  # noqa: S608
                if table == "closed_epoch":
                    db.execute(_AGAIN, (row,))


def _is_said(db: sqlite3.Connection, name: str) -> bool:
    """Whether turns of others say it too: then it is a word like others."""
    rows = db.execute("select slices from challenge where instr(slices, ?)", (orjson.dumps(name).decode()[1:-1],))
    return any(_word(name).search(value) for (told,) in rows for _, value in orjson.loads(told))


def _renamed(told: Any, names: Mapping[str, str]) -> Any:
    """Return what is told, with ids replaced wherever they stand as words of their own."""
    match told:
        case str():
            for name, token in names.items():
                told = _word(name).sub(token, told)
            return told
        case list():
            return [_renamed(each, names) for each in told]
        case dict():
            return {key: _renamed(value, names) for key, value in told.items()}
    return told


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
