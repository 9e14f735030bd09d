"""What production logged, and what is read in it.

A `Trace` is what Langfuse holds: *observations* that share a trace id. Those that are model calls are read as `Call`s;
the calls that belong together are a `Conversation`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from rollouts.types import Completion, Message, Parameters, Record, ToolDefinition


class Window(Record):
    """A half-open span of source time: `start` is in, `end` is out."""

    start: datetime
    end: datetime


class Sighting(Record):
    """A trace as seen from afar, before its contents are fetched."""

    trace_id: str
    started_at: datetime
    ended: bool
    """Whether its root has ended."""
    rooted: bool = True
    """Whether any root of it has been seen: it may come hours later, or belong to a service that logs elsewhere."""
    observations: int
    """How many observations it had at this look."""
    latest: datetime | None = None
    """When the newest of them began, where the source tells."""
    environment: str | None = None
    name: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    ours: str | None = None
    """Why we take it for one of our own writings, if we do."""


class Observation(Record):
    """One span of a trace, whatever the server's version calls its fields."""

    id: str
    trace_id: str
    parent_id: str | None = None
    type: str = "SPAN"
    name: str | None = None
    level: str = "DEFAULT"
    status_message: str | None = None
    environment: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    input: Any = None
    """JSON value, or the raw text where it was not JSON."""
    output: Any = None
    metadata: dict[str, Any] = {}
    model: str | None = None
    parameters: dict[str, Any] = {}
    usage: dict[str, float] = {}
    cost_usd: float | None = None
    latency_s: float | None = None


class Trace(Record):
    """All observations that share a trace id, oldest first."""

    id: str
    name: str | None = None
    environment: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    release: str | None = None
    started_at: datetime
    input: Any = None
    """Trace-level input, which servers before v4 keep beside the observations'."""
    output: Any = None
    observations: tuple[Observation, ...] = ()
    ours: str | None = None
    """Why we take it for one of our own writings, where only its contents tell."""

    @property
    def ended(self) -> bool:
        """Whether every root has ended. A trace of which no root has come yet is still running."""
        known = {observation.id for observation in self.observations}
        roots = [o for o in self.observations if o.parent_id is None or o.parent_id not in known]
        return all(root.ended_at is not None or root.type == "EVENT" for root in roots)


class Call(Record):
    """One logged model call: the messages it saw, and what it answered."""

    trace_id: str
    observation_id: str
    name: str | None = None
    started_at: datetime
    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()
    parameters: Parameters = Parameters()
    answer: Completion | None = None
    """`None` when no answer was logged."""
    format: str
    """The kind of format that could read it."""
    repairs: tuple[str, ...] = ()
    """What was mended while reading, by name."""
    lacks: str | None = None
    """What the model saw and the log does not hold, where it can never be filled in."""
    integration: str | None = None
    """What logged it, such as `openinference.instrumentation.langchain`, where it says so."""
    response_id: str | None = None
    """The provider's name for the answer, where it was logged."""
    follows: str | None = None
    """The response, or the conversation, that this call continues: the provider keeps what came before."""
    expected: Message | None = None
    """The answer that it should have had, where that was logged with it."""


class Use(StrEnum):
    """What an observation is for whoever reads its trace."""

    CALL = "call"
    """A model call: its answer is a turn."""
    COPY = "copy"
    """Another observation tells the same call, and tells more of it."""
    CONTEXT = "context"
    """It lent its system prompt or its tools to a call."""
    LOST = "lost"
    """It should have been a call; its disposition says what was wrong."""
    ASIDE = "aside"
    """Neither: a tool's run, a step of a framework."""


class Glance(Record):
    """What one observation of a trace was taken for, and why."""

    observation_id: str
    use: Use
    reason: str = ""
    of: str | None = None
    """The observation that it is a copy of, or that it lent to."""


class Conversation(Record):
    """The calls that belong together, oldest first, and where they come from."""

    id: str
    trace: Trace
    """The trace at hand; its observations are already read and left out."""
    calls: tuple[Call, ...]
