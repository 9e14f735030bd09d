"""Messages that were events of a span come back, whoever wrote them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.types import Observation
from rollouts.types import Message, Reasoning, Text, ToolResult
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, said, thorough


def event(message: Message) -> dict[str, Any]:
    """Write one message as OpenTelemetry's events have it: calls as JSON in text, results under `id`."""
    if isinstance(result := message.parts[0], ToolResult):
        return {"role": "tool", "id": result.id, "content": result.response}
    calls = [
        {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
        for c in message.tool_calls
    ]
    return {"role": message.role, "content": message.text} | ({"tool_calls": json.dumps(calls)} if calls else {})


def plain(messages: tuple[Message, ...]) -> Observation:
    """Write a call in the conventions' own form."""
    *asked, answered = map(event, messages)
    return logged(asked, {"index": 0, "finish_reason": "stop", "message": json.dumps(answered)})


def semantic_kernel(messages: tuple[Message, ...]) -> Observation:
    """Write a call as Semantic Kernel does: each event whole, in one field."""
    *asked, answered = [
        e | ({"tool_calls": json.loads(e["tool_calls"])} if "tool_calls" in e else {}) for e in map(event, messages)
    ]
    inner = {"index": 0, "message": answered | {"role": "Assistant"}, "finish_reason": "Stop"}
    wires = [
        {"role": wire["role"], "gen_ai.event.content": json.dumps(wire), "gen_ai.system": "openai"} for wire in asked
    ]
    return logged(wires, {"gen_ai.event.content": json.dumps(inner)}, scope="Microsoft.SemanticKernel.Diagnostics")


def pydantic_v1(messages: tuple[Message, ...]) -> Observation:
    """Write a call as PydanticAI's first version does."""
    *asked, answered = [
        e | ({"tool_calls": json.loads(e["tool_calls"])} if "tool_calls" in e else {}) for e in map(event, messages)
    ]
    wires = [
        {**wire, "event.name": f"gen_ai.{wire['role']}.message", "gen_ai.message.index": n}
        for n, wire in enumerate(asked)
    ]
    return logged(wires, {"index": 0, "message": answered}, scope="pydantic-ai")


def strands(messages: tuple[Message, ...]) -> Observation:
    """Write a call as Strands does: Bedrock's blocks as JSON in text."""
    *asked, answered = messages
    wires = [{"role": message.role, "content": json.dumps([*map(_block, message.parts)])} for message in asked]
    out = {"message": json.dumps([*map(_block, answered.parts)]), "finish_reason": "end_turn"}
    return logged(wires, out, scope="strands.telemetry.tracer")


def _block(part: Any) -> dict[str, Any]:
    match part.type:
        case "tool_call":
            return {"toolUse": {"toolUseId": part.id, "name": part.name, "input": json.loads(part.arguments)}}
        case "tool_call_response":
            return {"toolResult": {"toolUseId": part.id, "status": "success", "content": [{"text": part.response}]}}
        case _:
            return {"text": part.content}


writers = pytest.mark.parametrize("write", [plain, semantic_kernel, pydantic_v1, strands])


@writers
@quick
@given(messages=dialogues())
def test_events_come_back(write: Any, messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(write(messages)) == ("otel_events", messages)


@writers
@thorough
@given(messages=dialogues(), data=st.data())
def test_damage_is_named(write: Any, messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, write(messages))


def test_a_choice_may_be_bare_text() -> None:
    """The message of a choice is words where it is no JSON."""
    call = read_call(
        logged([{"role": "user", "content": "Hi"}], {"index": 0, "finish_reason": "stop", "message": "Hello"})
    )
    assert answer_of(call) == said("assistant", "Hello")


def test_no_answer_is_no_answer() -> None:
    """Nothing is made up where the choice was not logged."""
    wires = [{"role": "user", "gen_ai.event.content": '{"role":"user","content":"Hi"}'}]
    assert read_call(logged(wires, None)).answer is None


def test_lost_calls_are_not_an_empty_answer() -> None:
    """A choice that ended for a tool, and holds none, is useless."""
    choice = {"index": 0, "finish_reason": "tool_calls", "message": '{"role":"assistant"}'}
    with pytest.raises(Unusable, match="not logged"):
        read_call(logged([{"role": "user", "content": "Hi"}], choice))


def test_a_person_may_write_blocks() -> None:
    """Text that looks like blocks stays text where the other texts are no blocks."""
    wires = [{"role": "user", "content": "Read this"}, {"role": "user", "content": '[{"text": "x"}]'}]
    call = read_call(logged(wires, {"index": 0, "finish_reason": "stop", "message": "Hello"}))
    assert call.messages[1].text == '[{"text": "x"}]'


def test_kinds_of_the_first_pydantic_ai() -> None:
    """Its parts had a `kind`; thoughts among them are not words."""
    asked = {
        "role": "user",
        "event.name": "gen_ai.user.message",
        "content": ["See", {"kind": "image-url", "url": "https://x/a"}],
    }
    spoken = [{"kind": "thinking", "text": "hm"}, {"kind": "text", "text": "A cat"}]
    call = read_call(logged([asked], {"index": 0, "message": {"role": "assistant", "content": spoken}}))
    assert [part.type for part in call.messages[0].parts] == ["text", "uri"]
    assert answer_of(call).parts == (Reasoning(content="hm"), Text(content="A cat"))
