"""What an output says: blocks without a message, tables that are the answer, and tables that only surround it."""

from __future__ import annotations

from typing import Any

import pytest

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from rollouts.types import Message
from tests.logged import assistant, generation, result, user

HEY = [user("hey")]
TEXT = {"type": "text", "text": "A"}
USE = {"type": "tool_use", "id": "c9", "name": "look", "input": {"a": 1}}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
LOOKED = [*HEY, assistant(None, ("c", "look", "{}")), result("c", "sun")]
CALLED = [("c9", "look", '{"a":1}')]


def answered(asked: Any, output: Any, **more: Any) -> Message:
    """Return the answer of one call."""
    answer = read_call(generation(asked, output, **more)).answer
    assert answer is not None
    return answer.message


@pytest.mark.parametrize(
    "asked",
    [HEY, LOOKED, {"question": "hey"}, {"messages": [["user", "q"]]}],
    ids=["chat", "loop", "text", "langchain"],
)
def test_blocks_without_a_message_are_its_content(asked: Any) -> None:
    """A decorated function that returns `response.content` has said what its blocks say."""
    assert answered(asked, [TEXT]).text == "A"
    assert answered(asked, [TEXT, {"type": "text", "text": "B"}]).text.replace("\n", "") == "AB"
    whole = answered(asked, [THOUGHT, TEXT, USE])
    assert [part.type for part in whole.parts] == ["reasoning", "text", "tool_call"]
    assert [(call.id, call.name, call.arguments) for call in whole.tool_calls] == CALLED


@pytest.mark.parametrize("output", [{"content": "A"}, {"content": [TEXT]}, {"message": {"content": "A"}}, TEXT | {}])
def test_a_bare_content_answers_tuples(output: Any) -> None:
    """LangChain's own function may return a part of its message."""
    assert answered({"messages": [["user", "q"]]}, output).text == "A"


STRUCTURED = [
    ({"message": {"to": "x"}, "b": 1}, '{"message":{"to":"x"},"b":1}'),
    ({"message": {"to": "x"}}, '{"message":{"to":"x"}}'),
    ([{"message": {"to": "x"}}], '[{"message":{"to":"x"}}]'),
    ({"message": "done", "b": 1}, '{"message":"done","b":1}'),
    ({"error": None, "items": []}, '{"error":null,"items":[]}'),
    ({"error": "a typo", "line": 3}, '{"error":"a typo","line":3}'),
    ({"role": "admin", "rights": ["read"]}, '{"role":"admin","rights":["read"]}'),
    ({"usage": "daily", "dose": 5}, '{"usage":"daily","dose":5}'),
    ({"parts": ["wheel", "axle"]}, '{"parts":["wheel","axle"]}'),
    ({"choices": ["Oslo", "Bergen"], "q": "?"}, '{"choices":["Oslo","Bergen"],"q":"?"}'),
    ({"candidates": [{"name": "Ada"}]}, '{"candidates":[{"name":"Ada"}]}'),
    ({"messages": ["a", "b"]}, '{"messages":["a","b"]}'),
    ({"object": "cup"}, '{"object":"cup"}'),
]


@pytest.mark.parametrize(("output", "text"), STRUCTURED)
def test_a_table_of_a_models_own_is_its_answer(output: Any, text: str) -> None:
    """The whole of it, whatever its keys are called: nothing inside it is taken for the answer."""
    assert answered(HEY, output).text == text
    assert answered({"messages": [["user", "q"]]}, output).text == text


@pytest.mark.parametrize(
    "output",
    [
        {"error": "overloaded"},
        {"error": {"message": "overloaded", "type": "server_error"}, "id": "r"},
        {"object": "response", "x": 1},
        {"x": 1, "usage": {"total_tokens": 7}},
        {"role": "assistant", "parts": [{"functionCall": {}}]},
        {"candidates": [{"finishReason": "SAFETY"}]},
        {"x": 1, "tool_calls": "lost"},
    ],
)
def test_what_surrounds_an_answer_is_none(output: Any) -> None:
    """An error or the envelope of a provider is never what a model said."""
    with pytest.raises(Unusable, match="its output is in no known form"):
        answered(HEY, output)


def test_an_answer_in_other_keys_of_anthropics_content() -> None:
    """A model's own table may have a `content`; a response's is its answer."""
    asked = {"system": "s", "messages": HEY}
    assert answered(asked, {"content": "A", "tone": "kind"}).text == '{"content":"A","tone":"kind"}'
    assert answered(asked, {"content": [TEXT], "stop_reason": "end_turn"}).text == "A"
