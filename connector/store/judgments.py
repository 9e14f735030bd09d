"""What the judges said of each duel: every judgment ever made, of which one is the duel's present one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from connector.planning.reckoning import Load
from connector.store.writer import Writer
from connector.types import Duel, State
from judges.standings.scales import fought_in, together
from judges.traits import Traits, same_calls, traits
from judges.types import Judgment, Verdict
from judges.verdicts import seat_bias

BLANK = "exists (select 1 from challenge where challenge.id = duel.challenge_id and blanked_at is not null)"
"""Whether the texts of a duel are gone."""
HEARD = """(select json_group_array(judge) from (select judge from judgment where duel_id = duel.id
          union select judge from opinion where duel_id = duel.id))"""
"""The versions of all who have judged a duel, alone or in a jury."""
_STEP = f"update duel set state = ?, reason = ?, attempts = ?, judge = ?, due_at = 0 where id = ? and not {BLANK}"  # noqa: S608  ours
_ROLLOUT = """update duel set rollout = ?, cost_usd = ?, latency_s = ?, same_calls = ?, calls = ?, faults = ?,
              style_length = ?, style_headers = ?, style_items = ?, style_bold = ? where id = ?"""
_JUDGMENT = "insert or replace into judgment values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OPINION = "insert or replace into opinion values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OTHERS = """challenger = ?1 and fingerprint = ?2 and rollout is not null and judge is not ?3
             and (judge is not null or state = 'dead') and (?4 is null or duel.epoch = ?4)"""
_READABLE = f"{_OTHERS} and not {BLANK}"
_KNOWN = "exists (select 1 from judgment where duel_id = duel.id and judgment.judge = ?3)"
_AGAIN = f"""update duel set state = ?5, judge = case ?5 when 'judged' then ?3 end, reason = '', attempts = 0,
             due_at = 0, confirmed = 0 where {_READABLE} and {_KNOWN} = (?5 = 'judged')"""  # noqa: S608  all parts are ours
_LOADS = f"""select challenger, read_tokens, answer_tokens, most_tokens, conversation_id, {HEARD}, tier, {_KNOWN}
             from duel join challenge on challenge.id = challenge_id where {_READABLE}"""  # noqa: S608
_WORDLESS = f"select count(*) from duel where {_OTHERS} and {BLANK} and not {_KNOWN}"  # noqa: S608


class Others(NamedTuple):
    """Duels that have an answer and are judged by others."""

    to_judge: tuple[Load, ...]
    known: int
    """How many of the others the judge has judged before."""
    wordless: int = 0
    """How many of the others nobody can judge any more: their texts are gone."""


def load(challenger: str, state: str, *asked: Any) -> Load:
    """Return what a row says that a duel asks for: its tokens, conversation and tier, and who has judged it."""
    *tokens, conversation, heard, tier = asked
    bare = Load(challenger, state == State.ROLLED, *tokens)
    return bare._replace(conversation=conversation, heard=frozenset(orjson.loads(heard)), tier=tier)


class Judgments:
    """Duels under another judge."""

    _writer: Writer

    async def judged_by_others(self, judge: str, fingerprints: Mapping[str, str], epoch: str | None) -> Others:
        """Return what `judge` would have to look at, and of how much it has spoken before."""

        def read(db: sqlite3.Connection) -> Others:
            asked = [(name, mark, judge, epoch) for name, mark in fingerprints.items()]
            rows = [row for arguments in asked for row in db.execute(_LOADS, arguments)]
            loads = tuple(load(row[0], State.ROLLED, *row[1:-1]) for row in rows if not row[-1])
            wordless = sum(db.execute(_WORDLESS, arguments).fetchone()[0] for arguments in asked)
            return Others(loads, sum(row[-1] for row in rows), wordless)

        return await self._writer.run(read)

    async def judged_by(self, judge: str, fingerprints: Mapping[str, str], epoch: str | None) -> int:
        sql = """select count(*) from duel where challenger = ?1 and fingerprint = ?2 and judge = ?3
                 and state in ('judged', 'posted') and (?4 is null or epoch = ?4)"""

        def read(db: sqlite3.Connection) -> int:
            return sum(db.execute(sql, (*each, judge, epoch)).fetchone()[0] for each in fingerprints.items())

        return await self._writer.read(read)

    async def judge_again(self, judge: str, fingerprints: Mapping[str, str], epoch: str | None) -> None:
        """Give every duel that was judged by others to `judge`, with all that was ever said of it.

        What `judge` itself has said before counts again, and is posted again. A duel that died while being judged gets
        another chance.
        """

        def write(db: sqlite3.Connection) -> None:
            for name, mark in fingerprints.items():
                for state in (State.JUDGED, State.ROLLED):
                    db.execute(_AGAIN, (name, mark, judge, epoch, state))

        await self._writer.run(write)


def keep(db: sqlite3.Connection, duel: Duel) -> None:
    """Keep what a duel has come to; its rollout is written and measured once."""
    judge = duel.judgment.judge if duel.judgment else None
    if not db.execute(_STEP, (duel.state, duel.reason, duel.attempts, judge, duel.id)).rowcount:
        return  # it was withdrawn, or forgotten, while it was under way
    row = db.execute("select rollout is null from duel where id = ?", (duel.id,)).fetchone()
    if duel.rollout is not None and row and row[0]:
        completion, challenge = duel.rollout.completion, duel.challenge
        looks = trait_columns(traits(completion, challenge.tools))
        same = same_calls(challenge, completion.message)
        body = duel.rollout.model_dump_json(exclude_none=True)
        db.execute(_ROLLOUT, (body, completion.cost_usd, completion.latency_s, same, *looks, duel.id))
    if duel.judgment is not None and row:
        _keep_judgment(db, duel.id, duel.judgment)


def heard(db: sqlite3.Connection, duel_id: str) -> list[str]:
    """Return all that was ever said of a duel."""
    return [body for (body,) in db.execute("select body from judgment where duel_id = ?", (duel_id,))]


def trait_columns(measured: Traits) -> tuple[Any, ...]:
    """Return calls, faults and style as they are stored."""
    return (measured.calls, " ".join(measured.faults), *measured.style)


def _keep_judgment(db: sqlite3.Connection, duel_id: str, judgment: Judgment) -> None:
    row = (
        duel_id,
        judgment.judge,
        judgment.model_dump_json(exclude_defaults=True),
        judgment.verdict,
        judgment.score,
        *_battles(judgment),
        judgment.consistent,
        judgment.verdict is Verdict.TIE and not judgment.looks,
        orjson.dumps(judgment.meetings).decode() if judgment.meetings else None,
    )
    db.execute(_JUDGMENT, row)
    opinions = judgment.members or ((judgment,) if judgment.rounds else ())
    db.executemany(_OPINION, [(duel_id, judgment.judge, *_opinion(each)) for each in opinions])


def _opinion(said: Judgment) -> tuple[Any, ...]:
    return said.judge, said.verdict, said.score, *_battles(said), said.consistent, seat_bias(said)


def _battles(judgment: Judgment) -> tuple[float | None, float | None]:
    """Return the battles won and fought on the scale `weight_3`."""
    fought = together(fought_in(judgment, "weight_3"))
    return (fought.worth * fought.weight, fought.weight) if fought else (None, None)
