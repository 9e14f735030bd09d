"""OpenTelemetry's older form, one event for each message, by whoever speaks it."""

from __future__ import annotations

import json
from typing import Any

from connector.traces import Observation
from rollouts.types import Message
from tests.dialogues import logged
from tests.writers.anthropic import block
from tests.writers.writer import Dialogue, Wire, Writer, functions, result_of


def event(message: Message) -> Wire:
    """Write one message: calls as JSON in text, results under `id`."""
    if (result := result_of(message)) is not None:
        return {"role": "tool", "id": result.id, "content": result.response}
    calls = functions(message)
    return {"role": message.role, "content": message.text} | ({"tool_calls": json.dumps(calls)} if calls else {})


def _open(message: Message) -> Wire:
    calls = functions(message)
    return event(message) | ({"tool_calls": calls} if calls else {})


def conventions(messages: Dialogue) -> Observation:
    """Write a call in the conventions' own form."""
    *asked, answered = map(event, messages)
    return logged(asked, {"index": 0, "finish_reason": "stop", "message": json.dumps(answered)})


def semantic_kernel(messages: Dialogue) -> Observation:
    """Write each event whole, in one field."""
    *asked, answered = map(_open, messages)
    inner = {"index": 0, "message": answered | {"role": "Assistant"}, "finish_reason": "Stop"}
    wires = [{"role": w["role"], "gen_ai.event.content": json.dumps(w), "gen_ai.system": "openai"} for w in asked]
    return logged(wires, {"gen_ai.event.content": json.dumps(inner)}, scope="Microsoft.SemanticKernel.Diagnostics")


def pydantic_v1(messages: Dialogue) -> Observation:
    """Write the name of each event beside it."""
    *asked, answered = map(_open, messages)
    named: list[dict[str, Any]] = [
        {**wire, "event.name": f"gen_ai.{wire['role']}.message", "gen_ai.message.index": n}
        for n, wire in enumerate(asked)
    ]
    return logged(named, {"index": 0, "message": answered}, scope="pydantic-ai")


def strands(messages: Dialogue) -> Observation:
    """Write Bedrock's blocks as JSON in text."""
    *asked, answered = messages
    wires = [{"role": message.role, "content": json.dumps([*map(block, message.parts)])} for message in asked]
    out = {"message": json.dumps([*map(block, answered.parts)]), "finish_reason": "end_turn"}
    return logged(wires, out, scope="strands.telemetry.tracer")


WRITERS = {
    "otel_events": Writer(conventions),
    "otel_events semantic kernel": Writer(semantic_kernel),
    "otel_events pydantic v1": Writer(pydantic_v1),
    "otel_events strands": Writer(strands),
}
