"""Messages in any form come back as they were, and nothing that anybody logs breaks the reading."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from rollouts.canonical import fingerprint
from rollouts.projections.anthropic_messages import to_anthropic
from rollouts.projections.openai_chat import to_openai
from rollouts.types import Message, Text, ToolCall, ToolDefinition, ToolResult
from tests.logged import generation, read, trace

quick = settings(max_examples=300, deadline=None)
thorough = settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
names = st.from_regex(r"[a-z_]{1,9}", fullmatch=True)
tables = st.dictionaries(names, st.integers(-(2**80), 2**80) | words | st.none(), max_size=3)
arguments = tables.map(lambda table: json.dumps(table, separators=(",", ":"), ensure_ascii=False))
tools = st.lists(st.builds(ToolDefinition, name=names, description=words, parameters=st.just({"type": "object"})))


@st.composite
def dialogues(draw: st.DrawFn) -> tuple[Message, ...]:
    """Draw a conversation that both providers can hold, the assistant's answer last."""
    messages = [_message("system", draw(words))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        messages.append(_message("user", draw(words)))
        for asked in draw(st.lists(st.lists(arguments, min_size=1, max_size=2), max_size=2)):
            calls = [ToolCall(id=f"c{len(messages)}_{n}", name=draw(names), arguments=a) for n, a in enumerate(asked)]
            messages.append(Message(role="assistant", parts=(Text(content=draw(words)), *calls)))
            results = [ToolResult(id=call.id, response=draw(words)) for call in calls]
            messages += [Message(role="tool", parts=(result,)) for result in results]
        messages.append(_message("assistant", draw(words)))
    return tuple(messages)


def _message(role: Any, text: str) -> Message:
    return Message(role=role, parts=(Text(content=text),))


@quick
@given(dialogues(), tools, st.sampled_from([lambda body: body, json.dumps]))
def test_chat_messages_come_back(messages: tuple[Message, ...], offered: list[ToolDefinition], written: Any) -> None:
    """What is logged as OpenAI chat is read as the same messages, answer and tools, as a table or as text."""
    body = to_openai(messages, offered)
    *asked, answered = body["messages"]
    call = read_call(generation(written({**body, "messages": asked}), answered))
    assert call.answer is not None
    assert (*call.messages, call.answer.message) == messages
    assert list(call.tools) == offered


@quick
@given(dialogues(), tools)
def test_anthropic_messages_come_back(messages: tuple[Message, ...], offered: list[ToolDefinition]) -> None:
    """What is logged as an Anthropic request and response is read as the same messages, answer and tools."""
    body = to_anthropic(messages, offered)
    *asked, answered = body["messages"]
    call = read_call(generation({**body, "messages": asked}, {"type": "message", **answered}))
    assert call.answer is not None
    assert (*call.messages, call.answer.message) == messages
    assert list(call.tools) == offered


@quick
@given(dialogues())
def test_both_forms_are_the_same_conversation(messages: tuple[Message, ...]) -> None:
    """A conversation that changes its provider half-way is still recognised."""
    chat, blocks = to_openai(messages)["messages"], to_anthropic(messages)
    one = read_call(generation({"messages": chat[:-1]}, chat[-1]))
    two = read_call(generation({**blocks, "messages": blocks["messages"][:-1]}, blocks["messages"][-1]))
    assert [*map(fingerprint, one.messages)] == [*map(fingerprint, two.messages)]


keys = st.sampled_from(
    [
        *("role", "content", "messages", "tools", "tool_calls", "function_call", "function", "arguments", "choices"),
        *("message", "type", "text", "system", "name", "id", "input", "source", "finish_reason", "usage", "parameters"),
        *("tool_use", "tool_result", "tool_use_id", "image_url", "url", "output", "question", "answer", "data"),
    ]
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=6)
    | keys
    | st.sampled_from(
        ["user", "assistant", "tool", "system", "message", "thinking", "image", '"', "{", "[", '"a"', "\ud83d"]
    )
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | words, inner, max_size=4), max_leaves=12
)


@thorough
@given(
    values, values, st.dictionaries(keys | st.sampled_from(["temperature", "stop", "max_tokens"]), values, max_size=3)
)
def test_nothing_that_is_logged_breaks_the_reading(asked: Any, answered: Any, parameters: dict[str, Any]) -> None:
    """Any value as input, output and parameters is a call, or `Unusable` with a reason."""
    observation = generation(asked, answered).model_copy(update={"parameters": parameters})
    try:
        call = read_call(observation)
    except Unusable:
        return
    assert call.messages
    assert call.answer is None or call.answer.message.role == "assistant"


def _mutated(draw: st.DrawFn, value: Any) -> Any:
    """Replace, drop or double parts of a value, here and there."""
    if draw(st.integers(0, 14)) == 0:
        return draw(values)
    if isinstance(value, dict):
        kept = {key: _mutated(draw, inner) for key, inner in value.items() if draw(st.integers(0, 14))}
        return kept | (draw(st.dictionaries(keys, leaves, max_size=1)) if draw(st.integers(0, 9)) == 0 else {})
    if isinstance(value, list):
        return [_mutated(draw, inner) for inner in value for _ in range(draw(st.sampled_from([1, 1, 1, 1, 0, 2])))]
    return value


@st.composite
def mutants(draw: st.DrawFn) -> tuple[Any, Any]:
    """Draw a request and its response in either form, damaged."""
    messages = draw(dialogues())
    body = to_openai(messages) if draw(st.booleans()) else to_anthropic(messages)
    *asked, answered = body["messages"]
    asked, answered = _mutated(draw, {**body, "messages": asked}), _mutated(draw, answered)
    return (json.dumps(asked), json.dumps(answered)) if draw(st.booleans()) else (asked, answered)


@settings(thorough, max_examples=500)
@given(mutants())
def test_damaged_logs_end_in_the_ledger(logged: tuple[Any, Any]) -> None:
    """Half a request, a response of another kind: every trace ends in one state, and a challenge can be kept."""
    intake = read(trace("t", generation(*logged)))
    assert intake.turns
    assert len({turn.id for turn in intake.turns}) == len(intake.turns)
    for challenge in intake.challenges:
        assert challenge.model_validate_json(challenge.model_dump_json()).content_id == challenge.content_id
