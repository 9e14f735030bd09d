"""Chat as Ollama, Koog, Dify, Haystack and Open WebUI spell it, and as OpenAI once did."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import settings

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.formats.repairs import Repair
from connector.traces import Call
from connector.types import Fate
from rollouts.types import Media, Message, Reasoning, ToolResult
from tests.logged import assistant, generation, result, user

quick = settings(max_examples=150, deadline=None)
HEY = [user("hey")]


def read(asked: Any, answered: Any = "hello", kind: str = "openai_chat", **more: Any) -> Call:
    """Read a call that must be of that kind."""
    call = read_call(generation(asked, answered, **more))
    assert call.format == kind
    return call


def reason(asked: Any, answered: Any = "hello", **more: Any) -> tuple[Fate, str]:
    """Return why a call gives no turn."""
    with pytest.raises(Unusable) as caught:
        read_call(generation(asked, answered, **more))
    return caught.value.fate, caught.value.reason


def answer(call: Call) -> Message:
    """Return the answer's message."""
    assert call.answer is not None
    return call.answer.message


def test_dify_shows_files() -> None:
    """A picture beside the text is part of what was said."""
    files = [{"type": "image", "remote_url": "https://example.com/a.png"}]
    call = read([{"role": "user", "text": "hey", "files": files}], {"text": "hello"}, "dify")
    assert call.messages[0].parts[1] == Media(type="uri", modality="image", content="https://example.com/a.png")


@pytest.mark.parametrize("name", ["suggested_question", "generate_conversation_name"])
def test_what_dify_asks_for_itself_is_no_turn(name: str) -> None:
    """Suggested questions and titles are left out, by name."""
    assert reason(HEY, name=name) == (Fate.FILTERED, "what Dify asks for itself")


def test_haystack_replies_are_alternatives() -> None:
    """The first reply is the answer, whatever its role; parameters are inside `generation_kwargs`."""
    asked = {"messages": HEY, "generation_kwargs": {"n": 2, "temperature": 0.7}}
    for replies in (["hello", "hi"], [user("hello"), assistant("hi")]):
        call = read(asked, replies, "haystack")
        assert answer(call).text == "hello"
        assert call.parameters.temperature == 0.7
        assert Repair.ALTERNATIVES in call.repairs
    assert Repair.ROLE in call.repairs


def test_open_webui_logs_the_answer_in_the_input() -> None:
    """Without an output the last message is the answer, and that is said; elsewhere it stays in the history."""
    messages = [*HEY, assistant("hello")]
    call = read(messages, None, "open_webui", metadata={"interface": "open-webui", "type": "llm_response"})
    assert (len(call.messages), answer(call).text) == (1, "hello")
    assert call.repairs == (Repair.ANSWER_IN_INPUT,)
    assert read(messages, None).answer is None
    task = {"interface": "open-webui", "type": "title_generation"}
    assert reason(HEY, metadata=task) == (Fate.FILTERED, "what Open WebUI asks for itself")


def test_ollama_images_and_thoughts() -> None:
    """Pictures are base64 beside the text; the API for single prompts has its own keys."""
    asked = {
        "model": "m",
        "prompt": "hey",
        "system": "s",
        "images": ["iVBORw0KGgoAAAANSUhEUg=="],
        "options": {"seed": 7},
    }
    call = read(asked, {"response": "hello", "thinking": "hm", "done": True}, "ollama")
    assert [message.role for message in call.messages] == ["system", "user"]
    assert call.messages[1].parts[1].type == "blob"
    assert answer(call).parts[0] == Reasoning(content="hm")
    assert call.parameters.seed == 7


@pytest.mark.parametrize(
    ("asked", "repair"),
    [
        ([HEY], Repair.NESTED),
        ({"messages": json.dumps(HEY)}, Repair.JSON_IN_TEXT),
        ([json.dumps(HEY[0])], Repair.JSON_IN_TEXT),
        ([*HEY, None], Repair.NULLS),
        ([{"type": "placeholder", "name": "history"}, *HEY], Repair.PLACEHOLDERS),
    ],
)
def test_flaws_are_mended_and_named(asked: Any, repair: Repair) -> None:
    """Lists in lists, JSON in text, nulls and placeholders: the same history, and a word about it."""
    call = read(asked)
    assert [message.text for message in call.messages] == ["hey"]
    assert call.repairs == (repair,)


def test_alternatives_are_named() -> None:
    """With n > 1 the first is the answer."""
    for out in ({"choices": [{"message": assistant(t)} for t in "ab"]}, [assistant("a"), assistant("b")]):
        call = read(HEY, out)
        assert (answer(call).text, call.repairs) == ("a", (Repair.ALTERNATIVES,))


