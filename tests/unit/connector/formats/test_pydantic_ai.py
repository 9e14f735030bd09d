"""PydanticAI's messages come back, results in the user's messages included."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from connector.formats.detect import read_call
from connector.formats.repairs import Repair
from rollouts.types import Message, Text
from tests.dialogues import answer_of, dialogues, logged, quick, reread
from tests.writers.parts import pydantic_ai as written

REQUEST = {
    "function_tools": [{"name": "search", "parameters_json_schema": {"type": "object"}, "description": "Find"}],
    "output_tools": [{"name": "final_result", "parameters_json_schema": {"type": "object"}, "strict": True}],
    "output_mode": "tool",
    "allow_text_output": False,
}
USER = {"role": "user", "parts": [{"type": "text", "content": "Rate it."}]}


@quick
@given(dialogues())
def test_results_in_the_users_message_come_back(messages: tuple[Message, ...]) -> None:
    """A user's message that mixes words and results is split, in the order written."""
    assert reread(written(messages)) == ("pydantic_ai", messages)


@pytest.mark.parametrize("request_", [REQUEST, json.dumps(REQUEST)])
def test_output_tools_are_offered_and_forced(request_: Any) -> None:
    """Function tools and output tools are in the request's parameters; without text the model must call one."""
    call = read_call(
        logged(
            [USER],
            [USER | {"role": "assistant"}],
            scope="pydantic-ai",
            attributes={"model_request_parameters": request_},
        )
    )
    assert [tool.name for tool in call.tools] == ["search", "final_result"]
    assert call.tools[1].strict is True
    assert call.parameters.tool_choice == "required"


def test_native_output_is_a_response_format() -> None:
    """Where the model itself is asked for a schema, a challenger is asked for the same."""
    shape = {"json_schema": {"type": "object"}, "name": None, "strict": True}
    request = {"function_tools": [], "output_mode": "native", "output_object": shape, "allow_text_output": True}
    call = read_call(
        logged(
            [USER],
            [USER | {"role": "assistant"}],
            scope="pydantic-ai",
            attributes={"model_request_parameters": request},
        )
    )
    assert call.parameters.response_format == {
        "type": "json_schema",
        "json_schema": {"name": "final_result", "schema": {"type": "object"}, "strict": True},
    }


@pytest.mark.parametrize(
    "trailing", [[], [{"type": "tool_call_response", "id": "c", "result": "Final result processed."}]]
)
def test_all_messages_end_with_the_answer(trailing: list[dict[str, Any]]) -> None:
    """An agent's own span logs its answer twice, as the last message and as its result: one turn."""
    final = {"type": "tool_call", "id": "c", "name": "final_result", "arguments": {"quality": "good", "n": 1}}
    asked = [
        USER,
        {"role": "assistant", "parts": [final]},
        *([{"role": "user", "parts": trailing}] if trailing else []),
    ]
    call = read_call(logged(asked, {"n": 1, "quality": "good"}, scope="pydantic-ai"))
    assert [message.role for message in call.messages] == ["user"]
    assert [made.name for made in answer_of(call).tool_calls] == ["final_result"]
    assert Repair.ANSWER_IN_INPUT in call.repairs


def test_a_text_result_is_found_too() -> None:
    """The same where the result is text."""
    said = {"role": "assistant", "parts": [{"type": "text", "content": "Four."}]}
    call = read_call(logged([USER, said], "Four.", scope="pydantic-ai"))
    assert [message.role for message in call.messages] == ["user"]
    assert answer_of(call).parts == (Text(content="Four."),)


def test_builtin_tools_are_the_providers() -> None:
    """Calls and results inside one assistant's message were run by the provider."""
    parts = [{"type": "tool_call", "id": "a", "name": "web", "builtin": True, "arguments": {}},
             {"type": "tool_call_response", "id": "a", "name": "web", "builtin": True, "result": {}},
             {"type": "text", "content": "Sunny."}]  # fmt: skip
    call = read_call(logged([USER], [{"role": "assistant", "parts": parts}], scope="pydantic-ai"))
    assert answer_of(call).parts == (Text(content="Sunny."),)
    assert Repair.PROVIDER_TOOLS in call.repairs


def test_arguments_that_are_not_json_stay_as_they_are() -> None:
    """What the model wrote is kept, for it may be the flaw that matters."""
    bad = {"type": "tool_call", "id": "a", "name": "f", "arguments": "args1"}
    call = read_call(logged([USER], [{"role": "assistant", "parts": [bad]}], scope="pydantic-ai"))
    assert answer_of(call).tool_calls[0].arguments == "args1"
