"""A history from anywhere is accepted by every provider, or refused before it is paid; what is lost has a name.

The doubles in tests/strict.py answer 400 wherever the real providers would.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.clock import Clock
from connector.demo.models import ModelServer
from connector.lane import Lane
from connector.patience import Patience
from connector.store.sqlite import SqliteStore
from connector.types import Duel, State
from rollouts.budget import Budget
from rollouts.errors import BudgetExhausted, Permanent
from rollouts.journal import MemoryJournal
from rollouts.replay import Challenger, replay
from rollouts.types import (
    Media,
    Message,
    NamedTool,
    Parameters,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolDefinition,
    ToolResult,
)
from tests.duelling import arena, challenge, intake
from tests.replaying import TARGETS, World, every_target, model_of, on_both
from tests.strict import strict_openai

FORMATS = Path(__file__).resolve().parents[3] / "shared" / "data" / "formats"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJSVFT0YK"

# Wild conversations ---------------------------------------------------------------------------------------------------

words = st.sampled_from(["", " ", "hello", "Answer in JSON.", "grüße 🌍", "half \ud83c", "a\nb"])
rare_words = st.sampled_from(["@@@langfuseMedia:type=image/png|id=x|source=bytes@@@"])
ids = st.sampled_from(["", "a", "b", "get", "call:1!", "x" * 60, "functions.get:0", "call00001"])
tool_names = st.sampled_from(["get", "set.it", "set it", "grüße", "n" * 140, "", "mcp__server__tool"])
arguments = st.sampled_from(
    ["{}", '{"a":1}', "", '"{\\"a\\":1}"', "[1]", '{"a": ', "null", '{"n":123456789012345678901234567890}']
)
media = st.sampled_from(
    [
        Media(type="uri", modality="image", content="https://x/y.png"),
        Media(type="uri", modality="image", content=f"data:image/jpeg;base64,{PNG}"),
        Media(type="blob", modality="image", content=PNG),
        Media(type="blob", modality="image", content=PNG, mime_type="image/jpg"),
        Media(type="blob", modality="document", content=PDF, mime_type="application/pdf"),
        Media(type="blob", modality="document", content=PNG, mime_type="image/png"),
        Media(type="blob", modality="audio", content="UklGRg==", mime_type="audio/wav"),
        Media(type="blob", modality="image", content="not base64"),
        Media(type="blob", modality="image", content="PHN2Zz4=", mime_type="image/svg+xml"),
        Media(type="uri", modality="document", content="https://x/y.pdf"),
        Media(type="uri", modality="image", content="gs://bucket/y.png"),
        Media(type="file", modality="document", content="file-abc"),
        Media(type="file", modality="image", content="file_abc"),
        Media(type="uri", modality="video", content="https://x/y.mp4"),
        Media(type="uri", modality="image", content="@@@langfuseMedia:type=image/png|id=x|source=bytes@@@"),
    ]
)
texts = st.builds(Text, content=words)
calls = st.builds(ToolCall, id=ids, name=tool_names, arguments=arguments)
plain_calls = st.builds(ToolCall, id=ids, name=tool_names, arguments=st.just('{"a":1}'))
results = st.builds(
    ToolResult,
    id=ids,
    response=words,
    media=st.just(()) | st.lists(media, max_size=1).map(tuple),
    is_error=st.none() | st.booleans(),
)
parts = texts | calls | results | media | st.builds(Reasoning, content=words) | st.builds(Text, content=rare_words)
chaos = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["system", "user", "assistant", "tool"]),
        parts=st.lists(parts, max_size=3).map(tuple),
        name=st.sampled_from([None, "kim", "Kim Doe", "<x>"]),
    ),
    max_size=6,
).map(tuple)


@st.composite
def nearly_right(draw: st.DrawFn) -> tuple[Message, ...]:
    """Draw a conversation in order, with something moved, lost or doubled."""
    messages: list[Message] = draw(st.lists(st.builds(_said, st.just("system"), words), max_size=1))
    for _ in range(draw(st.integers(1, 3))):
        messages.append(_said("user", draw(words)))
        if draw(st.booleans()):
            asked = draw(st.lists(plain_calls, min_size=1, max_size=3))
            messages.append(Message(role="assistant", parts=(*draw(st.lists(texts, max_size=1)), *asked)))
            messages += [_result(call.id, draw(words)) for call in draw(st.permutations(asked))]
        if draw(st.booleans()):
            messages.append(_said("assistant", draw(words)))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(messages) - 1))
        match draw(st.sampled_from(["lose", "double", "move"])):
            case "lose" if len(messages) > 1:
                del messages[at]
            case "double":
                messages.insert(at, messages[at])
            case _:
                messages.insert(draw(st.integers(0, len(messages) - 1)), messages.pop(at))
    return (*messages, *draw(st.lists(st.builds(_said, st.just("user"), words), max_size=1)))


def _said(role: Any, text: str) -> Message:
    return Message(role=role, parts=(Text(content=text),))


def _result(call_id: str, text: str, *shown: Media) -> Message:
    return Message(role="tool", parts=(ToolResult(id=call_id, response=text, media=shown),))


def _calls(*made: tuple[str, str], text: str = "") -> Message:
    said = (Text(content=text),) if text else ()
    return Message(role="assistant", parts=(*said, *(ToolCall(id=i, name=n, arguments='{"a":1}') for i, n in made)))


schemas = st.sampled_from(
    [
        None,
        {},
        {"type": "object"},
        {"properties": {"a": {"type": "STRING"}, "b": {"type": "ARRAY"}}, "type": "OBJECT"},
        {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": {"a": {"enum": [1]}}},
        {"anyOf": [{"type": "object", "properties": {"a": {}}}, {"type": "object", "properties": {"b": {}}}]},
        {"type": "string"},
        {"type": ["object", "null"], "properties": {"big": {"maximum": 2**70}}},
        {"type": "object", "properties": {"größe": {"type": "integer"}}},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": [], "additionalProperties": False},
        {"type": "object", "properties": {"default": {"type": "STRING"}, "type": {"type": "STRING"}}},
    ]
)
tools = st.lists(
    st.builds(
        ToolDefinition,
        name=tool_names,
        description=st.none() | words,
        parameters=schemas,
        strict=st.none() | st.booleans(),
    ),
    max_size=3,
)
schema_of_answer = {"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}}
formats = st.sampled_from(
    [
        {"type": "text"},
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "my answer", "schema": schema_of_answer, "strict": True}},
        {"type": "json_schema", "json_schema": {"schema": {"a": 1}}},
        {"type": "json_schema"},
        {"type": "grammar"},
    ]
)
odd_parameters = st.builds(
    Parameters,
    temperature=st.none() | st.sampled_from([-1.0, 0.0, 0.7, 1.0, 1.5, 3.0]),
    top_p=st.none() | st.sampled_from([0.5, 1.0, 2.0]),
    max_tokens=st.none() | st.sampled_from([0, 100]),
    stop=st.none() | st.sampled_from([(), ("",), (" ", "x"), ("a", "b", "c", "d", "e")]),
    seed=st.none() | st.sampled_from([7, 2**70]),
    presence_penalty=st.none() | st.sampled_from([0.0, 0.5, 9.0]),
    frequency_penalty=st.none() | st.sampled_from([0.0, -3.0]),
    tool_choice=st.none()
    | st.sampled_from(["auto", "none", "required", NamedTool(name="get"), NamedTool(name="set.it")]),
    parallel_tool_calls=st.none() | st.booleans(),
    response_format=st.none() | formats,
    reasoning_effort=st.none() | st.sampled_from(["none", "minimal", "low", "xhigh", "much"]),
)
wild = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@every_target
@wild
@given(chaos | nearly_right(), tools, odd_parameters)
def test_nothing_is_ever_refused_with_a_400(
    world: World, target: str, messages: tuple[Message, ...], tools: list[ToolDefinition], parameters: Parameters
) -> None:
    """Whatever was logged is either accepted by the provider, or refused by us before anything is sent."""
    world.tried(target, messages, tools, parameters)


@every_target
@wild
@given(nearly_right(), odd_parameters)
def test_nothing_is_lost_without_a_word(
    world: World, target: str, messages: tuple[Message, ...], parameters: Parameters
) -> None:
    """What was said or asked for arrives as it was, or the rollout has a warning."""
    tried = world.tried(target, messages, (), parameters)
    if tried is None or tried[0].warnings:
        return
    body = tried[1]
    arrived = json.dumps(body, ensure_ascii=False)
    for part in (part for message in messages for part in message.parts):
        if said := _words_of(part).strip():
            assert json.dumps(said, ensure_ascii=False)[1:-1] in arrived
    neutral = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
    for name in ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty"):
        wanted = getattr(parameters, name)
        assert wanted is None or body.get(name, neutral.get(name)) == wanted


def _words_of(part: Part) -> str:
    return part.content if isinstance(part, Text) else part.response if isinstance(part, ToolResult) else ""


@every_target
@wild
@given(
    st.lists(
        st.tuples(words.filter(str.strip), st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True)),
        min_size=1,
        max_size=3,
    )
)
def test_what_is_in_order_is_never_refused(world: World, target: str, turns: list[tuple[str, list[str]]]) -> None:
    """An ordinary conversation with parallel calls always arrives."""
    messages = list[Message]()
    for number, (text, names) in enumerate(turns):
        messages.append(_said("user", text.replace("\ud83c", "")))
        if names:
            messages.append(_calls(*((f"{name}{number}", name) for name in names)))
            messages += [_result(f"{name}{number}", "42") for name in reversed(names)]
        messages.append(_said("assistant", "fine"))
    rollout, body = world.replayed(target, [*messages, _said("user", "and?")], [ToolDefinition(name="a")])
    assert "and?" in str(body["messages"][-1])
    assert all("reasoning" in warning for warning in rollout.warnings)


# Named oddities -------------------------------------------------------------------------------------------------------

HEY, ANSWER = _said("user", "hey"), _said("assistant", "hello")
GET = ToolDefinition(name="get", parameters={"type": "object", "properties": {"a": {"type": "integer"}}})
CALL = _calls(("1", "get"))
IMAGE = Media(type="blob", modality="image", content=PNG, mime_type="image/png")


MENDED: list[Any] = [
    pytest.param((HEY, CALL, _said("user", "stop"), HEY), "had no result", id="the user spoke before the result came"),
    pytest.param((HEY, CALL, _said("user", "hurry"), _result("1", "x")), "place of a tool result", id="a late result"),
    pytest.param((HEY, CALL, _result("1", "x"), _result("1", "x")), "logged twice", id="a result logged twice"),
    pytest.param(
        (HEY, _calls(("a", "get"), ("b", "get")), _result("x", "1"), _result("y", "2")), "by their order", id="lost ids"
    ),
    pytest.param(
        (HEY, _calls(("a", "get")), _calls(("b", "get")), _result("a", "1"), _result("b", "2")),
        "the border between",
        id="parallel calls as messages of their own",
    ),
    pytest.param((HEY, _said("user", "half \ud83c")), "broken characters", id="half a character"),
]
SILENT: list[Any] = [
    pytest.param(
        (HEY, _calls(("a", "get"), ("b", "get")), _result("b", "2"), _result("a", "1")), id="results in another order"
    ),
    pytest.param((HEY, _calls(("", "get"), ("", "get")), _result("", "1"), _result("", "2")), id="no ids"),
    pytest.param((HEY, _calls(("get", "get")), _result("get", "1")), id="the name as id"),
    pytest.param((HEY, _calls(("zz", "get")), _result("get", "1")), id="the name in the result only"),
    pytest.param((HEY, _calls(("é:" * 40, "get")), _result("é:" * 40, "1")), id="an id of odd letters, too long"),
    pytest.param((HEY, CALL, Message(role="tool", parts=(ToolResult(id="1", response=""),))), id="an empty result"),
    pytest.param(
        (
            HEY,
            _calls(("1", "get"), ("2", "get")),
            Message(role="tool", parts=(ToolResult(id="1", response="x"), ToolResult(id="2", response="y"))),
        ),
        id="two results in one message",
    ),
    pytest.param((HEY, ANSWER, ANSWER, HEY, HEY), id="two of one role in a row"),
    pytest.param((HEY, Message(role="assistant", parts=(Reasoning(content="hm"),)), HEY), id="nothing but a thought"),
    pytest.param((Message(role="user", parts=(IMAGE,)),), id="an image and no word"),
    pytest.param(
        (Message(role="user", parts=(IMAGE.model_copy(update={"mime_type": "image/jpg"}),)),), id="a wrong type"
    ),
    pytest.param(
        (Message(role="user", parts=(Media(type="uri", modality="image", content=f"data:image/png;base64,{PNG}"),)),),
        id="a data address",
    ),
    pytest.param(
        (
            Message(
                role="user",
                parts=(
                    Media(type="blob", modality="image", content=PNG.replace("+", "-").replace("/", "_").rstrip("=")),
                ),
            ),
        ),
        id="base64 for addresses",
    ),
]
REFUSED: list[Any] = [
    pytest.param((HEY, _result("1", "x")), "without its call", id="an orphan result"),
    pytest.param((_said("system", "x"), _result("1", "x")), "without its call", id="only system and tool"),
    pytest.param((HEY, CALL, ANSWER, HEY), "'get' was not logged", id="results that were never logged"),
    pytest.param(
        (HEY, _calls(("1", "get"), ("2", "get")), _result("1", "x")), "'get' was not logged", id="half of the results"
    ),
    pytest.param((HEY, CALL, _result("1", "x"), _result("1", "y")), "two different results", id="two results"),
    pytest.param((HEY, ANSWER), "the assistant's own words", id="the assistant spoke last"),
    pytest.param((_said("system", "x"),), "nobody has said", id="nobody spoke"),
    pytest.param((_said("user", "see @@@langfuseMedia:type=image/png|id=1@@@"),), "Langfuse took out", id="a token"),
    pytest.param(
        (Message(role="user", parts=(Media(type="file", modality="document", content="files/abc"),)),),
        "another provider's store",
        id="a foreign file",
    ),
    pytest.param(
        (Message(role="user", parts=(Media(type="uri", modality="video", content="https://x/y.mp4"),)),),
        "takes no video",
        id="a film",
    ),
    pytest.param(
        (Message(role="user", parts=(Media(type="uri", modality="image", content="s3://x/y.png"),)),),
        "cannot fetch image from 's3'",
        id="an address that only production could fetch",
    ),
]


@on_both
@pytest.mark.parametrize(("messages", "loss"), MENDED)
def test_what_has_one_meaning_is_mended_and_named(
    world: World, target: str, messages: tuple[Message, ...], loss: str
) -> None:
    """The provider accepts it, and the rollout says what was changed."""
    rollout, _ = world.replayed(target, messages, [GET])
    assert loss in "; ".join(rollout.warnings)


@on_both
@pytest.mark.parametrize("messages", SILENT)
def test_what_only_looks_odd_is_carried_over(world: World, target: str, messages: tuple[Message, ...]) -> None:
    """The provider accepts it, and nothing was lost."""
    rollout, _ = world.replayed(target, messages, [GET])
    assert rollout.warnings == ()


@on_both
@pytest.mark.parametrize(("messages", "reason"), REFUSED)
def test_what_would_be_another_question_is_refused(
    world: World, target: str, messages: tuple[Message, ...], reason: str
) -> None:
    """Nothing is sent, and the reason says what is missing."""
    before = world.server.calls.total()
    with pytest.raises(Permanent, match=f"^unreplayable: .*{reason}"):
        world.replayed(target, messages, [GET])
    assert world.server.calls.total() == before


def test_results_stay_with_their_calls(world: World) -> None:
    """Where a tool's name is the id, and results come late, each call still gets its own."""
    messages = (HEY, _calls(("get", "get"), ("get", "get")), _result("get", "1"), HEY, _result("get", "2"), HEY)
    _, chat = world.replayed("gpt-4.1", messages, [GET])
    asked = [call["id"] for call in chat["messages"][1]["tool_calls"]]
    answered = [(message["tool_call_id"], message["content"]) for message in chat["messages"][2:4]]
    assert answered == list(zip(asked, ["1", "2"], strict=True))
    _, turns = world.replayed("claude-haiku-5-5", messages, [GET])
    blocks = turns["messages"][2]["content"]
    assert [block.get("content", block.get("text")) for block in blocks] == ["1", "2", "hey", "hey"]


