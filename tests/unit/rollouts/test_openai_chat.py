from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessageParam
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter

from rollouts.projections.openai_chat import from_openai, losses, messages_from_openai, to_openai
from rollouts.types import (
    Media,
    Message,
    NamedTool,
    Parameters,
    Reasoning,
    Text,
    ToolCall,
    ToolDefinition,
    ToolResult,
)

MESSAGE: TypeAdapter[Any] = TypeAdapter(ChatCompletionMessageParam)
BODY: TypeAdapter[Any] = TypeAdapter(CompletionCreateParamsNonStreaming)

said = st.text(min_size=1, max_size=20).filter(str.strip)
texts = st.builds(Text, content=said)
base64 = st.from_regex(r"[A-Za-z0-9+/]{4,12}", fullmatch=True)
images = st.builds(
    Media, type=st.just("blob"), modality=st.just("image"), content=base64, mime_type=st.sampled_from(["image/png"])
)
addresses = st.builds(
    Media, type=st.just("uri"), modality=st.just("image"), content=said.map(lambda text: f"https://x/{text}")
)
sounds = st.builds(
    Media,
    type=st.just("blob"),
    modality=st.just("audio"),
    content=base64,
    mime_type=st.sampled_from(["audio/wav", "audio/mpeg"]),
)
documents = st.builds(
    Media,
    type=st.just("blob"),
    modality=st.just("document"),
    content=base64,
    mime_type=st.just("application/pdf"),
)
handles = st.builds(Media, type=st.just("file"), modality=st.just("document"), content=said)
names = st.none() | st.from_regex(r"[a-z_]{1,9}", fullmatch=True)
calls = st.builds(ToolCall, id=st.just(""), name=said, arguments=st.text(max_size=20))


def several(parts: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw up to `most` of them."""
    return st.lists(parts, max_size=most).map(tuple)


def numbered(messages: list[Message]) -> tuple[Message, ...]:
    """Give every call an id of its own."""
    count = iter(range(1_000))
    return tuple(
        message.model_copy(
            update={
                "parts": tuple(
                    part.model_copy(update={"id": f"id-{next(count)}"}) if isinstance(part, ToolCall) else part
                    for part in message.parts
                )
            }
        )
        for message in messages
    )


systems = st.builds(Message, role=st.just("system"), parts=several(texts, 2), name=names)
users = st.builds(
    Message,
    role=st.just("user"),
    parts=several(texts | images | addresses | sounds | documents | handles, 3),
    name=names,
)
assistants = st.builds(
    lambda spoken, called, name: Message(role="assistant", parts=(*spoken, *called), name=name),
    several(texts, 2),
    several(calls, 2),
    names,
)
results = st.builds(
    lambda name, response: Message(role="tool", parts=(ToolResult(id=name, response=response),)),
    st.from_regex(r"id-[0-9]", fullmatch=True),
    st.text(max_size=20),
)
histories = st.lists(systems | users | assistants | results, max_size=6).map(numbered)


def exhausted(value: Any) -> Any:
    """Make pydantic look into every lazily checked list."""
    if isinstance(value, dict):
        return {key: exhausted(inner) for key, inner in value.items()}
    return value if isinstance(value, str | bytes) or not hasattr(value, "__iter__") else [exhausted(v) for v in value]


@given(histories)
def test_what_chat_can_hold_comes_back_unchanged(messages: tuple[Message, ...]) -> None:
    """Writing messages as chat and reading them back gives the same messages, and nothing is named as lost."""
    assert messages_from_openai(to_openai(messages)["messages"]) == messages
    assert losses(messages) == ()


@given(histories)
def test_every_message_is_one_the_sdk_accepts(messages: tuple[Message, ...]) -> None:
    """The SDK's own types agree with each message."""
    for message in to_openai(messages)["messages"]:
        exhausted(MESSAGE.validate_python(message))


def test_all_parameters_are_carried_over() -> None:
    """Every parameter has its name in the body, and the SDK's types agree."""
    tool = ToolDefinition(name="get", description="Gets.", parameters={"type": "object", "default": None}, strict=True)
    asked = Parameters(
        temperature=0.2,
        top_p=0.9,
        max_tokens=100,
        stop=("END",),
        seed=7,
        presence_penalty=0.1,
        frequency_penalty=0.3,
        tool_choice=NamedTool(name="get"),
        parallel_tool_calls=False,
        response_format={"type": "json_object"},
        reasoning_effort="low",
    )
    body = to_openai([Message(role="user", parts=(Text(content="hey"),))], [tool], asked)
    exhausted(BODY.validate_python({"model": "m", **body}))
    assert body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "get",
                "description": "Gets.",
                "parameters": {"type": "object", "default": None},
                "strict": True,
            },
        }
    ]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "get"}}
    assert (body["max_completion_tokens"], body["stop"], body["parallel_tool_calls"]) == (100, ["END"], False)
    assert {"temperature", "top_p", "seed", "presence_penalty", "response_format", "reasoning_effort"} < set(body)


