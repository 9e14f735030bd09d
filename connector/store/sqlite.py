"""The store in one file, for one process at a time."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import IO

from connector.periods import Run
from connector.store.alerts import AlertBox
from connector.store.calls import Calls
from connector.store.draws import Draws
from connector.store.duels import Duels
from connector.store.forgetting import Forgetting
from connector.store.history import History
from connector.store.holds import Holds
from connector.store.judgments import Judgments
from connector.store.masks import Masks
from connector.store.outcomes import Outcomes
from connector.store.pairs import Pairs
from connector.store.schema import open_database, open_reader
from connector.store.spending import Spending
from connector.store.tiers import Members
from connector.store.traces import Traces
from connector.store.writer import Writer
from rollouts.errors import Fatal


class Occupied(Fatal):
    """The state belongs to another process that runs."""


class SqliteStore(
    Traces,
    Duels,
    Judgments,
    Calls,
    Spending,
    Holds,
    Outcomes,
    Pairs,
    Members,
    History,
    Draws,
    Masks,
    Forgetting,
    AlertBox,
):
    """Implements `connector.ports.Store` over one SQLite file; `":memory:"` is the fake."""

    def __init__(self, path: str, *, alone: bool = True) -> None:
        """Open `path`. A second process is refused, unless it says by `alone=False` that it will only read."""
        self._lock = _only_one(path) if alone and path != ":memory:" else None
        try:
            reader = None if path == ":memory:" else partial(open_reader, path)
            self._writer = Writer(partial(open_database, path), reader)
        except Fatal:
            self._let_go()
            raise

    async def runs(self, fingerprints: Mapping[str, str], epoch: str) -> Mapping[str, Run]:
        """Return the runs of these challengers in one epoch; those who have answered nothing in it have none."""
        sql = """select min(json_extract(rollout, '$.completion.started_at')) from duel
                 where challenger = ? and fingerprint = ? and epoch = ?"""

        def read(db: sqlite3.Connection) -> dict[str, Run]:
            begun = {name: db.execute(sql, (name, mark, epoch)).fetchone()[0] for name, mark in fingerprints.items()}
            return {name: Run(fingerprint=fingerprints[name], begun_at=at) for name, at in begun.items() if at}

        return await self._writer.run(read)

    async def aclose(self) -> None:
        """Finish what is being written, then close."""
        await self._writer.aclose()
        self._let_go()

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.close()


def is_worked_on(path: str) -> bool:
    """Whether a process is working on that state now."""
    try:
        _only_one(path).close()
    except Occupied:
        return True
    return False


def _only_one(path: str) -> IO[str]:
    """Hold a lock file for as long as the process lives; the operating system lets it go, however that ends."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        lock = Path(f"{path}.lock").open("a", encoding="utf-8")  # noqa: SIM115  held until the store is closed
    except OSError as error:
        raise Fatal(
            f"the state file cannot be opened: {error}", hint="`state` must lie where it can be written"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise Occupied(
            f"another process is working on {path}", hint="stop it, or give this one another `state` file"
        ) from None
    return lock