def test_a_greeting_comes_after_a_users_line(world: World) -> None:
    """Anthropic hears that the assistant spoke first; OpenAI needs no such word."""
    messages = (_said("system", "x"), _said("assistant", "Welcome!"), HEY)
    rollout, body = world.replayed("claude-haiku-5-5", messages)
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert "that the assistant spoke first" in rollout.warnings[0]
    rollout, body = world.replayed("gpt-4.1", messages)
    assert (rollout.warnings, len(body["messages"])) == ((), 3)


def test_anthropic_is_not_asked_after_the_assistants_words(world: World) -> None:
    """A system message at the end, or a blank one, leaves the assistant speaking last, which would be a prefill."""
    for last in (_said("system", "Now be brief."), _said("user", " ")):
        with pytest.raises(Permanent, match="the assistant spoke last"):
            world.replayed("claude-haiku-5-5", (HEY, ANSWER, last))
        assert world.replayed("gpt-4.1", (HEY, ANSWER, last))


@pytest.mark.parametrize("broken", ['{"a": ', "[1]", "null"])
def test_arguments_that_are_no_object(world: World, broken: str) -> None:
    """OpenAI takes any text; Anthropic none but an object."""
    messages = (
        HEY,
        Message(role="assistant", parts=(ToolCall(id="1", name="get", arguments=broken),)),
        _result("1", "?"),
    )
    assert world.replayed("gpt-4.1", messages, [GET])[0].warnings == ()
    assert world.tried("claude-haiku-5-5", messages, [GET]) is None