def test_chunks_of_a_stream_are_put_together() -> None:
    """Raw chunks make up one message, parallel calls by their index."""
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": "he"},
        {"content": "llo"},
        {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"a"'}}]},
        {"tool_calls": [{"index": 1, "id": "d", "function": {"name": "g", "arguments": "{}"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]},
    ]
    chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    call = read(
        HEY, [*chunks, {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}, {"choices": []}]
    )
    assert answer(call).text == "hello"
    assert [(c.id, c.name, c.arguments) for c in answer(call).tool_calls] == [("c", "f", '{"a":1}'), ("d", "g", "{}")]
    assert (call.answer and call.answer.finish_reason, call.repairs) == ("tool_calls", (Repair.STREAM,))


def test_calls_that_a_logger_ran_together_are_refused() -> None:
    """`{…}{…}` under one name has lost the other names; broken JSON is the model's own and stays."""
    for arguments, fine in (('{"a": 1}{"b": 2}', False), ('{"a": "}{"}', True), ('{"a": 1', True)):
        out = {"tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}
        if fine:
            assert answer(read(HEY, out)).tool_calls[0].arguments == arguments
        else:
            assert reason(HEY, out) == (Fate.UNREADABLE, "parallel tool calls that its logger ran together")


def test_doubled_ids_are_told_apart() -> None:
    """Where an id is the tool's name, each result still answers its own call."""
    turn = [assistant(None, ("f", "f", "{}")), result("f", "found")]
    call = read([*HEY, *turn, *turn])
    called = [c.id for m in call.messages for c in m.tool_calls]
    assert called == [p.id for m in call.messages for p in m.parts if isinstance(p, ToolResult)] == ["f", "call_0"]
    assert call.repairs == (Repair.CALL_IDS,)


def test_a_tool_may_answer_with_a_table_or_a_picture() -> None:
    """Tables become JSON; a picture in a result is kept with it."""
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    asked = [*HEY, assistant(None, ("c", "f", "{}"), ("d", "f", "{}")), result("c", ""), result("d", "")]
    asked[2]["content"], asked[3]["content"] = {"t": 22}, [{"type": "text", "text": "see"}, picture]
    [table], [shown] = (message.parts for message in read(asked).messages[2:])
    assert table == ToolResult(id="c", response='{"t":22}')
    assert isinstance(shown, ToolResult)
    assert (shown.response, len(shown.media)) == ("see", 1)


@pytest.mark.parametrize(
    ("part", "modality", "mime"),
    [
        ({"type": "image_url", "image_url": {"url": "%s"}}, "image", "image/png"),
        ({"type": "input_audio", "input_audio": {"data": "%s", "format": "wav"}}, "audio", "audio/wav"),
        ({"type": "file", "file": {"filename": "a", "file_data": "%s"}}, "document", "application/pdf"),
        ({"type": "text", "text": "%s"}, "image", "image/png"),
    ],
)
def test_langfuse_tokens_stand_for_their_files(part: Any, modality: str, mime: str) -> None:
    """A token is an address with its type, wherever it was put, and never bytes of base64."""
    token = f"@@@langfuseMedia:type={mime}|id=cc48-1|source=base64_data_uri@@@"
    content = json.loads(json.dumps(part).replace("%s", token))
    [found] = read([{"role": "user", "content": [content]}]).messages[0].parts
    assert found == Media(type="uri", modality=modality, content=token, mime_type=mime)


def test_mistral_thinks_in_a_list_and_vapi_spells_in_camel_case() -> None:
    """Mistral's thoughts are reasoning, VAPI's `toolCalls` are calls."""
    blocks = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "hello"}]
    assert [p.type for p in answer(read(HEY, {"role": "assistant", "content": blocks})).parts] == ["reasoning", "text"]
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    asked = [*HEY, {"role": "assistant", "toolCalls": calls}, {"role": "tool", "toolCallId": "c", "content": "found"}]
    messages = read({"messages": asked}).messages
    assert (messages[1].tool_calls[0].name, messages[2].parts) == ("f", (ToolResult(id="c", response="found"),))


@pytest.mark.parametrize("said", ["length", "max_tokens", "MAX_TOKENS"])
def test_a_cut_answer_is_known_in_any_providers_words(said: str) -> None:
    """Gateways pass on what their provider called it; a baseline that was cut off must be seen as such."""
    answer = read(HEY, {"choices": [{"message": assistant("hel"), "finish_reason": said}]}).answer
    assert answer is not None
    assert answer.truncated
