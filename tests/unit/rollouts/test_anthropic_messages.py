import json
import re
from typing import Any

import pytest
from anthropic.types import MessageParam, ToolParam
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from rollouts.errors import Permanent
from rollouts.projections.anthropic_messages import from_anthropic, losses, messages_from_anthropic, to_anthropic
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

MESSAGE: TypeAdapter[Any] = TypeAdapter(MessageParam)
TOOL: TypeAdapter[Any] = TypeAdapter(ToolParam)
BODY: TypeAdapter[Any] = TypeAdapter(MessageCreateParamsNonStreaming)

HEY = Message(role="user", parts=(Text(content="hey"),))

said = st.text(min_size=1, max_size=20).filter(str.strip)
texts = st.builds(Text, content=said)
base64 = st.from_regex(r"[A-Za-z0-9+/]{4,12}", fullmatch=True)
kinds = st.sampled_from([("image", "image/png"), ("image", "image/webp"), ("document", "application/pdf")])
values = st.builds(
    lambda kind, data: Media(type="blob", modality=kind[0], content=data, mime_type=kind[1]), kinds, base64
)
others = st.builds(
    Media, type=st.sampled_from(["uri", "file"]), modality=st.sampled_from(["image", "document"]), content=said
)
media = values | others
numbers = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
arguments = st.dictionaries(st.text(max_size=5), json_values, max_size=3).map(
    lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
)
calls = st.builds(ToolCall, id=st.just(""), name=said, arguments=arguments)
results = st.builds(
    ToolResult,
    id=st.from_regex(r"id-[0-9]", fullmatch=True),
    response=st.just("") | said,
    media=st.lists(media, max_size=2).map(tuple),
    is_error=st.none() | st.booleans(),
).map(lambda result: Message(role="tool", parts=(result,)))


def spoken(role: Any, parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Message]:
    """Draw messages of one role."""
    return st.builds(Message, role=st.just(role), parts=st.lists(parts, min_size=1, max_size=3).map(tuple))


user_turns = st.tuples(st.lists(results, max_size=2), st.lists(spoken("user", texts | media), max_size=1)).map(
    lambda turn: [*turn[0], *turn[1]] or [HEY]
)
assistant_turns = spoken("assistant", texts | calls).map(lambda message: [message])


@st.composite
def histories(draw: st.DrawFn) -> tuple[Message, ...]:
    """Draw messages in the documented form."""
    messages = draw(st.lists(spoken("system", texts), max_size=1))
    for number in range(draw(st.integers(1, 4))):
        messages += draw(assistant_turns if number % 2 else user_turns)
    return numbered(messages)


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


anything = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["system", "user", "assistant", "tool"]),
        parts=st.lists(
            st.builds(Text, content=st.sampled_from(["", " ", "a"]))
            | st.builds(Reasoning, content=st.just("hm"))
            | st.builds(ToolCall, id=st.sampled_from(["a.b", "x", ""]), name=st.just("f"), arguments=st.just("{}"))
            | st.builds(ToolResult, id=st.sampled_from(["a.b", "x"]), response=st.just("")),
            max_size=3,
        ).map(tuple),
    ),
    max_size=6,
)


def exhausted(value: Any) -> Any:
    """Make pydantic look into every lazily checked list."""
    if isinstance(value, dict):
        return {key: exhausted(inner) for key, inner in value.items()}
    return value if isinstance(value, str | bytes) or not hasattr(value, "__iter__") else [exhausted(v) for v in value]


@given(histories())
def test_what_anthropic_can_hold_comes_back_unchanged(messages: tuple[Message, ...]) -> None:
    """Writing messages for Anthropic and reading them back gives the same messages, and nothing is named as lost."""
    assert messages_from_anthropic(to_anthropic(messages)) == messages
    assert losses(messages, Parameters()) == ()


@given(anything)
def test_whatever_is_written_keeps_anthropics_rules(messages: list[Message]) -> None:
    """Roles take turns from the user on, results stand first, no text is blank, ids have the right letters."""
    try:
        body = to_anthropic(messages)
    except Permanent as error:
        assert str(error).startswith("unreplayable: ")  # noqa: PT017 - either a body or this error
        return
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)
    for message in body["messages"]:
        exhausted(MESSAGE.validate_python(message))
        kinds = [block["type"] == "tool_result" for block in message["content"]]
        assert message["role"] != "user" or kinds == sorted(kinds, reverse=True)
        for block in message["content"]:
            assert block.get("text", "x").strip()
            assert re.fullmatch(r"[a-zA-Z0-9_-]+", block.get("id", block.get("tool_use_id", "x")))


def test_results_and_the_words_after_them_are_one_message() -> None:
    """Parallel results and what the user said next share one user message, results first."""
    body = to_anthropic(
        [
            Message(role="system", parts=(Text(content="Be brief."),)),
            HEY,
            Message(
                role="assistant",
                parts=(
                    ToolCall(id="1", name="f", arguments='{"a":1}'),
                    ToolCall(id="2", name="f", arguments=""),
                ),
            ),
            Message(role="tool", parts=(ToolResult(id="1", response="x"),)),
            Message(role="tool", parts=(ToolResult(id="2", response="y", is_error=True),)),
            Message(role="user", parts=(Text(content="and?"),)),
        ]
    )
    assert body["system"] == [{"type": "text", "text": "Be brief."}]
    assert [block["input"] for block in body["messages"][1]["content"]] == [{"a": 1}, {}]
    assert body["messages"][2] == {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "1", "content": "x"},
            {"type": "tool_result", "tool_use_id": "2", "content": "y", "is_error": True},
            {"type": "text", "text": "and?"},
        ],
    }


