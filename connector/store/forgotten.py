"""What must not come again is remembered by digests that only this state's secret makes."""

from __future__ import annotations

import hmac
import secrets
import sqlite3
from typing import Literal

from connector.traces import Sighting
from connector.types import Fate, Intake

Kind = Literal["user", "session", "trace", "turn"]
"""A turn is remembered by its place."""

_SAID = """select place from turn where trace_id = ?1 and (observed or presumed) and place <> ''
           and (place <> words or not exists (select 1 from turn as there
                where there.place = turn.place and there.observed and there.trace_id <> ?1))"""
"""What others say as well, such as a greeting without a session, tells nothing of anybody."""


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
    if not _is_anything(db):
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


def said(db: sqlite3.Connection, trace_id: str) -> list[str]:
    """Return the places of what was said in a trace, by which a later history that repeats it is known."""
    return [place for (place,) in db.execute(_SAID, (trace_id,))]


def unrepeated(db: sqlite3.Connection, intake: Intake) -> Intake:
    """Return `intake` without its challenges where its history repeats what was forgotten."""
    repeats = (was_forgotten(db, "turn", turn.place) for turn in intake.turns)
    if not intake.challenges or not _is_anything(db) or not any(repeats):
        return intake
    refused = {challenge.id for challenge in intake.challenges}
    no_challenge = {"fate": Fate.FILTERED, "reason": "forgotten"}
    turns = tuple(turn.model_copy(update=no_challenge) if turn.id in refused else turn for turn in intake.turns)
    trace = intake.trace.model_copy(update=no_challenge)
    return intake.model_copy(update={"trace": trace, "turns": turns, "challenges": ()})


def _is_anything(db: sqlite3.Connection) -> bool:
    return db.execute("select 1 from forgotten limit 1").fetchone() is not None
