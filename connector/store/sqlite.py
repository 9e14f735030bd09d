"""The store in one file, for one process at a time."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any

from connector.store.calls import Calls
from connector.store.duels import Duels
from connector.store.schema import open_database
from connector.store.traces import Traces
from connector.store.writer import Writer
from connector.types import Run
from judges.standings.leaderboard import BASELINE, Outcome
from judges.types import Verdict
from rollouts.errors import Fatal

_OUTCOMES = """
select challenger, conversation_id, score, verdict, consistent, identical, cost_usd, latency_s, state
  from duel join challenge on challenge.id = duel.challenge_id
 where challenger = ? and fingerprint = ? and (judge = ? or (state = 'dead' and judgment is null))
   and (? is null or duel.epoch = ?) order by duel.rowid
"""
_BASELINES = """
select conversation_id, baseline_cost_usd, baseline_latency_s from challenge
 where exists (select 1 from duel where challenge_id = challenge.id and judge = ?) and (? is null or epoch = ?)
"""


class SqliteStore(Traces, Duels, Calls):
    """Implements `connector.ports.Store` over one SQLite file; `":memory:"` is the fake."""

    def __init__(self, path: str, *, alone: bool = True) -> None:
        """Open `path`. A second process is refused, unless it says by `alone=False` that it will only read."""
        self._lock = _only_one(path) if alone and path != ":memory:" else None
        try:
            self._writer = Writer(partial(open_database, path))
        except Fatal:
            self._let_go()
            raise

    async def outcomes(self, judge: str, fingerprints: Mapping[str, str], epoch: str | None = None) -> list[Outcome]:
        """Return every decided duel of these challengers under one judge, and what production did on the same turns."""

        def read(db: sqlite3.Connection) -> list[Outcome]:
            weeks = (epoch, epoch)
            duels = [
                _outcome(row)
                for challenger, fingerprint in fingerprints.items()
                for row in db.execute(_OUTCOMES, (challenger, fingerprint, judge, *weeks))
            ]
            baselines = db.execute(_BASELINES, (judge, *weeks)).fetchall()
            return duels + [
                Outcome(BASELINE, row[0], None, None, cost_usd=row[1], latency_s=row[2]) for row in baselines
            ]

        return await self._writer.run(read)

    async def runs(self, fingerprints: Mapping[str, str], epoch: str) -> Mapping[str, Run]:
        """Return the runs of these challengers in one epoch; those who have answered nothing in it have none."""
        sql = """select min(json_extract(rollout, '$.completion.started_at')) from duel
                 where challenger = ? and fingerprint = ? and epoch = ?"""

        def read(db: sqlite3.Connection) -> dict[str, Run]:
            begun = {name: db.execute(sql, (name, mark, epoch)).fetchone()[0] for name, mark in fingerprints.items()}
            return {name: Run(fingerprint=fingerprints[name], begun_at=at) for name, at in begun.items() if at}

        return await self._writer.run(read)

    async def epochs(self, judge: str) -> list[str]:
        """Return the epochs in which anything was judged, the oldest first."""
        sql = "select distinct epoch from duel where judge = ? order by epoch"
        rows = await self._writer.run(lambda db: db.execute(sql, (judge,)).fetchall())
        return [epoch for (epoch,) in rows]

    async def aclose(self) -> None:
        """Finish what is being written, then close."""
        await self._writer.aclose()
        self._let_go()

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.close()


def _only_one(path: str) -> IO[str]:
    """Hold a lock file for as long as the process lives; the operating system lets it go, however that ends."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    lock = Path(f"{path}.lock").open("a", encoding="utf-8")  # noqa: SIM115  held until the store is closed
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise Fatal(
            f"another process is working on {path}", hint="stop it, or give this one another `state` file"
        ) from None
    return lock


def _outcome(row: tuple[Any, ...]) -> Outcome:
    challenger, conversation, score, verdict, consistent, identical, cost_usd, latency_s, state = row
    return Outcome(
        challenger=challenger,
        conversation_id=conversation,
        score=score,
        verdict=Verdict(verdict) if verdict else None,
        consistent=None if consistent is None else bool(consistent),
        identical=bool(identical),
        cost_usd=cost_usd,
        latency_s=latency_s,
        failed=state == "dead",
    )
