"""One turn, though many traces show it: which of its copies is kept.

Later traces show in their histories what earlier ones produced, and traces come in any order. Copies of a turn share
its place. What its call produced is kept in their stead, unless a duel over a copy has cost something, shows in
Langfuse already, or a draw has decided about the copy: then the turn counts as known by that copy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from connector.types import Disposition, Fate, Intake

_COPY = "select id, observed, fate in ('challenged', 'held') from turn where "
_IN_SESSION = f"{_COPY} place = ?1 union {_COPY} id = ?2"
_ELSEWHERE = f"{_COPY} place = ?1 and observed = ?3 union {_COPY} id = ?2"
"""Of those that nobody observed either there may be as many as traces: examples in a prompt."""
_BEGUN = """select 1 from challenge where id = ?1 and (posting > 0
            or exists (select 1 from duel where challenge_id = ?1 and state <> 'queued')
            or exists (select 1 from call join duel on duel.id = call.duel_id where challenge_id = ?1))
            union all select 1 from turn where id = ?1 and draw is not null"""


class Copy(NamedTuple):
    """A turn that is known at a place."""

    id: str
    observed: bool
    wanted: bool
    """Whether it is a challenge, or may become one."""


class Compared(NamedTuple):
    """What an intake has in common with what is known."""

    known: frozenset[str]
    """Ids of its turns that are but copies."""
    withdrawn: int
    """How many queued duels went with the copies that its turns replaced."""


def replace_copies(db: sqlite3.Connection, intake: Intake) -> Compared:
    """Forget the copies that turns of `intake` replace, and return which of these turns are copies themselves."""
    known, withdrawn = set[str](), 0
    for turn in intake.turns:
        in_session = intake.sighting.session_id is not None
        there = _copies(db, turn, in_session=in_session) if turn.place else []
        replaced = _replaced(turn, there, in_session=in_session)
        if replaced is None or any(is_begun(db, copy.id) for copy in replaced):
            known.add(turn.id)
        else:
            withdrawn += sum(_drop(db, copy) for copy in replaced)
    return Compared(frozenset(known), withdrawn)


def _copies(db: sqlite3.Connection, turn: Disposition, *, in_session: bool) -> list[Copy]:
    sql, known = (_IN_SESSION, ()) if in_session else (_ELSEWHERE, (int(not turn.observed),))
    return [Copy(*row) for row in db.execute(sql, (turn.place, turn.id, *known))]


def _replaced(turn: Disposition, there: Sequence[Copy], *, in_session: bool) -> list[Copy] | None:
    """Return the copies for which `turn` stands in; `None` where it is one itself, of a turn that is known.

    Without a session two histories that show the same words may be two conversations that began alike.
    """
    if turn.observed:
        return [copy for copy in there if not copy.observed]
    if any(copy.observed for copy in there):
        return None
    others = [copy for copy in there if in_session and copy.id != turn.id]
    better = turn.fate in (Fate.CHALLENGED, Fate.HELD) and not any(copy.wanted for copy in others)
    return others if better or not others else None


def is_begun(db: sqlite3.Connection, turn_id: str) -> bool:
    """Whether a duel over a turn was paid for, is under way, or may show in Langfuse; or a draw has decided about it.

    With another copy of the turn the lot would be cast anew.
    """
    return db.execute(_BEGUN, (turn_id,)).fetchone() is not None


def forget(db: sqlite3.Connection, turn_id: str) -> int:
    """Remove the challenge of a turn; return how many duels went with it."""
    withdrawn = db.execute("delete from duel where challenge_id = ?", (turn_id,)).rowcount
    db.execute("delete from challenge where id = ?", (turn_id,))
    return withdrawn


def _drop(db: sqlite3.Connection, copy: Copy) -> int:
    withdrawn = forget(db, copy.id)
    db.execute("delete from turn where id = ?", (copy.id,))
    return withdrawn
