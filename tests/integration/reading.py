"""Production as rows of a small Langfuse, and the reading half of an engine whose clock a test moves."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.clock import Clock
from connector.demo.langfuse import Observation, SmallLangfuse
from connector.engine import Engine
from connector.intake import Rules
from connector.langfuse.capabilities import Capabilities, detect
from connector.langfuse.client import Client
from connector.langfuse.own import ALL, Defence
from connector.pace import Pace
from connector.pipeline import Arena
from connector.ports import Source
from connector.select import Filters, Selection
from connector.sinks.jsonl import JsonlSink
from connector.sources.langfuse import LangfuseSource
from connector.store.sqlite import SqliteStore
from connector.types import Duel, Fate, Seen
from judges.arena_hard import ArenaHard
from judges.jury import Jury
from rollouts.budget import Budget
from rollouts.cost import FREE
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.providers.scripted import Scripted
from rollouts.replay import Challenger

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
NOWHERE = Path(os.devnull)


def trace_id(name: str) -> str:
    """Return the trace id of a name."""
    return hashlib.md5(name.encode()).hexdigest()


def agent(name: str, begun: datetime, *, turns: int = 2, seconds: float = 10.0, **about: Any) -> list[Observation]:
    """Return a root, and below it a generation for each turn, evenly over `seconds`, with the growing history."""
    root = row(name, "root", begun, seconds=seconds, parent=None, **about)
    history: list[dict[str, Any]] = []
    rows, step = [root], seconds / (turns + 1)
    for number in range(turns):
        history = [*history, {"role": "user", "content": f"{name} asks {number}"}]
        answer = {"role": "assistant", "content": f"{name} answer {number}"}
        logged = {"input": json.dumps({"messages": history}), "output": json.dumps(answer), "model": "kestrel-2"}
        begins = begun + timedelta(seconds=step * (number + 0.5))
        shown = {"type": "GENERATION", **logged, **about}
        rows.append(row(name, f"turn {number}", begins, seconds=step / 2, parent=root.id, **shown))
        history = [*history, answer]
    return rows


def row(
    name: str, part: str, begun: datetime, *, seconds: float | None, parent: str | None, **more: Any
) -> Observation:
    """Return one observation of the trace `name`; one that has not ended has no `seconds`."""
    start_ms = round(begun.timestamp() * 1000)
    return Observation(
        id=hashlib.md5(f"{name} {part}".encode()).hexdigest()[:16],
        trace_id=trace_id(name),
        project_id="local-project",
        start_ms=start_ms,
        end_ms=None if seconds is None else start_ms + round(seconds * 1000),
        created_ms=start_ms,
        updated_ms=start_ms,
        parent_id=parent,
        is_root=parent is None,
        name=part,
        **{"environment": "production", "trace_name": "chat", **more},
    )


def hold(server: SmallLangfuse, *rows: Observation) -> None:
    """Let `server` have these rows, as if they had just arrived."""
    for each in rows:
        server.state.observations.put(each)


@dataclass
class Hands:
    """What a clock shows."""

    now: datetime


@dataclass
class Reader:
    """An engine that only polls, and a clock that says what it is told; the server's goes with it."""

    server: SmallLangfuse
    client: Client
    can: Capabilities
    engine: Engine
    hands: Hands
    server_ahead_s: float = 0.0

    async def poll(self, after_s: float = 60.0) -> int:
        """Let time pass, then poll."""
        self.set(self.hands.now + timedelta(seconds=after_s))
        return await self.engine.poll()

    def set(self, now: datetime) -> None:
        """Set both clocks."""
        self.hands.now = now
        self.server.clock_offset_s = (now - datetime.now(UTC)).total_seconds() + self.server_ahead_s

    async def duels(self) -> list[Duel]:
        """Return one duel for every turn that was taken."""
        mark = self.engine.arena.challengers["a"].fingerprint
        return await self.engine.store.due("a", mark, 100_000, self.hands.now + timedelta(days=10_000))

    async def answers(self) -> list[str]:
        """Return what production answered in every turn that was taken, sorted."""
        return sorted(duel.challenge.baseline.message.text for duel in await self.duels())

    async def seen(self, name: str) -> Seen | None:
        """Return what is known of a trace."""
        return (await self.engine.store.seen([trace_id(name)])).get(trace_id(name))

    async def fate(self, name: str) -> Fate | None:
        """Return where a trace has ended."""
        seen = await self.seen(name)
        return None if seen is None else seen.fate

    async def mark(self) -> datetime | None:
        """Return up to where has been read."""
        return await self.engine.store.mark(self.engine.arena.source.name)

    def asked(self, path: str = "", since: int = 0) -> list[str]:
        """Return the paths of all requests below `path` that the server has answered, but for the first `since`."""
        prefix = f"/api/public/{path}"
        return [each.path for each in self.server.requests[since:] if each.path.startswith(prefix)]


async def settle(reader: Reader, looks: int = 2) -> None:
    """Poll as often as a trace needs that is there already."""
    for _ in range(looks):
        await reader.poll()


@asynccontextmanager
async def reading(
    server: SmallLangfuse,
    *,
    now: datetime = NOON,
    pace: Pace | None = None,
    filters: Filters | None = None,
    defences: frozenset[Defence] = ALL,
    state: str = ":memory:",
) -> AsyncIterator[Reader]:
    """Open a reader of `server`."""
    hands = Hands(now)
    clock = Clock(now=lambda: hands.now)
    client = Client(server.base_url, server.public_key, server.secret_key, clock=clock)
    store = SqliteStore(state)
    try:
        can = await detect(client)
        source = LangfuseSource(client, can, defences=defences)
        engine = polling(source, store, clock, pace=pace, filters=filters)
        reader = Reader(server, client, can, engine, hands)
        reader.set(now)
        yield reader
    finally:
        await store.aclose()
        await client.aclose()


def polling(
    source: Source, store: SqliteStore, clock: Clock, *, pace: Pace | None = None, filters: Filters | None = None
) -> Engine:
    """Return an engine with one challenger, `a`."""
    model = Model(
        Scripted(answers=("an answer",)),
        name="a-1",
        price=FREE,
        limits=Limits(concurrency=1),
        journal=store,
        budget=Budget(None),
    )
    arena = Arena(
        source=source,
        challengers={"a": Challenger(name="a", model=model)},
        jury=Jury.of(ArenaHard(), model),
        sink=JsonlSink(NOWHERE),
        rules=Rules(selection=Selection(filters=filters or Filters())),
    )
    return Engine(arena, store, widths={"a": 1}, pace=pace, clock=clock)


def answers_of(names: Iterable[str], turns: int = 2) -> list[str]:
    """Return what `agent` lets production answer, sorted."""
    return sorted(f"{name} answer {number}" for name in names for number in range(turns))
