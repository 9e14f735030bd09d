"""What the leaderboard is made of, read in one pass."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from connector.store.writer import Writer
from judges.standings.columns import gathered
from judges.standings.outcomes import Opinion, Outcome, Turn
from judges.standings.style import Style
from judges.standings.tables import Columns
from judges.types import Unit, Verdict

# A unit is named by its first turn: ids that are forgotten change no figure, not even in the last digit.
_ALIAS = "coalesce((select token from alias where kind = '{}' and value = {}), {})"
_SESSION = _ALIAS.format("session", *["coalesce(session_id, conversation_id)"] * 2)
_UNITS: dict[Unit, str] = {
    "conversation": _ALIAS.format("session", *["conversation_id"] * 2),
    "session": _SESSION,
    "user": f"coalesce({_ALIAS.format('user', *['user_id'] * 2)}, {_SESSION})",
}
_DECIDED = """exists (
       select 1 from duel where challenge_id = challenge.id and ((state = 'dead' and judge is null) or exists (
              select 1 from judgment where duel_id = duel.id and judgment.judge = ?2)))"""
_TURNS = f"""
select id, min(id) over (partition by {{unit}}), baseline_cost_usd, baseline_latency_s, style_length, style_headers,
       style_items, style_bold, calls, faults, slices, weight, tier, stratum
  from challenge
 where (?1 is null or epoch = ?1) and {_DECIDED}
"""  # noqa: S608  only our own words
_STANDS_FOR = f"""
select challenge.id, sum(weight) over alike / sum(weight) filter (where {_DECIDED}) over alike
  from challenge join turn on turn.id = challenge.id
 where challenge.epoch = ?1 and draw is not null and tier = 'fresh' and not held
window alike as (partition by draw, stratum)
"""  # noqa: S608  only our own words
"""How many of its kind in its draw a decided turn stands for, where some of them are not decided."""
_OUTCOMES = """
select challenger, challenge_id, score, verdict, consistent, identical, won, battles, cost_usd, latency_s,
       state = 'dead', style_length, style_headers, style_items, style_bold, calls, faults, same_calls, meetings
  from duel left join judgment on judgment.duel_id = duel.id and judgment.judge = ?3
 where challenger = ?1 and fingerprint = ?2 and (judgment.judge is not null or (state = 'dead' and duel.judge is null))
   and (?4 is null or epoch = ?4) order by duel.rowid
"""
_OPINIONS = """
select opinion.judge, challenger, challenge_id, opinion.score, opinion.verdict, opinion.consistent, seat_bias,
       opinion.won, opinion.battles
  from opinion join duel on duel.id = opinion.duel_id
 where jury = ?1 and challenger = ?2 and fingerprint = ?3 and (?4 is null or epoch = ?4)
"""


class Outcomes:
    """Reads what became of duels under one judge."""

    _writer: Writer

    async def columns(
        self,
        judge: str,
        fingerprints: Mapping[str, str],
        epoch: str | None,
        unit: Unit = "conversation",
        *,
        closing: bool = False,
    ) -> Columns:
        def read(db: sqlite3.Connection) -> Columns:
            stand_for = dict[str, float](db.execute(_STANDS_FOR, (epoch, judge))) if closing else {}
            turns = (_turn(row, stand_for) for row in db.execute(_TURNS.format(unit=_UNITS[unit]), (epoch, judge)))
            return gathered(turns, _outcomes(db, judge, fingerprints, epoch))

        return await self._writer.read(read)

    async def opinions(self, judge: str, fingerprints: Mapping[str, str], epoch: str | None) -> list[Opinion]:
        def read(db: sqlite3.Connection) -> list[Opinion]:
            asked = ((judge, challenger, fingerprint, epoch) for challenger, fingerprint in fingerprints.items())
            return [_opinion(row) for arguments in asked for row in db.execute(_OPINIONS, arguments)]

        return await self._writer.read(read)

    async def epochs(self, judge: str) -> list[str]:
        sql = "select distinct epoch from duel where judge = ? order by epoch"
        rows = await self._writer.run(lambda db: db.execute(sql, (judge,)).fetchall())
        return [epoch for (epoch,) in rows]


def _outcomes(
    db: sqlite3.Connection, judge: str, fingerprints: Mapping[str, str], epoch: str | None
) -> Iterator[Outcome]:
    for challenger, fingerprint in fingerprints.items():
        yield from map(_outcome, db.execute(_OUTCOMES, (challenger, fingerprint, judge, epoch)))


def _turn(row: tuple[Any, ...], stand_for: Mapping[str, float]) -> Turn:
    challenge_id, cluster, cost_usd, latency_s, *looks, calls, faults, slices, weight, tier, stratum = row
    return Turn(
        challenge_id=challenge_id,
        cluster=cluster,
        cost_usd=cost_usd,
        latency_s=latency_s,
        style=_style(looks),
        calls=calls,
        faults=tuple(faults.split()) if faults else (),
        slices=tuple((dimension, value) for dimension, value in orjson.loads(slices)) if slices else (),
        weight=weight * stand_for.get(challenge_id, 1.0),
        tier=tier,
        stratum=stratum,
    )


def _outcome(row: tuple[Any, ...]) -> Outcome:
    challenger, challenge_id, score, verdict, consistent, identical, won, battles, cost_usd, latency_s, dead = row[:11]
    *looks, calls, faults, same_calls, meetings = row[11:]
    return Outcome(
        challenger=challenger,
        challenge_id=challenge_id,
        score=score,
        verdict=Verdict(verdict) if verdict else None,
        consistent=None if consistent is None else bool(consistent),
        identical=bool(identical),
        won=won,
        battles=battles,
        cost_usd=cost_usd,
        latency_s=latency_s,
        failed=bool(dead),
        style=_style(looks),
        calls=calls,
        faults=tuple(faults.split()) if faults else (),
        same_calls=None if same_calls is None else bool(same_calls),
        meetings=orjson.loads(meetings) if meetings else {},
    )


def _opinion(row: tuple[Any, ...]) -> Opinion:
    judge, challenger, challenge_id, score, verdict, consistent, *figures = row
    consistency = None if consistent is None else bool(consistent)
    return Opinion(judge, challenger, challenge_id, score, Verdict(verdict), consistency, *figures)


def _style(looks: list[Any]) -> Style | None:
    return None if looks[0] is None else Style(*looks)
