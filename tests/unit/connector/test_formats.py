"""What each form of a logged model call is read as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.formats.detect import read_call
from connector.formats.format import Format, Unusable, decoded
from connector.traces import Call
from connector.types import Fate
from rollouts.plugins import kinds, load
from rollouts.types import Message, Parameters, Text, ToolResult
from tests.logged import assistant, generation, result, user

ALL = kinds(Format, package="connector.formats")
HEY = [user("hey")]
TOOL = {"name": "look_up", "description": "Looks up.", "parameters": {"type": "object"}}

EXAMPLES: dict[str, tuple[Any, Any]] = {
    "openai_chat": (HEY, assistant("hello")),
    "anthropic_messages": ({"system": "Be kind.", "messages": HEY}, {"type": "message", "content": "hello"}),
    "plain_text": ("hey", "hello"),
    "openai_responses": (
        {"input": "hey"},
        {"object": "response", "output": [{"type": "message", **assistant("hello")}]},
    ),
    "dify": ([{"role": "user", "text": "hey"}], {"text": "hello"}),
    "haystack": ({"messages": HEY, "generation_kwargs": {}}, ["hello"]),
    "ollama": ({"messages": HEY}, {"message": assistant("hello"), "done": True}),
}


def read(asked: Any, answered: Any = "hello", **more: Any) -> Call:
    """Read one call, whoever understands it."""
    return read_call(generation(asked, answered, **more))


def said(call: Call) -> str:
    """Return the answer's text."""
    assert call.answer is not None
    return call.answer.message.text


def reason(asked: Any, answered: Any = "hello") -> tuple[Fate, str]:
    """Return why a call gives no turn."""
    with pytest.raises(Unusable) as caught:
        read(asked, answered)
    return caught.value.fate, caught.value.reason


def test_each_kind_is_tested_by_name() -> None:
    """A format without a test of its own cannot be added."""
    files = Path(__file__).parent.rglob("test_*.py")
    tests = "".join(path.stem + path.read_text(encoding="utf-8") for path in files)
    assert [kind for kind in ALL if kind not in EXAMPLES and kind not in tests] == []


@pytest.mark.parametrize("kind", EXAMPLES)
def test_each_kind_reads_what_it_calls_its_own(kind: str) -> None:
    """A file in the folder understands its example, and says so."""
    asked, answered = EXAMPLES[kind]
    call = read(asked, answered)
    assert call.format == kind
    assert call.messages[-1] == Message(role="user", parts=(Text(content="hey"),))
    assert said(call) == "hello"


@pytest.mark.parametrize("kind", ALL)
def test_no_kind_takes_what_is_nobodys(kind: str) -> None:
    """Numbers in a list, a table without a telling key, and nothing are not anyone's."""
    form = load(Format, kind, package="connector.formats")()
    assert not any(form.mine(generation(asked, "hello")) for asked in ([0.1, 0.2], {"vector": [1]}, None, "", [], {}))


@pytest.mark.parametrize(
    "asked",
    [
        HEY,
        {"messages": HEY},
        json.dumps(HEY),
        json.dumps({"messages": HEY}),
        json.dumps(json.dumps({"messages": json.dumps(HEY)})),
        "\n " + json.dumps(HEY),
        HEY[0],
        [{"role": "user", "content": [{"type": "text", "text": "hey"}]}],
        [{"role": "user", "content": ["hey"]}],
        [{"role": "user", "content": "hey", "name": None, "id": 7}],
    ],
)
def test_one_history_in_many_spellings(asked: Any) -> None:
    """A list, a body, JSON in text once or twice, a lone message, parts: the same history."""
    assert read(asked).messages == (Message(role="user", parts=(Text(content="hey"),)),)


@pytest.mark.parametrize(
    ("answered", "finish_reason"),
    [
        ("hello", None),
        ('"hello"', None),
        (assistant("hello"), None),
        (json.dumps(assistant("hello")), None),
        ({"content": "hello"}, None),
        ([assistant("hello"), assistant("another of n")], None),
        ({"choices": [{"message": assistant("hello"), "finish_reason": "length"}]}, "length"),
        ({"choices": [{"text": "hello", "finish_reason": "stop"}]}, "stop"),
        ({"message": assistant("hello"), "done": True}, None),
        ([{"message": assistant("hello"), "finish_reason": "stop"}], "stop"),
        ({"messages": [user("hey"), assistant("hello")]}, None),
        ({"role": "assistant", "content": [{"type": "text", "text": "hello"}]}, None),
    ],
)
def test_one_answer_in_many_spellings(answered: Any, finish_reason: str | None) -> None:
    """A message, bare text of a stream, choices, a list, a state that repeats the input: the same answer."""
    call = read(HEY, answered)
    assert said(call) == "hello"
    assert [message.role for message in call.messages] == ["user"]
    assert call.answer is not None
    assert call.answer.finish_reason == finish_reason


@pytest.mark.parametrize("answered", [None, "", {}, [], {"choices": []}, {"choices": [{"message": None}]}])
def test_no_answer_is_no_answer(answered: Any) -> None:
    """What holds no answer is never read as one."""
    assert read(HEY, answered).answer is None