def test_arguments_that_are_json_in_json_are_unpacked(world: World) -> None:
    """A string that holds an object means the object."""
    call = ToolCall(id="1", name="get", arguments='"{\\"a\\": 1}"')
    messages = (HEY, Message(role="assistant", parts=(call,)), _result("1", "x"))
    _, body = world.replayed("claude-haiku-5-5", messages, [GET])
    assert body["messages"][1]["content"][0]["input"] == {"a": 1}


@on_both
def test_names_of_tools_are_changed_and_changed_back(world: World, target: str) -> None:
    """Letters that a provider refuses are replaced in tools, choice and history, and the answer has the old name."""
    odd = [ToolDefinition(name="shop_get"), ToolDefinition(name="shop.get")]
    messages = (HEY, _calls(("1", "shop.get")), _result("1", "x"))
    rollout, body = world.replayed(target, messages, odd, Parameters(tool_choice=NamedTool(name="shop.get")))
    assert str(body).count("shop_get_2") == 3
    assert [call.name for call in rollout.completion.message.tool_calls] == ["shop.get"]
    assert rollout.warnings == ("the name of tool 'shop.get', sent as 'shop_get_2'",)


@on_both
def test_an_image_from_a_tool_is_shown(world: World, target: str) -> None:
    """Anthropic shows it in the result; a chat shows it right after, and says so."""
    rollout, body = world.replayed(target, (HEY, CALL, _result("1", "see", IMAGE)), [GET])
    assert PNG in str(body["messages"][-1])
    assert rollout.warnings == (("the place of an image in a tool result",) if target == "gpt-4.1" else ())


