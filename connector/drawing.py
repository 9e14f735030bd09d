"""How one trace was read, for a person to follow: observations → messages → turns. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connector.message_tree import MessageNode, as_it_is, beginning, message_tree
from connector.traces import Call, Glance, Observation, Trace, Use
from connector.turns.linking import linked
from connector.turns.turn import Turn, turns_of
from connector.types import Assembly, Disposition, Fate, Intake, digest
from rollouts.types import Message, Record


class DrawnObservation(Record):
    """One observation, and what it was taken for."""

    id: str
    parent_id: str | None = None
    type: str
    name: str | None = None
    model: str | None = None
    level: str
    after_s: float
    """How long after the first observation it began."""
    latency_s: float | None = None
    input_tokens: float | None = None
    output_tokens: float | None = None
    use: Use
    reason: str = ""
    """Why, where that is not plain."""
    of: str | None = None
    """The observation that it is a copy of, or that it lent to."""
    format: str | None = None
    """Of a call: the kind of format that read it."""
    integration: str | None = None
    """Of a call: what logged it."""
    repairs: tuple[str, ...] = ()
    """Of a call: what was mended while reading."""


class DrawnTurn(Record):
    """One assistant turn, and where it ended."""

    number: int
    """From 1, the oldest first."""
    observation_id: str | None = None
    """What produced it, or what only shows it."""
    observed: bool
    """Whether what produced it was logged."""
    history: int | None = None
    """How many messages come before it; unknown where the call could not be read."""
    answer: str = ""
    """The beginning of what production said, or the tools it called."""
    fate: Fate
    reason: str = ""
    challenge_id: str | None = None
    """What `understudy show` takes, once it is stored."""


class Drawing(Record):
    """One trace, read."""

    trace_id: str
    name: str | None = None
    environment: str | None = None
    session_id: str | None = None
    started_at: datetime
    fate: Fate
    reason: str = ""
    observations: tuple[DrawnObservation, ...]
    messages: tuple[MessageNode, ...]
    turns: tuple[DrawnTurn, ...]
    masked: bool = False
    """Whether its texts are as they would be stored, and not as production logged them."""


def draw(trace: Trace, assembly: Assembly, intake: Intake, shown: Callable[[Message], Message] = as_it_is) -> Drawing:
    """Put together what was made of `trace`, its messages as `shown`."""
    calls = assembly.conversation.calls
    return Drawing(
        trace_id=trace.id,
        name=trace.name,
        environment=trace.environment,
        session_id=trace.session_id,
        started_at=trace.started_at,
        fate=intake.trace.fate,
        reason=intake.trace.reason,
        observations=_observations(trace, assembly),
        messages=message_tree(calls, shown),
        turns=_turns(trace, assembly, intake, shown),
    )


def _observations(trace: Trace, assembly: Assembly) -> tuple[DrawnObservation, ...]:
    """Return every observation once; last the trace itself, where its own input and output were read."""
    glances = {glance.observation_id: glance for glance in assembly.glances}
    calls = {call.observation_id: call for call in assembly.conversation.calls}
    rows = {row.id: row for row in trace.observations}
    if trace.id in calls.keys() | glances.keys() and trace.id not in rows:
        rows[trace.id] = Observation(id=trace.id, trace_id=trace.id, type="TRACE", started_at=trace.started_at)
    first = min((row.started_at for row in rows.values()), default=trace.started_at)
    return tuple(_observation(row, first, glances.get(row.id), calls.get(row.id)) for row in rows.values())


def _observation(row: Observation, first: datetime, glance: Glance | None, call: Call | None) -> DrawnObservation:
    return DrawnObservation(
        id=row.id,
        parent_id=row.parent_id,
        type=row.type,
        name=row.name,
        model=row.model,
        level=row.level,
        after_s=(row.started_at - first).total_seconds(),
        latency_s=row.latency_s,
        input_tokens=row.usage.get("input"),
        output_tokens=row.usage.get("output"),
        use=glance.use if glance else Use.CALL if call else Use.ASIDE,
        reason=glance.reason if glance else "",
        of=glance.of if glance else None,
        format=call.format if call else None,
        integration=call.integration if call else None,
        repairs=call.repairs if call else (),
    )


def _turns(
    trace: Trace, assembly: Assembly, intake: Intake, shown: Callable[[Message], Message]
) -> tuple[DrawnTurn, ...]:
    """Return the turns in the order in which production took them; unread ones by their observation."""
    conversation = assembly.conversation
    turns = turns_of([linked(call) for call in conversation.calls])
    read = {digest(conversation.id, turn.content_id): turn for turn in turns}
    rows = {digest(trace.id, row.id): row for row in trace.observations}
    found = list[tuple[tuple[datetime, int], DrawnTurn]]()
    for ended in intake.turns:
        turn, row = read.get(ended.id), rows.get(ended.id)
        begun = turn.call.started_at if turn else row.started_at if row else trace.started_at
        found.append(((begun, len(turn.messages) if turn else 0), _turn(ended, turn, row, shown)))
    ordered = [turn for _, turn in sorted(found, key=lambda pair: pair[0])]
    return tuple(turn.model_copy(update={"number": number}) for number, turn in enumerate(ordered, start=1))


def _turn(
    ended: Disposition, turn: Turn | None, row: Observation | None, shown: Callable[[Message], Message]
) -> DrawnTurn:
    return DrawnTurn(
        number=0,
        observation_id=turn.call.observation_id if turn else row.id if row else None,
        observed=ended.observed,
        history=len(turn.messages) if turn else None,
        answer=_answer(shown(turn.answer.message)) if turn else "",
        fate=ended.fate,
        reason=ended.reason,
        challenge_id=ended.id if ended.fate is Fate.CHALLENGED else None,
    )


def _answer(said: Message) -> str:
    return beginning(said.text) or ", ".join(f"{call.name}(…)" for call in said.tool_calls)