@pytest.mark.parametrize(
    "answered",
    [
        {"candidates": [{"content": {"parts": [{"text": "hello"}]}}]},
        {"error": {"message": "overloaded"}},
    ],
)
def test_a_foreign_envelope_is_not_an_answer(answered: Any) -> None:
    """A form that nobody reads yet is counted as such; its JSON never stands as what production said."""
    assert reason(HEY, answered) == (Fate.UNREADABLE, "its output is in no known form")


@pytest.mark.parametrize(
    "answered", [{"city": "Paris"}, [{"id": 1, "name": "x"}], {"title": "t", "content": "c"}, 2, 2.5, True, ["a", "b"]]
)
def test_a_structured_answer_stays_json(answered: Any) -> None:
    """Models asked for JSON answer tables, lists and numbers, which loggers take apart."""
    assert json.loads(said(read(HEY, answered))) == answered


@pytest.mark.parametrize("number", ["2", "007", "1e5", "true", "null"])
def test_numbers_and_words_stay_text(number: str) -> None:
    """Text that happens to be JSON is text as a question and as an answer."""
    assert decoded(number) == number
    call = read(number, number)
    assert call.messages[0].text == said(call) == number


def test_what_an_old_server_made_a_number_is_text_again() -> None:
    """Servers before v4 parse an answer of "2"."""
    assert said(read("1 + 1 = ?", 2)) == "2"


@pytest.mark.parametrize("arguments", ['{"id": 7}', {"id": 7}])
def test_tool_calls_and_results(arguments: Any) -> None:
    """Calls keep id, name and arguments, as text or as a table; results name the call they answer."""
    calls = [{"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": arguments}}]
    asked = [*HEY, {"role": "assistant", "content": None, "tool_calls": calls}, result("c1", "found")]
    call = read({"messages": asked, "tools": [{"type": "function", "function": TOOL}]})
    [tool_call] = call.messages[1].tool_calls
    assert (tool_call.id, tool_call.name, json.loads(tool_call.arguments)) == ("c1", "look_up", {"id": 7})
    assert call.messages[2] == Message(role="tool", parts=(ToolResult(id="c1", response="found"),))
    assert [tool.name for tool in call.tools] == ["look_up"]


def test_a_streamed_call_without_type_and_id() -> None:
    """Merged streams leave out the type, and sometimes the id; every call gets one."""
    answered = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"function": {"name": "a", "arguments": "{}"}}] * 2,
    }
    call = read(HEY, answered)
    assert call.answer is not None
    assert [c.id for c in call.answer.message.tool_calls] == ["call_0", "call_1"]


def test_functions_of_old_are_tools() -> None:
    """`functions`, `function_call` and the role `function` are read as tools, one call and its result."""
    asked = [
        {"role": "developer", "content": "Be brief."},
        *HEY,
        {"role": "assistant", "content": None, "function_call": {"name": "look_up", "arguments": "{}"}},
        {"role": "function", "name": "look_up", "content": "found"},
    ]
    call = read({"messages": asked, "functions": [TOOL], "function_call": "auto"})
    assert [message.role for message in call.messages] == ["system", "user", "assistant", "tool"]
    assert call.messages[3].parts == (ToolResult(id=call.messages[2].tool_calls[0].id, response="found"),)
    assert [tool.name for tool in call.tools] == ["look_up"]


def test_a_dialogue_as_output_extends_the_history() -> None:
    """An agent that logs all its steps at once has answered after its tools."""
    steps = [assistant(None, ("c1", "look_up", "{}")), result("c1", "found"), assistant("It is there.")]
    for output in (steps, {"messages": [*HEY, *steps]}):
        call = read([{"role": "system", "content": "s"}, *HEY], output)
        assert [message.role for message in call.messages] == ["system", "user", "assistant", "tool"]
        assert said(call) == "It is there."


@pytest.mark.parametrize(
    ("asked", "answered", "why"),
    [
        ([{"role": "caller", "content": "hey"}], "hello", "no known format"),
        ({"args": ["hey", "there"], "kwargs": {}}, "hello", "no known format"),
        ([{"role": "user", "content": [{"type": "hologram"}]}], "hello", "a content part of an unknown type"),
        (HEY, user("hey"), "its output is not an assistant's"),
        (HEY, [assistant("hello"), user("thanks")], "its output is not an assistant's"),
        ([assistant("x", ("c", "f", "{}")) | {"tool_calls": [7]}], "hello", "malformed chat messages"),
        ('[{"role": "user", "content": "cut o', "hello", "messages in broken JSON"),
        ("[{'role': 'user', 'content': 'hey'}]", "hello", "messages in broken JSON"),
        ({"system": "s", "messages": [{"role": "user"}]}, "hello", "malformed Anthropic messages"),
    ],
)
def test_what_cannot_be_read_says_why(asked: Any, answered: Any, why: str) -> None:
    """Nothing is guessed: a shape that is only half understood has its own reason."""
    assert reason(asked, answered) == (Fate.UNREADABLE, why)


def test_json_that_only_python_reads() -> None:
    """NaN, and half an emoji where a logger cut it, do not make a history a question."""
    asked = '{"messages": [{"role": "user", "content": "hey \\ud83d"}], "temperature": NaN}'
    call = read(asked)
    assert call.messages[0].text == "hey ?"
    assert call.parameters == Parameters()