class Odd(NamedTuple):
    """Parameters, what arrives of them, and what the rollout says."""

    target: str
    asked: dict[str, Any]
    sent: dict[str, Any]
    losses: tuple[str, ...] = ()


LIMIT = {"max_tokens": 4096}
"""Anthropic must always hear one."""
UNTHINKING = {"temperature": 0.2, "reasoning_effort": "none"}
ODD = [
    Odd("o3", {"temperature": 0.2, "max_tokens": 5}, {"max_completion_tokens": 5}, ("temperature",)),
    Odd("o3", {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}, {}),
    Odd("o3", {"stop": ("x",)}, {}, ("stop",)),
    Odd("gpt-4.1", {"temperature": 3}, {"temperature": 2}, ("temperature above 2",)),
    Odd("gpt-4.1", {"reasoning_effort": "low"}, {}, ("reasoning_effort",)),
    Odd("gpt-4.1", {"stop": tuple("abcde")}, {"stop": list("abcd")}, ("stop sequences after the first 4",)),
    Odd("gpt-4.1", {"stop": ("",)}, {}),
    Odd("gpt-4.1", {"max_tokens": 0}, {}, ("max_tokens 0",)),
    Odd("gpt-4.1", {"response_format": {"type": "json_object"}}, {}, ("response_format json_object",)),
    Odd("gpt-5.6-luna", UNTHINKING, UNTHINKING),
    Odd("claude-haiku-5-5", {"temperature": 0.2}, LIMIT, ("temperature",)),
    Odd("claude-haiku-5-5", {"temperature": 1, "presence_penalty": 0}, LIMIT),
    Odd("claude-haiku-5-5", {"max_tokens": 0}, LIMIT, ("max_tokens 0",)),
    Odd("claude-haiku-5-5", {"stop": (" ", "x")}, {**LIMIT, "stop_sequences": ["x"]}, ("blank stop sequences",)),
    Odd("claude-sonnet-4-6", {"temperature": 0.2, "top_p": 0.5}, {**LIMIT, "temperature": 0.2}, ("top_p",)),
    Odd("claude-sonnet-4-6", {"temperature": 1.5}, {**LIMIT, "temperature": 1}, ("temperature above 1",)),
]


