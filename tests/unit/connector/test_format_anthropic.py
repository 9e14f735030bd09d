"""How Anthropic's requests and responses are read."""

from __future__ import annotations

from typing import Any

import pytest

from connector.formats.detect import read_call
from connector.formats.repairs import Repair
from connector.traces import Call
from rollouts.types import Message, Reasoning, Text, ToolCall, ToolResult
from tests.logged import generation, user

HEY = [user("hey")]


def read(asked: Any, answered: Any = "hello") -> Call:
    """Read one call, whoever understands it."""
    return read_call(generation(asked, answered))


def test_anthropics_blocks() -> None:
    """Text, thoughts, calls and results in blocks, with the system prompt beside the messages."""
    asked = {
        "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            *HEY,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "s"},
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "c1", "name": "look_up", "input": {"id": 7}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "found"}]},
                    {"type": "text", "text": "and?"},
                ],
            },
        ],
        "tools": [{"name": "look_up", "input_schema": {"type": "object"}}],
        "max_tokens": 100,
    }
    answered = {
        "type": "message",
        "role": "assistant",
        "stop_reason": "max_tokens",
        "content": [{"type": "text", "text": "It"}],
    }
    call = read(asked, answered)
    assert [message.role for message in call.messages] == ["system", "user", "assistant", "tool", "user"]
    assert call.messages[2].parts[0] == Reasoning(content="hm", signature="s")
    assert call.messages[2].tool_calls == (ToolCall(id="c1", name="look_up", arguments='{"id":7}'),)
    assert call.messages[3].parts == (ToolResult(id="c1", response="found"),)
    assert (call.tools[0].parameters, call.parameters.max_tokens) == ({"type": "object"}, 100)
    assert call.answer is not None
    assert call.answer.truncated


@pytest.mark.parametrize("system", ["Be kind.", [{"type": "text", "text": "Be kind."}]])
@pytest.mark.parametrize("beside", [True, False])
def test_anthropics_system_prompt_wherever_it_stands(system: Any, *, beside: bool) -> None:
    """As a string or as blocks, beside the messages or, as Langfuse may put it, in front of them."""
    asked: Any = {"messages": HEY, "system": system} if beside else [{"role": "system", "content": system}, *HEY]
    call = read(asked, {"type": "message", "content": [{"type": "text", "text": "hello"}]})
    assert call.format == "anthropic_messages"
    assert call.messages[0] == Message(role="system", parts=(Text(content="Be kind."),))
    assert call.answer is not None
    assert call.answer.message.text == "hello"


@pytest.mark.parametrize("kind", ["server_tool_use", "web_search_tool_result", "mcp_tool_use", "mcp_tool_result"])
def test_what_anthropic_runs_is_left_out_and_named(kind: str) -> None:
    """A search that only Anthropic runs is no call of the model's."""
    block = {"type": kind, "id": "s1", "tool_use_id": "s1", "name": "web_search", "input": {}, "content": []}
    asked = {"system": "s", "messages": [*HEY, {"role": "assistant", "content": [block]}, *HEY]}
    call = read(asked, {"type": "message", "content": [block, {"type": "text", "text": "found"}]})
    assert [message.role for message in call.messages] == ["system", "user", "user"]
    assert call.answer is not None
    assert call.answer.message.parts == (Text(content="found"),)
    assert Repair.PROVIDER_TOOLS in call.repairs
