"""Calls of the Responses API, in all the ways in which they are logged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.formats.repairs import Repair
from connector.traces import Call
from connector.types import Fate
from rollouts.types import Media, NamedTool, Reasoning, Text, ToolResult
from tests.dialogues import Dialogue, dialogues
from tests.logged import generation, user
from tests.writers.responses import items

quick = settings(max_examples=150, deadline=None)

HEY = [user("hey")]
HELLO = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]}
TOOL = {"type": "function", "name": "look_up", "parameters": {"type": "object"}, "strict": True}
CALL = {"type": "function_call", "call_id": "c", "name": "look_up", "arguments": "{}"}


def read(asked: Any, answered: Any = HELLO, **more: Any) -> Call:
    """Read a call that must be one of the Responses API."""
    call = read_call(generation(asked, answered, **more))
    assert call.format == "openai_responses"
    return call


def answer(call: Call) -> Any:
    """Return the answer's message."""
    assert call.answer is not None
    return call.answer.message


@quick
@given(dialogues())
def test_a_conversation_comes_back(messages: Dialogue) -> None:
    """Items in a body, a bare list or text; one item, a list or a whole response out: the same turns."""
    asked, answered = items(messages[:-1]), items(messages[-1:])
    for body in ({"input": asked, "tools": [TOOL]}, asked, json.dumps({"input": asked})):
        for out in (answered, {"object": "response", "output": answered}, json.dumps(answered)):
            call = read(body, out)
            assert (*call.messages, answer(call)) == messages
    if len(answered) == 1:
        assert answer(read(asked, answered[0])) == messages[-1]


def test_pieces_of_one_response_are_one_message() -> None:
    """Reasoning, words and parallel calls of one response are a single turn, in a history and as an answer."""
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gAA"}
    pieces = [thought, HELLO, CALL, {**CALL, "call_id": "d"}]
    results = [{"type": "function_call_output", "call_id": c, "output": "found"} for c in ("c", "d")]
    call = read([*HEY, *pieces, *results], [thought, HELLO])
    assert [message.role for message in call.messages] == ["user", "assistant", "tool", "tool"]
    assert [part.type for part in call.messages[1].parts] == ["reasoning", "text", "tool_call", "tool_call"]
    assert answer(call).parts == (Reasoning(content="hm", signature="gAA"), Text(content="hello"))


def test_two_messages_in_a_row_are_two_turns() -> None:
    """Nothing but pieces of one response is put together."""
    call = read([*HEY, HELLO, HELLO, *HEY])
    assert [message.role for message in call.messages] == ["user", "assistant", "assistant", "user"]


def test_the_whole_response_tells_what_the_input_leaves_out() -> None:
    """The Agents SDK logs the user's words alone; instructions, tools and parameters are in the response."""
    response = {
        "object": "response",
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "instructions": "Be kind.",
        "tools": [TOOL],
        "tool_choice": {"type": "function", "name": "look_up"},
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "output": [HELLO],
    }
    for output in (response, [{"type": "response.created"}, {"type": "response.completed", "response": response}]):
        call = read(HEY, output)
        assert [message.text for message in call.messages] == ["Be kind.", "hey"]
        assert [tool.name for tool in call.tools] == ["look_up"]
        assert call.parameters.tool_choice == NamedTool(name="look_up")
        assert call.parameters.reasoning_effort == "low"
        form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
        assert call.parameters.response_format == form
        assert call.answer is not None
        assert call.answer.finish_reason == "length"


def test_instructions_beside_bare_text() -> None:
    """The JavaScript wrapper logs the input alone, and instructions as metadata; the answer is text."""
    call = read("hey", "hello", metadata={"instructions": "Be kind."})
    assert [(message.role, message.text) for message in call.messages] == [("system", "Be kind."), ("user", "hey")]
    assert answer(call).text == "hello"


def test_a_delta_is_read_as_it_is() -> None:
    """What the server's state held is not made up: a lone result stays a lone result."""
    call = read({"input": [{"type": "function_call_output", "call_id": "c", "output": "found"}]})
    assert [message.parts for message in call.messages] == [(ToolResult(id="c", response="found"),)]


def test_litellm_writes_chat_in_and_items_out() -> None:
    """`langfuse_otel` writes arguments as tables, the response's id as `id`, and null for custom tools."""
    out = [
        {"id": "chatcmpl-1", "name": "look_up", "call_id": "c", "type": "function_call", "arguments": {"a": 1}},
        None,
    ]
    call = read(HEY, out)
    [tool_call] = answer(call).tool_calls
    assert (tool_call.id, tool_call.name, tool_call.arguments) == ("c", "look_up", '{"a":1}')
    assert call.repairs == (Repair.ARGUMENTS,)


def test_what_its_provider_runs_is_named() -> None:
    """A web search is neither a call of ours nor lost in silence."""
    searched = {"type": "web_search_call", "id": "ws", "status": "completed", "action": {}}
    call = read({"input": "hey", "tools": [TOOL, {"type": "web_search_preview"}]}, [searched, HELLO])
    assert (answer(call).tool_calls, [tool.name for tool in call.tools]) == ((), ["look_up"])
    assert call.repairs == (Repair.PROVIDER_TOOLS,)


def test_images_and_files() -> None:
    """Images by address and by handle, files by value, and pictures that a tool returns."""
    shown = [
        {"type": "input_image", "image_url": "https://example.com/a.png"},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"},
    ]
    returned = {"type": "function_call_output", "call_id": "c", "output": shown[:1]}
    call = read([{"role": "user", "content": shown}, CALL, returned])
    assert [part.type for part in call.messages[0].parts] == ["uri", "file", "blob"]
    picture = Media(type="uri", modality="image", content="https://example.com/a.png")
    assert call.messages[2].parts == (ToolResult(id="c", response="", media=(picture,)),)


@pytest.mark.parametrize(
    ("asked", "answered", "fate", "why"),
    [
        (
            [{"type": "item_reference", "id": "msg_1"}, *HEY],
            HELLO,
            "unreadable",
            "a part of its history is with its provider",
        ),
        (
            [{"type": "computer_call", "call_id": "c"}],
            HELLO,
            "unreplayable",
            "it uses tools that only its provider offers",
        ),
        (HEY, [HELLO, {"type": "hologram"}], "unreadable", "an item of an unknown type"),
        (HEY, {"object": "response", "output": [], "error": {"code": 1}}, "failed", "the call ended in an error"),
    ],
)
def test_what_cannot_be_read_says_why(asked: Any, answered: Any, fate: str, why: str) -> None:
    """Items whose content lies elsewhere, and items that nobody knows, have their own reasons."""
    with pytest.raises(Unusable) as caught:
        read(asked, answered)
    assert (caught.value.fate, caught.value.reason) == (Fate(fate), why)