@pytest.mark.parametrize("odd", ODD)
def test_parameters_that_the_target_does_not_take(world: World, odd: Odd) -> None:
    """They are left out or brought into range, and named; what a provider does anyhow is not worth a word."""
    rollout, body = world.replayed(odd.target, (HEY,), (), Parameters(**odd.asked))
    assert {key: value for key, value in body.items() if key not in {"model", "messages"}} == odd.sent
    assert rollout.warnings == odd.losses


def test_tools_of_a_model_that_does_not_think_with_them(world: World) -> None:
    """GPT-5.6 takes tools in a chat only when it is told not to reason."""
    rollout, body = world.replayed("gpt-5.6-luna", (HEY,), [GET])
    assert body["reasoning_effort"] == "none"
    assert rollout.warnings == ("reasoning, which this model's chat does not combine with tools",)


def test_a_forced_tool_is_only_offered_where_force_is_refused(world: World) -> None:
    """Claude Opus 5.5 chooses by itself, and the rollout says so."""
    rollout, body = world.replayed("claude-opus-5-5", (HEY,), [GET], Parameters(tool_choice="required"))
    assert (body["tool_choice"], rollout.warnings) == ({"type": "auto"}, ("tool_choice",))


@on_both
@pytest.mark.parametrize("choice", ["required", NamedTool(name="absent")])
def test_a_forced_tool_that_was_not_logged(world: World, target: str, choice: Any) -> None:
    """Without its definition nobody can be made to call it."""
    with pytest.raises(Permanent, match="unreplayable: production had to call"):
        world.replayed(target, (HEY,), (), Parameters(tool_choice=choice))


