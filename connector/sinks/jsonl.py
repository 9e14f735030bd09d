"""Results into a file, one record a line. The last line with an id is the one that counts."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from connector.periods import Run
from connector.scoring import scores
from connector.subjects import Remains
from connector.types import Duel
from judges.standings.leaderboard import Leaderboard
from rollouts.types import Challenge


class JsonlSink:
    """Implements `connector.ports.Sink`: lines of `challenge`, `duel`, `score` and `leaderboard`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def post(self, duels: Sequence[Duel], fresh: Sequence[Challenge], *, doubtful: Collection[str]) -> None:
        """Append, and return once it is on disk. A crash may leave a line twice, under the same id."""
        del doubtful
        lines = [_line("challenge", challenge.id, challenge.model_dump(mode="json")) for challenge in fresh]
        for duel in duels:
            shown = duel.model_dump(mode="json", exclude={"challenge"}) | {"challenge_id": duel.challenge.id}
            lines.append(_line("duel", duel.id, shown))
            lines += [_line("score", score.id, score.model_dump(mode="json")) for score in scores(duel)]
        self._append(lines)

    async def missing(self, duels: Sequence[Duel]) -> set[str]:
        """Nothing is: what was written is on disk."""
        del duels
        return set()

    async def forget(self, remains: Remains) -> None:
        """Write the file anew without these challenges, and what became of them."""
        if remains.items:
            await asyncio.to_thread(self._without, frozenset(remains.items))

    async def publish(self, leaderboard: Leaderboard, runs: Mapping[str, Run]) -> None:
        """Append the leaderboard of one epoch."""
        shown = {name: run.model_dump(mode="json") for name, run in runs.items()}
        body = leaderboard.model_dump(mode="json") | {"runs": shown}
        self._append([_line("leaderboard", f"{leaderboard.epoch} {leaderboard.judge}", body)])

    def _append(self, lines: Iterable[bytes]) -> None:
        with self._alone(), self._path.open("ab") as file:
            _write(file, lines)

    def _without(self, challenges: Collection[str]) -> None:
        """Write what stays beside the file, and put it in its place: a crash leaves one or the other."""
        if not self._path.exists():
            return
        beside = self._path.with_name(f"{self._path.name}.new")
        with self._alone():
            with self._path.open("rb") as file, beside.open("wb") as rest:
                _write(rest, (line for line in file if _about(line) not in challenges))
            beside.replace(self._path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from appending to a file that is about to be replaced."""
        with self._path.with_name(f"{self._path.name}.lock").open("a", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _write(file: IO[bytes], lines: Iterable[bytes]) -> None:
    file.writelines(lines)
    file.flush()
    os.fsync(file.fileno())


def _about(line: bytes) -> str | None:
    """Return the challenge that a line is about."""
    record = orjson.loads(line)
    match record["kind"]:
        case "challenge":
            return str(record["id"])
        case "duel":
            return str(record["duel"]["challenge_id"])
        case "score":
            return str(record["score"]["metadata"].get("challenge"))
    return None


def _line(kind: str, name: str, body: dict[str, Any]) -> bytes:
    return orjson.dumps({"kind": kind, "id": name, kind: body}, option=orjson.OPT_APPEND_NEWLINE)
