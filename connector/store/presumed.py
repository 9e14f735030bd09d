"""Turns that only a history shows: whether other traces prove that they are none.

A log may hold nothing but the last history of each conversation; then all turns in it count. But most applications log
each call, and their histories also show what a person wrote, what was shortened, or examples that belong to the prompt.
One trace does not tell the two apart. Others do:

1. *A trace goes on from another* when a turn in its history was produced there. Then their application logs each
   call, and what nobody observed was produced by nobody, in either of them.
2. *So it does when half of its history echoes* answers that were observed elsewhere: histories are trimmed, summarised
   and stripped of what was retrieved, so that the places differ. Half, because two agents may use the same phrase.
3. *What stands at the beginning of many histories is an example*, not a conversation. Two or three conversations may
   begin alike, word by word.

Traces come in any order: what was presumed before is withdrawn, unless it was paid for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence

from connector.intake import sum_of
from connector.store.copies import forget, is_begun
from connector.turns.worth import NOBODY
from connector.types import Disposition, Fate, Intake

EXAMPLE = "an example that many prompts begin with"
MANY = 8
"""Conversations that may begin alike: in tau-bench, where one task is tried four times, three do."""

_ECHOED = "select 1 from turn where echo = ? and observed = 1 and trace_id <> ?"
_ALIKE = "select distinct trace_id from turn where words = ? and observed = 0 and trace_id <> ? limit ?"
_NEIGHBOURS = "select distinct trace_id from turn where place = ? and observed = ? and trace_id <> ?"
_ECHOING = """select distinct trace_id from turn where echo = ? and presumed and fate in ('challenged', 'held')
              and trace_id <> ?"""
_HISTORY = """select count(*), sum(exists (select 1 from turn there where there.echo = turn.echo and turn.echo <> ''
              and there.observed and there.trace_id <> turn.trace_id)) from turn where trace_id = ? and not observed"""
_PRESUMED = "select id, trace_id from turn where {} = ? and presumed and fate in ('challenged', 'held')"
_NO_CHALLENGE = "update turn set fate = 'unreplayable', reason = ? where id = ?"
_NO_CHALLENGES = """update trace set fate = 'unreplayable', reason = ?1 where id = ?2
                    and not exists (select 1 from turn where trace_id = ?2 and fate in ('challenged', 'held'))"""


def checked(db: sqlite3.Connection, intake: Intake, near: Collection[str]) -> Intake:
    """Return `intake` without the challenges that what is known speaks against; they are turns all the same."""
    shown = [turn for turn in intake.turns if not turn.observed and turn.place]
    if not any(turn.presumed for turn in shown):
        return intake
    logged = bool(near) or _is_echo(db, shown)
    refused = {turn.id for turn in shown if turn.presumed and (logged or _is_example(db, turn))}
    no_challenge = {"fate": Fate.UNREPLAYABLE, "reason": NOBODY if logged else EXAMPLE}
    turns = tuple(turn.model_copy(update=no_challenge) if turn.id in refused else turn for turn in intake.turns)
    kept = tuple(challenge for challenge in intake.challenges if challenge.id not in refused)
    fate, reason = sum_of(turns)
    trace = intake.trace.model_copy(update={"fate": fate, "reason": reason})
    return intake.model_copy(update={"trace": trace, "turns": turns, "challenges": kept})


def neighbours(db: sqlite3.Connection, intake: Intake) -> set[str]:
    """Return the known traces that go on from `intake`, or it from them. Ask before copies of turns are forgotten."""
    turns = [turn for turn in intake.turns if turn.place]
    rows = (db.execute(_NEIGHBOURS, (turn.place, not turn.observed, turn.trace_id)) for turn in turns)
    return {trace for found in rows for (trace,) in found}


def withdraw(db: sqlite3.Connection, intake: Intake, near: Collection[str]) -> int:
    """Withdraw what is not presumed any more, now that `intake` is known; return how many queued duels went with it."""
    withdrawn = sum(_withdraw(db, "trace_id", trace, NOBODY) for trace in {*near, *_echoing(db, intake)})
    shown = (turn for turn in intake.turns if turn.reason == EXAMPLE)
    return withdrawn + sum(_withdraw(db, "words", turn.words, EXAMPLE) for turn in shown)


def _is_echo(db: sqlite3.Connection, shown: Sequence[Disposition]) -> bool:
    telling = [(turn.echo, turn.trace_id) for turn in shown if turn.echo]
    return 2 * sum(db.execute(_ECHOED, known).fetchone() is not None for known in telling) >= len(shown)


def _is_example(db: sqlite3.Connection, turn: Disposition) -> bool:
    return len(db.execute(_ALIKE, (turn.words, turn.trace_id, MANY)).fetchall()) == MANY


def _echoing(db: sqlite3.Connection, intake: Intake) -> Iterator[str]:
    observed = [turn for turn in intake.turns if turn.observed and turn.echo]
    for trace in {trace for turn in observed for (trace,) in db.execute(_ECHOING, (turn.echo, turn.trace_id))}:
        shown, echoed = db.execute(_HISTORY, (trace,)).fetchone()
        if 2 * (echoed or 0) >= shown:
            yield trace


def _withdraw(db: sqlite3.Connection, column: str, known: str, reason: str) -> int:
    withdrawn = 0
    for turn_id, trace_id in db.execute(_PRESUMED.format(column), (known,)).fetchall():
        if not is_begun(db, turn_id):
            withdrawn += forget(db, turn_id)
            db.execute(_NO_CHALLENGE, (reason, turn_id))
            db.execute(_NO_CHALLENGES, (reason, trace_id))
    return withdrawn
