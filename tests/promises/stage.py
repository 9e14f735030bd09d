"""A whole cycle over a file of traces, with models behind real HTTP: what the promises are tried on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from connector.app import App, build
from connector.config_file import read
from connector.demo.models import ModelServer
from connector.jsonl import line_of
from connector.traces import Trace
from connector.types import Fate, State
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing
from tests.logged import BEGUN, Wire, assistant, growing_history, user
from tests.logged import ledger as ledger_of

CONFIG = """
{head}
[source]
kind = "jsonl"
path = "traces.jsonl"
[sink]
kind = "jsonl"
path = "results.jsonl"
[retry]
attempts = 2
first_wait_s = 0.01
[judge.model]
kind = "openai_compatible"
base_url = "{url}"
model = "judge"
max_retries = 0
"""
CHALLENGER = """
[challengers.{name}]
kind = "openai_compatible"
base_url = "{url}"
model = "{name}"
{options}
"""


class Played(NamedTuple):
    """What a cycle left behind."""

    board: Leaderboard
    ledger: Mapping[tuple[str, Fate, str], int]
    states: Mapping[tuple[str, State], int]
    lines: list[dict[str, Any]]
    """What the sink wrote."""

    def row(self, challenger: str = "one") -> Standing:
        """Return a challenger's row."""
        return row_of(self.board, challenger)

    def turns(self) -> dict[tuple[Fate, str], int]:
        """Count where the turns ended."""
        return {(fate, reason): count for (of, fate, reason), count in self.ledger.items() if of == "turn"}

    def written(self, kind: str) -> list[dict[str, Any]]:
        """Return the records of one kind."""
        return [line[kind] for line in self.lines if line["kind"] == kind]


def row_of(board: Leaderboard, challenger: str = "one") -> Standing:
    """Return a challenger's row of a leaderboard."""
    return next(row for row in board.standings if row.challenger == challenger)


def chats(count: int, turns: int = 1) -> list[Trace]:
    """Return so many conversations that have nothing in common."""
    found = list[Trace]()
    for number in range(count):
        said: list[Wire] = []
        for turn in range(turns):
            said += [user(f"question {number}-{turn}"), assistant(f"baseline {number}-{turn}")]
        found += growing_history(f"chat-{number}", said)
    return found


def recent(traces: Iterable[Trace]) -> list[Trace]:
    """Return the same traces as if production had answered an hour ago."""
    later = datetime.now(UTC) - timedelta(hours=1) - BEGUN
    return [Trace.model_validate(_moved(one.model_dump(), later)) for one in traces]


def _moved(value: Any, later: timedelta) -> Any:
    if isinstance(value, dict):
        return {key: _moved(inner, later) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(inner, later) for inner in value]
    return value + later if isinstance(value, datetime) else value


def arrange(
    folder: Path,
    traces: Iterable[Trace],
    models: ModelServer,
    *,
    challengers: Sequence[str] = ("one",),
    options: str = "",
    head: str = "",
) -> Path:
    """Write traces and a configuration; return its path."""
    with (folder / "traces.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(map(line_of, traces))
    parts = [CHALLENGER.format(name=name, url=models.url, options=options) for name in challengers]
    path = folder / "config.toml"
    path.write_text(CONFIG.format(head=head, url=models.url) + "".join(parts), encoding="utf-8")
    return path


async def cycle(path: Path, *, watch: Callable[[App], None] = lambda _: None) -> Played:
    """Read, replay, judge and post until nothing moves; return what came out."""
    async with build(read(path), path) as app:
        watch(app)
        for _ in range(2):
            await app.engine.poll()
        await asyncio.wait_for(app.engine.work(until_idle=True), timeout=60)
        board, states = await app.engine.leaderboard(), await app.store.states()
        ledger = await ledger_of(app.store)
    results = path.parent / "results.jsonl"
    lines = [orjson.loads(line) for line in results.read_bytes().splitlines()] if results.exists() else []
    return Played(board, ledger, states, lines)


def prefers(word: str) -> Callable[[Wire], str]:
    """Return a judge that prefers the answer with `word` in it, wherever it sits, and else says they are equal."""

    def judge(body: Wire) -> str:
        before, b = body["messages"][1]["content"].split("<answer_b>")
        a = before.split("<answer_a>")[1]
        label = {(True, False): "A>B", (False, True): "B>A"}.get((word in a, word in b), "A=B")
        return f"My reasons. [[{label}]]"

    return judge


def saying(text: str) -> Callable[[Wire], str]:
    """Return a model that always says the same."""
    return lambda _: text
