"""What lies beside a call's messages is added to them, once, and never instead of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.formats.detect import read_call
from rollouts.types import ToolDefinition
from tests.dialogues import logged

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
ASKED = [{"role": "user", "content": "Weather?"}]
WEATHER = ToolDefinition(name="weather", description="Tell it", parameters=SCHEMA)
FUNCTION = {"type": "function", "function": {"name": "weather", "description": "Tell it", "parameters": SCHEMA}}
FLAT = {"type": "function", **FUNCTION["function"]}  # type: ignore[dict-item]
SPEC = {"toolSpec": {"name": "weather", "description": "Tell it", "inputSchema": {"json": SCHEMA}}}


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.tool.definitions": [FLAT]},
        {"gen_ai.tool.definitions": json.dumps([FUNCTION])},
        {"llm.tools.0.tool.json_schema": json.dumps(FUNCTION)},
        {"llm.tools.0.tool.json_schema": SPEC},
        {
            "model_request_parameters": {
                "function_tools": [{**FLAT, "parameters": None, "parameters_json_schema": SCHEMA}]
            }
        },
        {"model_request_parameters.function_tools": json.dumps([FLAT])},
        {
            "llm.request.functions.0.name": "weather",
            "llm.request.functions.0.description": "Tell it",
            "llm.request.functions.0.input_schema": json.dumps(SCHEMA),
        },
        {"ai.prompt.tools": [json.dumps({**FLAT, "parameters": None, "inputSchema": SCHEMA})]},
        {"tools": [FLAT]},
    ],
    ids=str,
)
def test_tools_are_found_wherever_they_lie(attributes: dict[str, Any]) -> None:
    """Every convention's tools are the same tools."""
    assert read_call(logged(ASKED, "Sunny.", attributes=attributes)).tools == (WEATHER,)


def test_tools_keep_their_numbers_order() -> None:
    """Ten comes after nine."""
    many = {f"llm.request.functions.{n}.name": f"f{n}" for n in reversed(range(12))}
    assert [tool.name for tool in read_call(logged(ASKED, "x", attributes=many)).tools] == [f"f{n}" for n in range(12)]


def test_tools_of_the_input_come_first() -> None:
    """What the call itself says is not replaced."""
    own = {"messages": ASKED, "tools": [{"type": "function", "function": {"name": "own"}}]}
    assert [
        tool.name for tool in read_call(logged(own, "x", attributes={"gen_ai.tool.definitions": [FLAT]})).tools
    ] == ["own"]


@pytest.mark.parametrize(
    "said", ["Be kind.", [{"type": "text", "content": "Be kind."}], '[{"type":"text","content":"Be kind."}]']
)
def test_instructions_become_the_system_message(said: Any) -> None:
    """Text, parts, or parts as text."""
    call = read_call(logged(ASKED, "x", attributes={"gen_ai.system_instructions": said}))
    assert [(message.role, message.text) for message in call.messages] == [("system", "Be kind."), ("user", "Weather?")]


def test_instructions_join_a_system_message_once() -> None:
    """Beside another system message both are kept; the same words are not said twice."""
    asked = [{"role": "system", "content": "You are a bot."}, *ASKED]
    call = read_call(logged(asked, "x", attributes={"gen_ai.system_instructions": "Be kind."}))
    assert call.messages[0].text == "You are a bot.\nBe kind."
    again = read_call(logged(asked, "x", attributes={"gen_ai.system_instructions": "You are a bot."}))
    assert again.messages[0].text == "You are a bot."


def test_parameters_are_filled_in() -> None:
    """The observation's own parameters win over attributes; attributes win over nothing."""
    said = {"llm.invocation_parameters": json.dumps({"temperature": 0.7, "max_tokens": None, "stop": ["x"]}),
            "gen_ai.request.max_tokens": "-1", "gen_ai.request.top_p": "0.5"}  # fmt: skip
    parameters = read_call(logged(ASKED, "x", parameters={"temperature": 0.1}, attributes=said)).parameters
    assert (parameters.temperature, parameters.top_p, parameters.max_tokens) == (0.1, 0.5, None)
    assert parameters.stop == ("x",)
