"""What must not come again is remembered by digests that only this state's secret makes."""

from __future__ import annotations

import hmac
import secrets
import sqlite3
from typing import Literal

from connector.traces import Sighting

Kind = Literal["user", "session", "trace"]


def secret_word(db: sqlite3.Connection) -> str:
    """Return the word that blinds all pairs and ids of this state; it is made up once, and never leaves it."""
    db.execute("insert or ignore into secret values (1, ?)", (secrets.token_hex(32),))
    return str(db.execute("select word from secret").fetchone()[0])


def digest(db: sqlite3.Connection, kind: Kind, name: str) -> str:
    """Return what is remembered of an id."""
    told = f"{kind}:{name}".encode("utf-8", "surrogatepass")
    return hmac.digest(secret_word(db).encode(), told, "sha256").hex()[:32]


def is_forgotten(db: sqlite3.Connection, seen: Sighting) -> bool:
    """Whether a trace was forgotten, or its user or session after it had begun."""
    if db.execute("select 1 from forgotten limit 1").fetchone() is None:
        return False
    begun = seen.started_at.timestamp()
    return (
        was_forgotten(db, "trace", seen.trace_id)
        or was_forgotten(db, "session", seen.session_id, begun)
        or was_forgotten(db, "user", seen.user_id, begun)
    )


def was_forgotten(db: sqlite3.Connection, kind: Kind, name: str | None, since: float = 0.0) -> bool:
    """Whether this is to be forgotten, noted at `since` or later."""
    if not name:
        return False
    sql = "select 1 from forgotten where digest = ? and at >= ?"
    return db.execute(sql, (digest(db, kind, name), since)).fetchone() is not None