def test_a_history_of_calls_without_definitions(world: World) -> None:
    """Anthropic wants tools defined that a history calls: they are declared, and not to be called."""
    rollout, body = world.replayed("claude-haiku-5-5", (HEY, CALL, _result("1", "x")))
    assert [tool["name"] for tool in body["tools"]] == ["get"]
    assert body["tool_choice"] == {"type": "none"}
    assert rollout.warnings == ("the definitions of tools that the history calls",)


@on_both
def test_schemas_in_other_words(world: World, target: str) -> None:
    """Gemini's capitals, a missing type and a named draft mean the same to everybody."""
    schema = {"$schema": "x", "properties": {"a": {"type": "STRING"}, "b": {"type": "ARRAY"}}}
    rollout, body = world.replayed(target, (HEY,), [ToolDefinition(name="get", parameters=schema)])
    [tool] = body["tools"]
    arrived = tool.get("input_schema") or tool["function"]["parameters"]
    assert arrived == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "array", "items": {}}},
    }
    assert rollout.warnings == ()


# Before anything is paid ----------------------------------------------------------------------------------------------


@on_both
async def test_a_refusal_costs_nothing(target: str) -> None:
    """What is unreplayable is found out before the budget is asked, and leaves no call under way in the journal."""
    journal = MemoryJournal()
    model = model_of(target, "http://127.0.0.1:9", budget=Budget(0.0), **TARGETS[target])
    model._journal = journal
    orphan = challenge().model_copy(update={"messages": (HEY, _result("1", "x"))})
    with pytest.raises(Permanent, match="unreplayable"):
        await replay(orphan, Challenger(name="x", model=model))
    with pytest.raises(BudgetExhausted):
        await replay(challenge(), Challenger(name="x", model=model))
    assert not vars(journal)["_kept"]


# The provider's own words ---------------------------------------------------------------------------------------------


@on_both
async def test_a_400_buries_the_duel_with_the_providers_message(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What we could not foresee is refused by the provider: the duel is dead at once, for the reason it gave."""
    monkeypatch.setenv("TEST_PROVIDER_KEY", "sk-0123456789")
    store = SqliteStore(":memory:")
    async with ModelServer({target: strict_openai()}) as server:
        model = model_of(target, server.url, **TARGETS[target])
        good, one = Challenger(name="good", model=model), challenge()
        met = dataclasses.replace(arena("good"), challengers={"good": good})
        await store.take(intake(one), [Duel.of(one, "good", good.fingerprint)])
        server.fail(target, 400, body=b'{"error": {"message": "`tools.0` is a tool too many", "type": "x"}}')
        carrying = Lane("good", met, store, width=1, patience=Patience(), clock=Clock())
        await asyncio.wait_for(carrying.run(asyncio.Event(), until_idle=True), timeout=20)
        assert server.calls[target] == 1
        assert await store.states() == {("good", State.DEAD): 1}
        [duel] = await store.duels_of(one.id)
        assert duel.reason == f"queued: {target}: `tools.0` is a tool too many (HTTP 400)"
        await model.aclose()
    await store.aclose()
