"""The state file itself: what was removed from it must not be read in its bytes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from rollouts.errors import Retryable

_PATIENCE_S = 60.0


def scrub(path: Path) -> None:
    """Write the file anew without what was removed, and empty its write-ahead log. Beside whoever works on it.

    Raises `Retryable` while somebody holds it up.
    """
    if not path.exists():  # in memory
        return
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE_S)) as db:
            db.execute("vacuum")
            busy, *_ = db.execute("pragma wal_checkpoint(truncate)").fetchone()
    except sqlite3.Error as error:
        raise Retryable(f"{path} could not be cleaned: {error}") from None
    if busy:
        raise Retryable(f"{path} could not be cleaned: somebody is reading it")
