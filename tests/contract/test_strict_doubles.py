"""The doubles of the providers refuse what the real ones refuse: else the replays prove nothing."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from tests.strict import strict_anthropic, strict_openai

CALLED = {"id": "1", "type": "function", "function": {"name": "get", "arguments": "{}"}}
BAD_CHATS = [
    {"messages": [{"role": "tool", "tool_call_id": "1", "content": "x"}]},
    {"messages": [{"role": "assistant", "tool_calls": [CALLED]}, {"role": "user", "content": "x"}]},
    {"messages": [{"role": "assistant", "tool_calls": [CALLED | {"id": "x" * 41}]}]},
    {"messages": [{"role": "user", "content": []}]},
    {"messages": [{"role": "assistant", "content": None}]},
    {"tools": [{"type": "function", "function": {"name": "a.b"}}]},
    {"tools": [{"type": "function", "function": {"name": "a", "parameters": {"type": "OBJECT"}}}]},
    {"tool_choice": "auto"},
    {"stop": ["a", "b", "c", "d", "e"]},
    {"temperature": 2.5},
    {"top_k": 3},
    {"response_format": {"type": "json_object"}},
]
HI = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
USED = {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "get", "input": {}}]}
RESULT = {"type": "tool_result", "tool_use_id": "1", "content": "x"}
BAD_TURNS = [
    {"messages": [{"role": "assistant", "content": HI["content"]}, HI]},
    {"messages": [HI, HI]},
    {"messages": [HI, {"role": "assistant", "content": HI["content"]}]},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]},
    {"messages": [HI, USED, HI]},
    {"messages": [HI, USED, {"role": "user", "content": [*HI["content"], RESULT]}]},
    {"messages": [{"role": "user", "content": [RESULT]}]},
    {"messages": [HI, USED, {"role": "user", "content": [RESULT]}]},
    {"messages": [HI], "tools": [{"name": "a.b", "input_schema": {"type": "object", "properties": {}}}]},
    {"messages": [HI], "stop_sequences": [" "]},
    {"messages": [HI], "temperature": 1},
    {"messages": [HI], "tool_choice": {"type": "auto"}},
    {"messages": [HI], "top_k": None},
]


@pytest.mark.parametrize("bad", BAD_CHATS)
def test_the_double_of_openai_is_strict(bad: dict[str, Any]) -> None:
    """Each broken rule is a 400, and the same body without it is fine."""
    good: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert strict_openai()(good).text == "fine"
    with pytest.raises(web.HTTPBadRequest):
        strict_openai()(good | bad)


@pytest.mark.parametrize("bad", BAD_TURNS)
def test_the_double_of_anthropic_is_strict(bad: dict[str, Any]) -> None:
    """Each broken rule is a 400, and the same body without it is fine."""
    good = {"model": "m", "max_tokens": 5, "messages": [HI]}
    assert strict_anthropic()(good).text == "fine"
    with pytest.raises(web.HTTPBadRequest):
        strict_anthropic()(good | bad)
