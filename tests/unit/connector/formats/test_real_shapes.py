"""Shapes that SDKs and loggers really produce and no sample shows, each with the conversation that it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.formats.detect import read_call
from connector.formats.repairs import Repair
from connector.traces import Call
from tests.logged import generation, result, user

HEY = [user("hey")]
LOOK = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
FUNCTION = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def spoken(name: str) -> dict[str, Any]:
    """Return LangChain's message of one tool call."""
    return {"type": "ai", "content": "", "tool_calls": [{"name": name, "args": {}, "id": "c1", "type": "tool_call"}]}


def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    """Return one chunk of a stream."""
    return {"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def shown(call: Call) -> list[str]:
    """Return a conversation, a line for each message."""
    messages = [*call.messages, *([call.answer.message] if call.answer else [])]
    return [f"{message.role}: {' '.join(map(_part, message.parts))}" for message in messages]


def _part(part: Any) -> str:
    match part.type:
        case "text":
            return str(part.content)
        case "reasoning":
            return f"<{part.content}>"
        case "tool_call":
            return f"{part.name}({part.arguments})#{part.id}"
        case "tool_call_response":
            return f"#{part.id}={part.response}{'!' if part.is_error else ''}"
    return f"[{part.modality} {part.type}]"


SHAPES: dict[str, tuple[Any, Any, list[str]]] = {
    "openai_chat: a refusal": (
        HEY,
        {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": None, "refusal": "No."}}]},
        ["user: hey", "assistant: No."],
    ),
    "openai_chat: Mistral's stream": (
        HEY,
        [{"data": chunk({"content": "he"})}, {"data": chunk({"content": "llo"}, "stop")}],
        ["user: hey", "assistant: hello"],
    ),
    "openai_chat: images as chat templates have them, between parallel calls": (
        [
            {"role": "user", "content": [{"type": "image", "image": "https://example.com/a"}]},
            {"role": "assistant", "content": "", "tool_calls": [LOOK, {**LOOK, "id": "c2"}]},
            result("c2", "two"),
            result("c1", "one"),
        ],
        "both",
        [
            "user: [image uri]",
            "assistant: look({})#c1 look({})#c2",
            "tool: #c2=two",
            "tool: #c1=one",
            "assistant: both",
        ],
    ),
    "openai_chat: what Mastra and the AI SDK's functions return": (
        {"messages": HEY},
        {"text": "", "finishReason": "tool-calls", "toolCalls": [{"toolCallId": "c", "toolName": "look", "args": {}}]},
        ["user: hey", "assistant: look({})#c"],
    ),
    "openai_chat: calls in text": (
        HEY,
        {"role": "assistant", "content": "", "tool_calls": json.dumps([LOOK])},
        ["user: hey", "assistant: look({})#c1"],
    ),
    "langchain: an argument of a decorated function": (
        {"args": [], "kwargs": {"input": {"messages": [{"type": "human", "content": "hey"}]}}},
        {"messages": [{"type": "human", "content": "hey"}, {"type": "ai", "content": "hello"}]},
        ["user: hey", "assistant: hello"],
    ),
    "langchain: a graph's command": (
        {"messages": [{"type": "human", "content": "hey"}]},
        {"lg_name": "Command", "update": {"messages": [{"type": "ai", "content": "hello"}]}, "goto": "next"},
        ["user: hey", "assistant: hello"],
    ),
    "langchain: tuples": (
        {"messages": [["user", "hey"], ["ai", "yes?"], ["human", "look"]]},
        spoken("look"),
        ["user: hey", "assistant: yes?", "user: look", "assistant: look({})#c1"],
    ),
    "vercel_ai: its first user interface": (
        [
            {
                "role": "assistant",
                "content": "",
                "parts": [
                    {
                        "type": "tool-invocation",
                        "toolInvocation": {
                            "state": "result",
                            "toolCallId": "c",
                            "toolName": "look",
                            "args": {"a": 1},
                            "result": {"b": 2},
                        },
                    },
                    {"type": "text", "text": "seen"},
                ],
            },
            {"role": "user", "parts": [{"type": "text", "text": "more"}]},
        ],
        "hello",
        ['assistant: look({"a":1})#c', 'tool: #c={"b":2}', "assistant: seen", "user: more", "assistant: hello"],
    ),
    "anthropic_messages: documents of text, and results of a search": (
        [
            {
                "role": "user",
                "content": [
                    {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}]}},
                    {"type": "search_result", "title": "b", "source": "x", "content": [{"type": "text", "text": "c"}]},
                ],
            }
        ],
        {"type": "message", "content": [{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "d"}]},
        ["user: a b\nc", "assistant: <> d"],
    ),
    "bedrock_converse: a stream": (
        [{"role": "user", "content": [{"text": "hey"}]}],
        [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}},
            {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "he"}}},
            {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "llo"}}},
            {"contentBlockStart": {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "c", "name": "look"}}}},
            {"contentBlockDelta": {"contentBlockIndex": 2, "delta": {"toolUse": {"input": "{}"}}}},
            {"messageStop": {"stopReason": "tool_use"}},
        ],
        ["user: hey", "assistant: <hm> hello look({})#c"],
    ),
    "ollama: a stream": (
        {"messages": HEY},
        [{"message": {"content": "he"}, "done": False}, {"message": {"content": "llo"}, "done": True}],
        ["user: hey", "assistant: hello"],
    ),
    "openai_responses: a marker where instructions would be": (
        {"input": "hey", "instructions": "<openai.NotGiven object at 0x2>"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]},
        ["user: hey", "assistant: hello"],
    ),
    "openinference: messages that the server put beside the tools": (
        {"messages": [{"message": {"role": "user", "content": "hey"}}], "tools": [FUNCTION]},
        [{"message": {"role": "assistant", "content": "hello"}}],
        ["user: hey", "assistant: hello"],
    ),
    "dspy: a prompt and its completions": (
        {"prompt": "hey", "messages": None, "kwargs": {"temperature": 0.5}},
        ["hello", "hi"],
        ["user: hey", "assistant: hello"],
    ),
    "dspy: a completion with thoughts": (
        {"prompt": None, "messages": HEY, "kwargs": {}},
        [{"text": "hello", "reasoning_content": "hm"}],
        ["user: hey", "assistant: <hm> hello"],
    ),
    "smolagents: calls and results as texts": (
        [
            *HEY,
            {"role": "tool-call", "content": [{"type": "text", "text": "Calling tools: []"}]},
            {"role": "tool-response", "content": [{"type": "text", "text": "Observation: 1"}]},
        ],
        {"role": "MessageRole.ASSISTANT", "content": "hello"},
        ["user: hey", "assistant: Calling tools: []", "user: Observation: 1", "assistant: hello"],
    ),
    "openai_chat: an answer that the history already holds": (
        [*HEY, {"role": "assistant", "content": "hello"}],
        {"role": "assistant", "content": "hello"},
        ["user: hey", "assistant: hello"],
    ),
    "plain_text: a question beside what was said before": (
        {"question": "and?", "history": [*HEY, {"role": "assistant", "content": "yes?"}]},
        {"answer": "hello"},
        ["user: hey", "assistant: yes?", "user: and?", "assistant: hello"],
    ),
    "plain_text: keys of many applications": (
        {"system_prompt": "Be kind.", "user_prompt": "hey"},
        "hello",
        ["system: Be kind.", "user: hey", "assistant: hello"],
    ),
}