@pytest.mark.parametrize("broken", ['{"a": ', "[1]", "1", "null", '{"a": NaN}'])
def test_arguments_that_are_no_object_bury_the_challenge(broken: str) -> None:
    """Anthropic has no form for arguments that are not a JSON object."""
    call = Message(role="assistant", parts=(ToolCall(id="1", name="get", arguments=broken),))
    with pytest.raises(Permanent, match=r"unreplayable: .*'get'"):
        to_anthropic([HEY, call])


@pytest.mark.parametrize(
    "messages", [[], [Message(role="assistant", parts=(Text(content="Welcome!"),)), HEY], [Message(role="user")]]
)
def test_a_history_must_begin_with_a_user(messages: list[Message]) -> None:
    """An assistant's greeting, or nothing at all, cannot be sent."""
    with pytest.raises(Permanent, match="unreplayable"):
        to_anthropic(messages)


def test_thoughts_are_not_shown_to_another_model() -> None:
    """Reasoning stays behind, sealed or not; a message of nothing else is left out, and its neighbours join."""
    body = to_anthropic([HEY, Message(role="assistant", parts=(Reasoning(content="hm", signature="s"),)), HEY])
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "hey"}] * 2}]


def test_parameters_in_anthropics_words() -> None:
    """Each parameter that Anthropic knows arrives under its name, and the SDK's types agree with all but two."""
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    asked = Parameters(
        temperature=0.2,
        top_p=0.9,
        max_tokens=100,
        stop=("END",),
        tool_choice="required",
        parallel_tool_calls=False,
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
        reasoning_effort="low",
    )
    body = to_anthropic([HEY], [ToolDefinition(name="get", description="Gets.", strict=True)], asked)
    assert (body.pop("temperature"), body.pop("top_p")) == (0.2, 0.9)
    exhausted(BODY.validate_python({"model": "m", **body}))
    assert body["tools"] == [
        {
            "name": "get",
            "description": "Gets.",
            "strict": True,
            "input_schema": {"type": "object", "properties": {}},
        }
    ]
    assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert body["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": schema}}
    assert (body["max_tokens"], body["stop_sequences"]) == (100, ["END"])
    assert losses([HEY], asked) == ()


@pytest.mark.parametrize(
    ("asked", "choice"),
    [
        (Parameters(tool_choice="auto"), {"type": "auto"}),
        (Parameters(tool_choice="none", parallel_tool_calls=False), {"type": "none"}),
        (Parameters(tool_choice=NamedTool(name="get")), {"type": "tool", "name": "get"}),
        (Parameters(parallel_tool_calls=True), {"type": "auto", "disable_parallel_tool_use": False}),
        (Parameters(), None),
    ],
)
def test_each_tool_choice(asked: Parameters, choice: dict[str, Any] | None) -> None:
    """Choice and parallel calls are one thing for Anthropic, and nothing without tools."""
    body = to_anthropic([HEY], [ToolDefinition(name="get")], asked)
    assert body.get("tool_choice") == choice
    exhausted(BODY.validate_python({"model": "m", **body}))
    assert "tool_choice" not in to_anthropic([HEY], (), asked)


def test_anthropic_always_hears_a_limit() -> None:
    """A request that names no limit gets the configured one."""
    assert to_anthropic([HEY])["max_tokens"] == 4096
    assert to_anthropic([HEY], max_tokens=9)["max_tokens"] == 9


@pytest.mark.parametrize(
    ("messages", "asked", "loss"),
    [
        (
            [HEY, Message(role="system", parts=(Text(content="x"),))],
            Parameters(),
            "the place of a later system message",
        ),
        ([HEY.model_copy(update={"name": "kim"})], Parameters(), "the names of speakers"),
        ([HEY], Parameters(seed=1), "seed"),
        ([HEY], Parameters(temperature=1.5, presence_penalty=0, frequency_penalty=0), "temperature above 1"),
        ([HEY], Parameters(top_p=-0.5), "top_p below 0"),
        ([HEY], Parameters(max_tokens=0), "max_tokens 0"),
        ([HEY], Parameters(response_format={"type": "json_object"}), "response_format json_object"),
        ([HEY], Parameters(reasoning_effort="minimal"), "reasoning_effort minimal"),
        (
            [HEY, Message(role="user", parts=(Media(type="uri", modality="audio", content="https://x"),))],
            Parameters(),
            "audio by uri in a message of user",
        ),
        (
            [
                HEY,
                Message(
                    role="tool",
                    parts=(
                        ToolResult(
                            id="1", response="", media=(Media(type="uri", modality="video", content="https://x"),)
                        ),
                    ),
                ),
            ],
            Parameters(),
            "video in a tool result",
        ),
    ],
)
def test_what_is_left_behind_is_named(messages: list[Message], asked: Parameters, loss: str) -> None:
    """Nothing is left out or changed without a word, and the rest still goes."""
    assert losses(messages, asked) == (loss,)
    assert to_anthropic(messages, (), asked)["messages"]


def test_answers_are_read_with_their_thoughts() -> None:
    """Thinking keeps its seal, a call its input as JSON, and blocks that nobody knows are passed over."""
    message = from_anthropic(
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "text", "text": "hey"},
                {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
                {"type": "server_tool_use", "id": "2", "name": "web_search", "input": {}},
            ],
        }
    )
    assert message.parts == (
        Reasoning(content="hm", signature="s"),
        Reasoning(content="", signature="x"),
        Text(content="hey"),
        ToolCall(id="1", name="f", arguments='{"a":1}'),
    )
