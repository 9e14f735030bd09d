"""Conversations as applications log them: one list of chat messages → traces in the usual layouts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.intake import Rules, take_in
from connector.ledger import by_reason
from connector.ports import Store
from connector.sources.jsonl import sighting_of
from connector.store.sqlite import SqliteStore
from connector.store.traces import unpacked
from connector.traces import Observation, Trace
from connector.turns.worth import TurnRules
from connector.types import Disposition, Fate, Intake
from rollouts.types import Challenge

Wire = dict[str, Any]

BEGUN = datetime(2026, 9, 7, 12, tzinfo=UTC)
TOLERANT = Rules(turns=TurnRules(tools_missing="include"))
"""Turns count that call tools whose definitions nobody logged."""


def user(text: str) -> Wire:
    """Return what a person says."""
    return {"role": "user", "content": text}


def assistant(text: str | None, *calls: tuple[str, str, str]) -> Wire:
    """Return an answer; each call is its id, its name and its arguments."""
    wire: Wire = {"role": "assistant", "content": text}
    if calls:
        wire["tool_calls"] = [
            {"id": name, "type": "function", "function": {"name": function, "arguments": arguments}}
            for name, function, arguments in calls
        ]
    return wire


def result(call_id: str, text: str) -> Wire:
    """Return what a tool answered."""
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def generation(asked: Any, answered: Any, *, trace: str = "t", number: int = 0, **more: Any) -> Observation:
    """Return a logged model call, the `number`th of its trace."""
    begun = more.pop("started_at", BEGUN + timedelta(seconds=number))
    known = {"model": "kestrel-2", "usage": {"input": 100.0, "output": 20.0}, "cost_usd": 0.001, "latency_s": 0.5}
    facts = {"id": f"{trace}-{number}", "trace_id": trace, "type": "GENERATION", "parent_id": f"{trace}-root"}
    ended = {"started_at": begun, "ended_at": begun + timedelta(seconds=0.5)}
    return Observation.model_validate({**facts, **ended, **known, "input": asked, "output": answered, **more})


def trace(name: str, *observations: Observation, **more: Any) -> Trace:
    """Return a trace whose root encloses `observations`."""
    begun = min((o.started_at for o in observations), default=BEGUN)
    root = Observation(id=f"{name}-root", trace_id=name, type="AGENT", started_at=begun, ended_at=begun)
    return Trace(id=name, started_at=begun, observations=(root, *observations), **more)


def turns_of(messages: Sequence[Wire]) -> list[int]:
    """Return where the assistant speaks."""
    return [place for place, message in enumerate(messages) if message["role"] == "assistant"]


def final_history(name: str, messages: Sequence[Wire], **body: Any) -> list[Trace]:
    """Log one trace per conversation with nothing but the last call."""
    last = turns_of(messages)[-1]
    asked = {"messages": list(messages[:last]), **body}
    return [trace(name, generation(asked, messages[last], trace=name))]


def growing_history(name: str, messages: Sequence[Wire], **body: Any) -> list[Trace]:
    """Log one trace per conversation with one generation per turn."""
    calls = [
        generation({"messages": list(messages[:place]), **body}, messages[place], trace=name, number=number)
        for number, place in enumerate(turns_of(messages))
    ]
    return [trace(name, *calls)]


def trace_per_turn(name: str, messages: Sequence[Wire], *, session: bool = True, **body: Any) -> list[Trace]:
    """Log one trace per turn, with the whole history in each."""
    found = list[Trace]()
    for number, place in enumerate(turns_of(messages)):
        one = hashlib.md5(f"{name} {number}".encode()).hexdigest()
        asked = {"messages": list(messages[:place]), **body}
        call = generation(asked, messages[place], trace=one, started_at=BEGUN + timedelta(seconds=number))
        found.append(trace(one, call, session_id=name if session else None))
    return found


def read(one: Trace, rules: Rules = TOLERANT) -> Intake:
    """Take one trace in."""
    return take_in(one, sighting_of(one), rules)


def challenges(*traces: Trace, rules: Rules = TOLERANT) -> list[Challenge]:
    """Return the challenges of each trace, without a store."""
    return [challenge for one in traces for challenge in read(one, rules).challenges]


def dispositions(one: Trace, rules: Rules = TOLERANT) -> dict[tuple[Fate, str], int]:
    """Count where the turns of a trace ended."""
    found: dict[tuple[Fate, str], int] = {}
    for turn in read(one, rules).turns:
        found[turn.fate, turn.reason] = found.get((turn.fate, turn.reason), 0) + 1
    return found


async def taken(store: SqliteStore, traces: Iterable[Trace], rules: Rules = TOLERANT) -> list[Challenge]:
    """Take traces into `store`; return every challenge that it keeps."""
    for one in traces:
        await store.take(read(one, rules), [])
    bodies = await store._writer.run(lambda db: db.execute("select body from challenge order by rowid").fetchall())
    return [unpacked(body) for (body,) in bodies]


async def ledger(store: Store) -> dict[tuple[str, Fate, str], int]:
    """Count what a store holds by what it is of, its fate and its reason."""
    return {(each.of, each.fate, each.reason): each.count for each in by_reason(await store.ledger())}


def refused(turns: Sequence[Disposition]) -> list[Disposition]:
    """Return those turns that became no challenge."""
    return [turn for turn in turns if turn.fate is not Fate.CHALLENGED]
