"""Results into a file, one record a line. The last line with an id is the one that counts."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from connector.scoring import scores
from connector.types import Duel, Run
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

    async def publish(self, leaderboard: Leaderboard, runs: Mapping[str, Run]) -> None:
        """Append the leaderboard of one epoch."""
        shown = {name: run.model_dump(mode="json") for name, run in runs.items()}
        body = leaderboard.model_dump(mode="json") | {"runs": shown}
        self._append([_line("leaderboard", f"{leaderboard.epoch} {leaderboard.judge}", body)])

    def _append(self, lines: Iterable[bytes]) -> None:
        with self._path.open("ab") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())


def _line(kind: str, name: str, body: dict[str, Any]) -> bytes:
    return orjson.dumps({"kind": kind, "id": name, kind: body}, option=orjson.OPT_APPEND_NEWLINE)
