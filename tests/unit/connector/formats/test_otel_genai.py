"""OpenTelemetry's GenAI messages come back as they were said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.formats.repairs import Repair
from rollouts.types import Media, Message, Reasoning, Text, ToolResult
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, thorough
from tests.writers.parts import genai as written

USER = {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]}


def answered(*parts: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """Return an output of one message."""
    return [{"role": "assistant", "parts": [*parts], **more}]


@quick
@given(dialogues())
def test_parts_come_back(messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(written(messages)) == ("otel_genai", messages)


@thorough
@given(dialogues(), st.data())
def test_damage_is_named(messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, written(messages))


def test_what_the_server_puts_in_front_is_read() -> None:
    """Newer servers prepend the system prompt as plain text and put tools beside the messages."""
    body = {
        "messages": [{"role": "system", "content": "Be brief."}, USER],
        "tools": [{"type": "function", "name": "f"}],
    }
    call = read_call(logged(body, answered({"type": "text", "content": "Fine."})))
    assert [message.role for message in call.messages] == ["system", "user"]
    assert [tool.name for tool in call.tools] == ["f"]


def test_answers_with_a_reason_each_are_alternatives() -> None:
    """Several answers, each with why it ended, are not several turns: the first counts, and it is said."""
    both = [*answered({"type": "text", "content": "one"}, finish_reason="stop"),
            *answered({"type": "text", "content": "two"}, finish_reason="length")]  # fmt: skip
    call = read_call(logged([USER], both))
    assert answer_of(call).text == "one"
    assert Repair.ALTERNATIVES in call.repairs


def test_one_response_in_pieces_is_one_answer() -> None:
    """Answers of which only the last says why it ended are pieces of one response."""
    asking = {"type": "tool_call", "id": "c", "name": "f", "arguments": {}}
    pieces = [*answered({"type": "text", "content": "Wait."}), *answered(asking, finish_reason="tool_call")]
    call = read_call(logged([USER], pieces))
    assert [each.type for each in answer_of(call).parts] == ["text", "tool_call"]
    assert call.answer is not None
    assert call.answer.finish_reason == "tool_calls"


def test_an_agents_loop_is_history_before_its_answer() -> None:
    """An output that repeats the input and goes on gives the new messages to the history."""
    call_ = {"role": "assistant", "parts": [{"type": "tool_call", "id": "c", "name": "f", "arguments": {}}]}
    result = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": {"a": 1}}]}
    call = read_call(logged([USER], [USER, call_, result, *answered({"type": "text", "content": "Done."})]))
    assert [message.role for message in call.messages] == ["user", "assistant", "tool"]
    assert call.messages[-1].parts == (ToolResult(id="c", response='{"a":1}'),)


def test_tools_of_the_provider_are_left_out_and_named() -> None:
    """A call that the provider ran itself is no call of ours."""
    ran = ({"type": "server_tool_call", "id": "s", "name": "web_search", "server_tool_call": {}},
           {"type": "server_tool_call_response", "id": "s", "server_tool_call_response": {}})  # fmt: skip
    call = read_call(logged([USER], answered(*ran, {"type": "text", "content": "Sunny."})))
    assert answer_of(call).parts == (Text(content="Sunny."),)
    assert Repair.PROVIDER_TOOLS in call.repairs


def test_ids_in_lists_and_doubled_ids() -> None:
    """A list of ids names the run and then the call; a framework may give all calls of a tool its name as id."""

    def ask(name: Any) -> dict[str, Any]:
        return {"role": "assistant", "parts": [{"type": "tool_call", "id": name, "name": "f", "arguments": {}}]}

    def tell(name: Any, text: str) -> dict[str, Any]:
        return {"role": "tool", "parts": [{"type": "tool_call_response", "id": name, "response": text}]}

    call = read_call(logged([USER, ask(["run", "c1"]), tell(["run", "c1"], "a"), ask("f"), tell("f", "b"), ask("f"),
                             tell("f", "c")], answered({"type": "text", "content": "x"})))  # fmt: skip
    asked = [each.id for message in call.messages for each in message.tool_calls]
    told = [each.id for message in call.messages for each in message.parts if isinstance(each, ToolResult)]
    assert asked == told
    assert len(set(asked)) == 3
    assert asked[0] == "c1"
    assert Repair.CALL_IDS in call.repairs


def test_a_result_without_its_call_is_named() -> None:
    """Providers refuse such a result, so it must be known."""
    orphan = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "gone", "response": "x"}]}
    assert Repair.ORPHANS in read_call(logged([USER, orphan], answered({"type": "text", "content": "x"}))).repairs


@pytest.mark.parametrize(
    ("wire", "read"),
    [
        ({"type": "uri", "modality": "image", "uri": "https://x/a"}, ("uri", "image")),
        ({"type": "uri", "mime_type": "application/pdf", "uri": "https://x/a"}, ("uri", "document")),
        ({"type": "blob", "mime_type": "audio/wav", "content": "AA=="}, ("blob", "audio")),
        ({"type": "file", "modality": "video", "file_id": "f1"}, ("file", "video")),
        ({"type": "image-url", "url": "https://x/a"}, ("uri", "image")),
        ({"type": "binary", "media_type": "image/png", "content": "AA=="}, ("blob", "image")),
    ],
)
def test_media_are_parts(wire: dict[str, Any], read: tuple[str, str]) -> None:
    """Media by address, by value and by handle, in the newer and the older spelling."""
    call = read_call(logged([{"role": "user", "parts": [wire]}], answered({"type": "text", "content": "x"})))
    found = call.messages[0].parts[0]
    assert isinstance(found, Media)
    assert (found.type, found.modality) == read


@pytest.mark.parametrize(
    "broken",
    [{"type": "text"}, {"type": "tool_call_response", "id": "c"}, {"type": "hologram", "content": "x"}],
    ids=["text without content", "result without content", "unknown"],
)
def test_what_cannot_be_read_has_a_reason(broken: dict[str, Any]) -> None:
    """Contents that were not logged, and parts nobody knows, end the reading."""
    with pytest.raises(Unusable):
        read_call(logged([{"role": "user", "parts": [broken]}], answered({"type": "text", "content": "x"})))


def test_dotnet_thoughts_and_prefills() -> None:
    """.NET names its own types; a history that ends with the assistant is never joined with the answer."""
    thought = {"type": "Microsoft.Extensions.AI.TextReasoningContent", "content": {"text": "hm", "protectedData": "x"}}
    told = {"role": "assistant", "parts": [thought, {"type": "text", "content": "Well"}]}
    call = read_call(logged([USER, told], answered({"type": "text", "content": "Done."})))
    assert call.messages[-1].parts == (Reasoning(content="hm"), Text(content="Well"))
    assert answer_of(call).text == "Done."
