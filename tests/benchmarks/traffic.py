"""Production traffic for the benchmarks: one trace per challenge, all different, all of one size."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from connector.intake import Rules, take_in
from connector.sources.jsonl import sighting_of
from connector.traces import Observation, Trace
from connector.types import digest
from judges.arena_hard import ArenaHard
from rollouts.projections.openai_chat import to_openai
from rollouts.types import Challenge, Completion, Message, Request, Rollout, Text

SENTENCE = "The passenger would like to move the return flight by one day and keep both seats at the window. "
ANSWER = "I have found a later flight with two free seats at the window; shall I move your booking? " * 8
"""Production's answer, some 700 characters."""


def traces(count: int, messages: int = 2) -> Iterator[Trace]:
    """Yield `count` traces with one model call each, over a history of `messages` messages of some 1,500 characters."""
    began = datetime.now(UTC) - timedelta(hours=1)
    for number in range(count):
        yield _trace(number, began + timedelta(milliseconds=number), messages)


def challenges(count: int, messages: int = 2) -> Iterator[Challenge]:
    """Yield what these traces come to."""
    for trace in traces(count, messages):
        yield from take_in(trace, sighting_of(trace), Rules()).challenges


async def bodies(challenge: Challenge) -> list[dict[str, Any]]:
    """Return the three requests of one duel as a bare client would send them: one rollout, two rounds of judging."""
    answer = Completion(message=Message(role="assistant", parts=(Text(content=f"Gladly. {ANSWER} [[A=B]]"),)))
    asked = [Request(key="", messages=challenge.messages, parameters=challenge.parameters)]

    async def ask(request: Request, **_: Any) -> Completion:
        asked.append(request)
        return answer

    await ArenaHard().judge(challenge, Rollout(challenger="bare", completion=answer), ask, model="bare")
    return [{"model": "bare", **to_openai(each.messages, each.tools, each.parameters)} for each in asked]


def export(trace: Trace) -> dict[str, Any]:
    """Return a trace as the body of an OpenTelemetry export, as an application with Langfuse's SDK sends it."""
    spans = [_otlp(trace, observation) for observation in trace.observations]
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": "langfuse-sdk"}, "spans": spans}]}]}


def _trace(number: int, began: datetime, messages: int) -> Trace:
    name = digest("benchmark", str(number))
    root = Observation(
        id=name[:16],
        trace_id=name,
        name="help desk",
        started_at=began,
        ended_at=began + timedelta(seconds=2),
    )
    call = Observation(
        id=name[16:],
        trace_id=name,
        parent_id=root.id,
        type="GENERATION",
        name="answer",
        started_at=began + timedelta(milliseconds=10),
        ended_at=began + timedelta(seconds=1),
        input={"messages": [_said(number, place) for place in range(messages)]},
        output={"role": "assistant", "content": f"Booking {number}. {ANSWER}"},
        model="production-model",
        usage={"input": 800.0, "output": 180.0},
    )
    return Trace(id=name, name="help desk", environment="production", started_at=began, observations=(root, call))


def _said(number: int, place: int) -> dict[str, str]:
    # No assistant speaks in the history: its turns would be challenges of their own.
    return {"role": "user" if place else "system", "content": f"Booking {number}, message {place}. " + SENTENCE * 15}


def _otlp(trace: Trace, observation: Observation) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "langfuse.trace.name": trace.name,
        "langfuse.environment": trace.environment,
        "langfuse.observation.type": observation.type.lower(),
        "langfuse.observation.model.name": observation.model,
        "langfuse.observation.input": orjson.dumps(observation.input).decode(),
        "langfuse.observation.output": orjson.dumps(observation.output).decode(),
        "langfuse.observation.usage_details": orjson.dumps(observation.usage).decode(),
    }
    return {
        "traceId": trace.id,
        "spanId": observation.id,
        **({"parentSpanId": observation.parent_id} if observation.parent_id else {}),
        "name": observation.name,
        "kind": 1,
        "startTimeUnixNano": _nanoseconds(observation.started_at),
        "endTimeUnixNano": _nanoseconds(observation.ended_at or observation.started_at),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in facts.items() if value],
        "status": {},
    }


def _nanoseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1_000_000) * 1000)