@pytest.mark.parametrize("as_text", [False, True], ids=["parsed", "text"])
@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_the_conversation_that_it_is(name: str, *, as_text: bool) -> None:
    """By its format, in both forms of the interface."""
    asked, answered, lines = SHAPES[name]
    call = read_call(generation(*(_text(side) if as_text else side for side in (asked, answered))))
    assert (call.format, shown(call)) == (name.partition(":")[0], lines)


def _text(side: Any) -> str:
    return side if isinstance(side, str) else json.dumps(side)


@pytest.mark.parametrize(
    ("asked", "answered", "repair"),
    [
        (json.dumps(json.dumps(HEY)), "hello", Repair.TEXT_TWICE),
        ([*HEY, result("nobody's", "found"), *HEY], "hello", Repair.ORPHANS),
        ([{"role": "system", "content": ""}, *HEY], "hello", Repair.EMPTY),
        (
            HEY,
            {"role": "assistant", "tool_calls": [{**LOOK, "function": {"name": "look", "arguments": '"{}"'}}]},
            Repair.TWICE_ENCODED,
        ),
        ([*HEY, {"role": "assistant", "content": "hello"}], "hello", Repair.ANSWER_IN_INPUT),
        (HEY, [chunk({"content": "hello"}, "stop")], Repair.STREAM),
        ({"prompt": "hey", "messages": None, "kwargs": {}}, ["hello", "hi"], Repair.ALTERNATIVES),
    ],
)
def test_what_was_mended_is_named(asked: Any, answered: Any, repair: Repair) -> None:
    """Whoever logged it so."""
    assert repair in read_call(generation(asked, answered)).repairs


@pytest.mark.parametrize("number", [10**19, 12345678901234567890123, -(10**30)])
def test_long_numbers_are_not_rounded(number: int) -> None:
    """An id beyond 64 bits stays itself, in the text of a log and in the arguments of a call."""
    made = {"id": "c1", "function": {"name": "look", "arguments": {"id": number}}}
    call = read_call(
        generation(json.dumps([*HEY, {"role": "assistant", "tool_calls": [made]}, result("c1", "x")]), "y")
    )
    assert shown(call)[1] == f'assistant: look({{"id":{number}}})#c1'


def test_a_cut_emoji_is_a_question_mark() -> None:
    """Half of a surrogate pair, which no text can hold, costs one character and not the call."""
    call = read_call(generation(r'[{"role": "user", "content": "hey \ud83d"}]', "hello"))
    assert shown(call)[0] == "user: hey ?"


@pytest.mark.parametrize(
    "logged", ["\ud83d", {"role": "assistant", "content": "\ud83d"}, r"{'role': 'assistant', 'content': '\ud83d'}"]
)
def test_a_cut_emoji_can_be_kept_however_it_came(logged: object) -> None:
    """Half of a pair as it stands, in a table, or as Python writes it: the call can be written down all the same."""
    call = read_call(generation([*HEY], logged))
    assert call.answer is not None
    assert call.model_validate_json(call.model_dump_json()).answer == call.answer