def test_without_tools_nothing_is_said_about_them() -> None:
    """OpenAI refuses a tool choice without tools, so none is sent; nor is anything that nobody asked for."""
    asked = Parameters(tool_choice="auto", parallel_tool_calls=True, max_tokens=5)
    body = to_openai([Message(role="user", parts=(Text(content="hey"),))], (), asked, max_tokens_key="max_tokens")
    assert body == {"messages": [{"role": "user", "content": "hey"}], "max_tokens": 5}


def test_an_answer_of_tool_calls_has_no_content() -> None:
    """An assistant that only calls tools says null; arguments go as they were written, broken or not."""
    message = Message(role="assistant", parts=(ToolCall(id="1", name="f", arguments='{"a": '),))
    [wire] = to_openai([message])["messages"]
    assert wire["content"] is None
    assert wire["tool_calls"][0]["function"]["arguments"] == '{"a": '


def test_the_system_prompt_stays_where_it_was() -> None:
    """Messages keep their order, a later system message too, and reasoning is not sent."""
    messages = [
        Message(role="user", parts=(Text(content="a"),)),
        Message(role="assistant", parts=(Reasoning(content="hm", signature="s"), Text(content="b"))),
        Message(role="system", parts=(Text(content="c"),)),
    ]
    wires = to_openai(messages)["messages"]
    assert [(wire["role"], wire["content"]) for wire in wires] == [("user", "a"), ("assistant", "b"), ("system", "c")]


def test_several_results_become_several_messages() -> None:
    """Chat wants one message per result."""
    message = Message(role="tool", parts=(ToolResult(id="1", response="a"), ToolResult(id="2", response="b")))
    assert [wire["tool_call_id"] for wire in to_openai([message])["messages"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("message", "loss"),
    [
        (
            Message(role="user", parts=(Media(type="uri", modality="video", content="https://x"),)),
            "video by uri in a message of user",
        ),
        (
            Message(role="user", parts=(Media(type="blob", modality="audio", content="A", mime_type="audio/ogg"),)),
            "audio by blob in a message of user",
        ),
        (
            Message(role="assistant", parts=(Media(type="uri", modality="image", content="https://x"),)),
            "image by uri in a message of assistant",
        ),
        (
            Message(
                role="tool",
                parts=(
                    ToolResult(id="1", response="", media=(Media(type="uri", modality="image", content="https://x"),)),
                ),
            ),
            "image in a tool result",
        ),
        (
            Message(role="tool", parts=(ToolResult(id="1", response="no", is_error=True),)),
            "the mark of a failed tool",
        ),
        (
            Message(role="assistant", parts=(ToolCall(id="1", name="f", arguments="{}"), Text(content="done"))),
            "the place of a text after a tool call",
        ),
        (Message(role="user", parts=(Text(content="hey"),), name="Kim Doe"), "the names of speakers"),
    ],
)
def test_what_is_left_behind_is_named(message: Message, loss: str) -> None:
    """Nothing is left out without a word, and what remains is still a message the SDK accepts."""
    assert losses([message, message]) == (loss,)
    for wire in to_openai([message])["messages"]:
        exhausted(MESSAGE.validate_python(wire))


def test_long_ids_are_shortened_on_both_sides() -> None:
    """OpenAI refuses ids above 40 characters."""
    messages = [
        Message(role="assistant", parts=(ToolCall(id="x" * 41, name="f", arguments="{}"),)),
        Message(role="tool", parts=(ToolResult(id="x" * 41, response="y"),)),
    ]
    asked, answered = to_openai(messages)["messages"]
    assert asked["tool_calls"][0]["id"] == answered["tool_call_id"] == "call00001"


@pytest.mark.parametrize(
    ("wire", "parts"),
    [
        ({"role": "assistant", "content": None, "refusal": "I will not."}, (Text(content="I will not."),)),
        ({"role": "assistant", "content": " \n"}, ()),
        (
            {"role": "assistant", "content": "b", "reasoning_content": "a"},
            (Reasoning(content="a"), Text(content="b")),
        ),
        ({"role": "assistant", "content": "b", "reasoning": "a"}, (Reasoning(content="a"), Text(content="b"))),
        (
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "a"}]},
                    {"type": "text", "text": "b"},
                ],
            },
            (Reasoning(content="a"), Text(content="b")),
        ),
        (
            {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
            (ToolCall(id="call_0", name="f", arguments='{"a":1}'),),
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "1", "type": "custom", "custom": {"name": "f", "input": "x"}}]},
            (ToolCall(id="1", name="f", arguments="x"),),
        ),
        ({"role": "developer", "content": "a"}, (Text(content="a"),)),
        (
            {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "a"}]},
            (ToolResult(id="1", response="a"),),
        ),
    ],
)
def test_what_servers_really_send_is_read(wire: dict[str, Any], parts: tuple[Any, ...]) -> None:
    """Refusals, thoughts under either name, Mistral's lists, and calls with objects or without ids are understood."""
    assert from_openai(wire).parts == parts
