"""One transaction that forgets: texts go, meaningless ids take the place of others, and what is elsewhere is listed.

Where others of the same user or session stay, `alias` says which meaningless id stands for theirs, so that what belongs
together is still counted together; when the last of them is forgotten, nothing says it any more.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from connector.redaction.placeholders import id_digest
from connector.scoring import baseline_trace_id, production_score_id, traces_of
from connector.store.blanks import blank
from connector.store.copies import forget as forget_turn
from connector.store.forgotten import Kind, digest, said
from connector.store.namesakes import rename_slices, rename_sums
from connector.subjects import Forgot, Place, Subject
from rollouts.types import Challenge, Origin

_TRACES: Final[dict[Kind, str]] = {
    "trace": "select id from trace where id = ?1 union select trace_id from challenge where trace_id = ?1",
    "session": """select id from trace where session_id in (?1, ?2)
                  union select trace_id from challenge where session_id in (?1, ?2)""",
    "user": "select distinct trace_id from challenge where user_id in (?1, ?2)",
}
_REPEATING = """select distinct there.id, there.trace_id from challenge as this
                join trace as began on began.id = this.trace_id
                join challenge as there on there.conversation_id = this.conversation_id
                join trace as later on later.id = there.trace_id and later.started_at > began.started_at
                where this.trace_id = ? and there.blanked_at is null"""
"""Later turns of the conversation repeat in their histories what was said in the trace."""
_UNJUDGED = """delete from duel where challenge_id = ? and state in ('queued', 'rolled')
               and not exists (select 1 from judgment where duel_id = duel.id)"""
_END = """update duel set state = 'posted', confirmed = 1, attempts = 0, posted_at = coalesce(posted_at, ?2),
          judge = coalesce(judge, (select max(judge) from judgment where duel_id = duel.id))
          where challenge_id = ?1 and state in ('queued', 'rolled', 'judged', 'posted')"""
_FILTERED = "update turn set fate = 'filtered', reason = 'forgotten' where id = ?"
_SHOWN = "update pair set shown = 1 where duel_id in (select id from duel where challenge_id = ?)"
_MEMBERS = """update member set body = null, trace_id = null, observation_id = null, session_id = null, user_id = null,
              why = '', absent = 'forgotten' where trace_id = ?"""
_ORIGINALS = "delete from original where owner in (select id from member where trace_id = ?)"
_REMOVALS = """insert into removal select id, strftime('%Y-%m-%dT%H:%M:%S+00:00', ?, 'unixepoch'), 'forgotten', null
               from member where trace_id = ?"""
_FLAGS = """delete from flag where body ->> 'trace_id' = ?1
            or body ->> 'session_id' in (select session_id from trace where id = ?1)
            or body ->> 'observation_id' in (select observation_id from member where trace_id = ?1)"""
_LIVE: Final = {
    "user": "select trace_id from challenge where user_id = ?",
    "session": "select id from trace where session_id = ? union select trace_id from challenge where session_id = ?1",
}
_RENAMED: Final = {
    "trace": (
        "update trace set id = ?2 where id = ?1",
        "update turn set trace_id = ?2 where trace_id = ?1",
        "update challenge set trace_id = ?2 where trace_id = ?1",
        "update challenge set conversation_id = ?2 where conversation_id = ?1",
    ),
    "user": ("update challenge set user_id = ?2 where user_id = ?1 and trace_id = ?3",),
    "session": (
        "update trace set session_id = ?2 where session_id = ?1 and id = ?3",
        "update challenge set session_id = ?2 where session_id = ?1 and trace_id = ?3",
        "update challenge set conversation_id = ?2 where conversation_id = ?1 and trace_id = ?3",
    ),
}


def added_up(found: Sequence[Forgot]) -> Forgot:
    """Return the sums."""
    return Forgot(**{name: sum(getattr(each, name) for each in found) for name in Forgot.model_fields})


class Forgetter:
    """Forgets within one transaction."""

    def __init__(self, db: sqlite3.Connection, at: float) -> None:
        self._db, self._at = db, at
        self._tokens = dict[tuple[str, str], str]()
        self._names = dict[str, str]()
        self._kind: Kind = "trace"

    def forget(self, subject: Subject, because: str) -> Forgot:
        """Forget one user, session or trace; return how much that was."""
        sql = "insert into forgetting (at, kind, because, traces, challenges, duels) values (?, ?, ?, 0, 0, 0)"
        entry = self._db.execute(sql, (self._at, subject.kind, because)).lastrowid or 0
        names = self._called(subject)
        for name in names:
            self._remember(subject.kind, name)
        traces = sorted({trace_id for name in names for trace_id in self._traces(subject.kind, name)})
        self._kind = subject.kind
        self._names = {subject.id: f"forgotten-{secrets.token_hex(8)}"}
        turns = {turn for trace_id in traces for turn in self._turns(trace_id)}
        duels = sum(self._without_texts(entry, challenge_id, trace_id) for challenge_id, trace_id in sorted(turns))
        for trace_id in traces:
            self._anonymous(trace_id, frozenset(traces))
        rename_sums(self._db, self._names)
        sql = "update forgetting set traces = ?, challenges = ?, duels = ? where entry = ?"
        self._db.execute(sql, (len(traces), len(turns), duels, entry))
        self._list(entry, "bytes", ["state"] if turns else [])
        [elsewhere] = self._db.execute("select count(*) from remains where entry = ?", (entry,)).fetchone()
        return Forgot(traces=len(traces), challenges=len(turns), duels=duels, elsewhere=elsewhere)

    def _called(self, subject: Subject) -> list[str]:
        """Return the id, and what is kept in its stead where it says too much of a person."""
        key = self._db.execute("select key from masking_key").fetchone()
        return [subject.id] if key is None or subject.kind == "trace" else [subject.id, id_digest(key[0], subject.id)]

    def _traces(self, kind: Kind, name: str) -> list[str]:
        asked = (name,) if kind == "trace" else (name, self._alias(kind, name))
        return [trace_id for (trace_id,) in self._db.execute(_TRACES[kind], asked)]

    def _turns(self, trace_id: str) -> Iterator[tuple[str, str]]:
        """Yield the challenges of a trace, and those that repeat it."""
        own = self._db.execute("select id, trace_id from challenge where trace_id = ?", (trace_id,))
        yield from own.fetchall()
        yield from self._db.execute(_REPEATING, (trace_id,)).fetchall()

    def _without_texts(self, entry: int, challenge_id: str, trace_id: str) -> int:
        """End what is under way for a challenge, list what there is of it elsewhere, and blank it; count its duels."""
        db = self._db
        self._list(entry, "answer", [trace_id])
        self._list_own(entry, challenge_id)
        [duels] = db.execute("select count(*) from duel where challenge_id = ?", (challenge_id,)).fetchone()
        calls = "delete from call where duel_id in (select id from duel where challenge_id = ?)"
        db.execute(calls, (challenge_id,))
        db.execute(_UNJUDGED, (challenge_id,))
        db.execute(_END, (challenge_id, self._at))
        db.execute(_SHOWN, (challenge_id,))
        if db.execute("select held from challenge where id = ?", (challenge_id,)).fetchone()[0]:
            forget_turn(db, challenge_id)
            db.execute(_FILTERED, (challenge_id,))
        else:
            blank(db, challenge_id, self._at)
        return int(duels)

    def _list_own(self, entry: int, challenge_id: str) -> None:
        """List what Langfuse may hold of a challenge of which anything was posted."""
        db = self._db
        if not db.execute("select posting from challenge where id = ?", (challenge_id,)).fetchone()[0]:
            return
        self._list(entry, "item", [challenge_id])
        self._list(entry, "trace", [baseline_trace_id(challenge_id)])
        for (duel_id,) in db.execute("select id from duel where challenge_id = ?", (challenge_id,)).fetchall():
            judges = [j for (j,) in db.execute("select judge from judgment where duel_id = ?", (duel_id,))]
            self._list(entry, "trace", traces_of(duel_id, judges))
            self._list(entry, "score", [production_score_id(duel_id)] if judges else [])
            for trace_id, span_id in db.execute("select trace_id, span_id from pair where duel_id = ?", (duel_id,)):
                self._list(entry, "trace", [trace_id])
                self._list(entry, "pair", [span_id])

    def _list(self, entry: int, place: Place, ids: Iterable[str]) -> None:
        sql = "insert or replace into remains (place, id, entry, due_at) values (?, ?, ?, ?)"
        self._db.executemany(sql, [(place, name, entry, self._at) for name in ids])

    def _anonymous(self, trace_id: str, among: frozenset[str]) -> None:
        """Give a trace, its user and its session ids that mean nothing."""
        db = self._db
        self._remember("trace", trace_id)
        for place in said(db, trace_id):
            self._remember("turn", place)
        sql = """select 'user', user_id from challenge where trace_id = ?1 union
                 select 'session', session_id from challenge where trace_id = ?1 union
                 select 'session', session_id from trace where id = ?1"""
        tokens = {(kind, name): self._token(kind, name, among) for kind, name in db.execute(sql, (trace_id,)) if name}
        db.execute(_FLAGS, (trace_id,))
        for (kind, name), token in tokens.items():
            for statement in _RENAMED[kind]:
                db.execute(statement, (name, token, trace_id))
        db.execute(_REMOVALS, (self._at, trace_id))
        for statement in (_ORIGINALS, _MEMBERS, "delete from gone where trace_id = ?"):
            db.execute(statement, (trace_id,))
        nobody = f"forgotten-{secrets.token_hex(8)}"
        for statement in _RENAMED["trace"]:
            db.execute(statement, (trace_id, nobody))
        self._bodies(nobody)
        self._names |= {name: token for (_, name), token in tokens.items()} | {trace_id: nobody}
        rename_slices(db, nobody, self._names)

    def _bodies(self, trace_id: str) -> None:
        """Say in what is left of the bodies what the columns say."""
        sql = "select id, conversation_id from challenge where trace_id = ? and blanked_at is not null"
        for challenge_id, conversation_id in self._db.execute(sql, (trace_id,)).fetchall():
            blank(self._db, challenge_id, self._at, partial(_nobodys, trace_id, conversation_id))

    def _token(self, kind: Kind, name: str, among: frozenset[str]) -> str:
        """Return the id that stands for a user or session; it is written down only while others still bear theirs."""
        nobody = f"forgotten-{secrets.token_hex(8)}"
        token = self._tokens.setdefault((kind, name), self._alias(kind, name) or nobody)
        live = {trace_id for (trace_id,) in self._db.execute(_LIVE[kind], (name,))} - among
        if live:
            self._db.execute("insert or ignore into alias values (?, ?, ?)", (kind, name, token))
        else:
            self._db.execute("delete from alias where kind = ? and value = ?", (kind, name))
            if self._kind == "user":  # of one trace, more of the session may still come
                self._remember(kind, name)
        return token

    def _alias(self, kind: str, name: str) -> str | None:
        row = self._db.execute("select token from alias where kind = ? and value = ?", (kind, name)).fetchone()
        return row[0] if row else None

    def _remember(self, kind: Kind, name: str) -> None:
        self._db.execute("insert or replace into forgotten values (?, ?)", (digest(self._db, kind, name), self._at))


def _nobodys(trace_id: str, conversation_id: str, challenge: Challenge) -> Challenge:
    origin = challenge.origin
    kept = Origin(trace_id=trace_id, observed=origin.observed, started_at=origin.started_at, turn=origin.turn)
    return challenge.model_copy(update={"origin": kept, "conversation_id": conversation_id})
