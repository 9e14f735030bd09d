"""A conversation, written call by call, in the layouts in which applications log: the calls → their traces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from connector.traces import Observation, Trace
from rollouts.types import Message
from tests.logged import BEGUN, trace

Dialogue = tuple[Message, ...]
Write = Callable[[Dialogue], Observation]
Layout = Callable[[Dialogue, Write], list[Trace]]


def calls_of(messages: Dialogue) -> list[Dialogue]:
    """Return what each call saw and answered."""
    return [messages[: place + 1] for place, message in enumerate(messages) if message.role == "assistant"]


def _placed(logged: Observation, number: int, trace_id: str, **more: Any) -> Observation:
    begun = BEGUN + timedelta(seconds=2 * number)
    facts = {"id": f"{trace_id}-{number}", "trace_id": trace_id, "parent_id": f"{trace_id}-root"}
    return logged.model_copy(update={**facts, "started_at": begun, "ended_at": begun + timedelta(seconds=1), **more})


def a_generation_per_turn(messages: Dialogue, write: Write) -> list[Trace]:
    """Log one trace, in it one generation per turn with the whole history."""
    return [trace("t", *(_placed(write(call), n, "t") for n, call in enumerate(calls_of(messages))))]


def a_trace_per_turn(messages: Dialogue, write: Write) -> list[Trace]:
    """Log a trace per turn, in one session."""
    placed = [_placed(write(call), n, f"t{n}") for n, call in enumerate(calls_of(messages))]
    return [trace(one.trace_id, one, session_id="s") for one in placed]


def the_final_history(messages: Dialogue, write: Write) -> list[Trace]:
    """Log one trace with the last call alone."""
    return [trace("t", _placed(write(messages), 0, "t"))]


def an_agents_loop(messages: Dialogue, write: Write) -> list[Trace]:
    """Log one agent's span per user turn, and below it a generation for each step of its loop."""
    found, agent = list[Observation](), ""
    for n, call in enumerate(calls_of(messages)):
        if not agent or call[-2].role == "user":
            agent = f"agent {n}"
            found.append(_empty(_placed(write(call), n, "t", id=agent, type="AGENT")))
        found.append(_placed(write(call), n, "t", parent_id=agent))
    return [trace("t", *found)]


def generation_and_agent(messages: Dialogue, write: Write) -> list[Trace]:
    """Log each call twice, by the agent's span and by the generation inside it."""
    found = list[Observation]()
    for n, call in enumerate(calls_of(messages)):
        outer = _placed(write(call), n, "t", id=f"agent {n}", type="AGENT", model=None, usage={}, cost_usd=None)
        found += [outer, _placed(write(call), n, "t", parent_id=outer.id)]
    return [trace("t", *found)]


def two_generations(messages: Dialogue, write: Write) -> list[Trace]:
    """Log each call as two generations, one inside the other, as two integrations do."""
    found = list[Observation]()
    for n, call in enumerate(calls_of(messages)):
        outer = _placed(write(call), n, "t", id=f"outer {n}", usage={}, cost_usd=None)
        found += [outer, _placed(write(call), n, "t", parent_id=outer.id)]
    return [trace("t", *found)]


def a_retry(messages: Dialogue, write: Write) -> list[Trace]:
    """Log each call twice, one after the other; the first attempt of every other one ended in an error."""
    found = list[Observation]()
    for n, call in enumerate(calls_of(messages)):
        first = _placed(write(call), 2 * n, "t", id=f"first {n}")
        failed = {"level": "ERROR", "output": None}
        found += [first if n % 2 else first.model_copy(update=failed), _placed(write(call), 2 * n + 1, "t")]
    return [trace("t", *found)]


def _empty(agent: Observation) -> Observation:
    return agent.model_copy(update={"input": None, "output": None, "model": None})


LAYOUTS: Sequence[Layout] = (
    a_generation_per_turn,
    a_trace_per_turn,
    the_final_history,
    an_agents_loop,
    generation_and_agent,
    two_generations,
    a_retry,
)
