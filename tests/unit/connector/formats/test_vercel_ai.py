"""The AI SDK's messages come back, of its model, of its UI and of its outer span."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from rollouts.types import Message, Reasoning, Text, ToolCall, ToolResult
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, said, thorough
from tests.writers.vercel import step as written

HEY = {"role": "user", "content": [{"type": "text", "text": "hey"}]}


@quick
@given(messages=dialogues(), old=st.booleans())
def test_steps_come_back(*, messages: tuple[Message, ...], old: bool) -> None:
    """The same turns; the answer as text, as bare calls, or as a message with calls in text."""
    assert reread(written(messages, old=old)) == ("vercel_ai", messages)


@pytest.mark.parametrize("asked", [{"prompt": "hey"}, {"messages": [HEY]}, {"prompt": json.dumps([HEY])}])
def test_the_outer_span(asked: dict[str, Any]) -> None:
    """System prompt beside prompt or messages; the parameter `system` is the provider's name."""
    call = read_call(logged({"system": "Be kind.", **asked}, "hello", scope="ai", parameters={"system": "openai"}))
    assert call.messages == (said("system", "Be kind."), said("user", "hey"))


def test_messages_of_the_ui() -> None:
    """Calls carry their results; what is said afterwards is another message."""
    tool = {"type": "tool-look", "toolCallId": "c1", "state": "output-available", "input": {}, "output": {"a": 1}}
    parts = [{"type": "step-start"}, tool, {"type": "text", "text": "Found."}]
    asked = [
        {"id": "1", "role": "user", "parts": [{"type": "text", "text": "hey"}]},
        {"role": "assistant", "parts": parts},
    ]
    call = read_call(logged([*asked, HEY], "hello", scope="ai"))
    assert [m.role for m in call.messages] == ["user", "assistant", "tool", "assistant", "user"]
    assert call.messages[1].parts == (ToolCall(id="c1", name="look", arguments="{}"),)
    assert call.messages[2].parts == (ToolResult(id="c1", response='{"a":1}'),)


def test_what_lies_beside_the_answer() -> None:
    """Thoughts, the reason to stop, the choice of a tool and a schema stand in attributes."""
    attributes: Any = {
        "ai.response.reasoning": "hm",
        "ai.response.finishReason": "length",
        "ai.prompt.toolChoice": '{"type":"tool","toolName":"look"}',
        "ai.settings.maxOutputTokens": "9",
        "ai.schema": '{"type":"object"}',
    }
    call = read_call(logged([HEY], {"city": "Oslo"}, scope="ai", attributes=attributes))
    assert answer_of(call).parts == (Reasoning(content="hm"), Text(content='{"city":"Oslo"}'))
    assert call.answer is not None
    assert call.answer.truncated
    assert call.parameters.max_tokens == 9
    assert call.parameters.model_dump()["tool_choice"] == {"name": "look"}
    assert call.parameters.response_format is not None


@thorough
@given(data=st.data(), messages=dialogues(), old=st.booleans())
def test_damage_is_unusable_at_worst(*, data: st.DataObject, messages: tuple[Message, ...], old: bool) -> None:
    """Nothing but `Unusable` leaves a reader."""
    only_unusable(data, written(messages, old=old))
