from __future__ import annotations

from typing import Any

import pytest

from judges.identical import identical
from judges.types import Verdict
from rollouts.types import Media, Reasoning, ToolCall, ToolDefinition


def _call(arguments: str, *, name: str = "book", called: str = "1") -> ToolCall:
    return ToolCall(id=called, name=name, arguments=arguments)


def _image(content: str) -> Media:
    return Media(type="uri", modality="image", content=content)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (["Yes."], ["Yes."]),
        (["a\r\nb "], [" a\nb"]),
        (["caf\u00e9"], ["cafe\u0301"]),
        ([Reasoning(content="hm"), "Yes."], ["Yes."]),
        ([_call('{"a": 1, "b": 2}')], [_call('{"b":2,"a":1}', called="2")]),
        ([_call("{}"), _call('{"a":1}')], [_call('{"a":1}'), _call("{}")]),
        ([_call("")], [_call("{}")]),
        ([_call('{"a": ')], [_call('{"a": ')]),
        ([_image("x")], [_image("x")]),
    ],
)
def test_the_same_answer_ties_without_a_judge(make: Any, ours: list[Any], theirs: list[Any]) -> None:
    """Ids, thoughts, key order, line ends and the order of parallel calls make no difference."""
    judgment = identical(make.challenge(*ours), make.rollout(*theirs), "j/1")
    assert judgment is not None
    assert (judgment.verdict, judgment.score, judgment.consistent) == (Verdict.TIE, 0.5, True)
    assert (judgment.judge, judgment.rounds) == ("j/1", ())
    assert "nobody was asked" in judgment.reason


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (["Yes."], ["yes."]),
        (["Yes."], []),
        (["Yes."], ["Yes.", _call("{}")]),
        ([_call('{"a":1}')], [_call('{"a":"1"}')]),
        ([_call("{}")], [_call("{}"), _call("{}")]),
        ([_call("{}")], [_call("{}", name="cancel")]),
        ([_call('{"a": ')], [_call('{"a":1}')]),
        ([_image("x")], [_image("y")]),
    ],
)
def test_different_answers_need_a_judge(make: Any, ours: list[Any], theirs: list[Any]) -> None:
    """Anything a user or a tool could notice is a difference."""
    assert identical(make.challenge(*ours), make.rollout(*theirs), "j/1") is None


TOOL = ToolDefinition(
    name="book",
    parameters={
        "type": "object",
        "properties": {"day": {"type": "string"}, "seats": {"type": "integer", "default": 1}},
        "required": ["day"],
    },
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ('{"day": "Mon"}', '{"seats": 1, "day": "Mon"}'),
        ('{"day": "Mon", "seats": 2.0}', '{"day": "Mon", "seats": 2}'),
        ('{"day": "caf\u00e9"}', '{"day": "cafe\u0301"}'),
    ],
)
def test_the_same_under_the_tool_s_schema_ties_too(make: Any, ours: str, theirs: str) -> None:
    """Defaults, whole numbers and Unicode forms make no difference to the tool, so nobody is asked."""
    judgment = identical(
        make.challenge("Done.", _call(ours), tools=(TOOL,)), make.rollout("Done. ", _call(theirs)), "j/1"
    )
    assert judgment is not None
    assert judgment.verdict is Verdict.TIE


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ('{"day": "Mon", "seats": 2}', '{"day": "Mon", "seats": "2"}'),
        ('{"day": "Mon", "seats": 1, "x": 1}', '{"day": "Mon", "x": 2}'),
        ('{"day": "Mon"}', '{"day": "mon"}'),
        ("{}", '{"seats": 1}'),
    ],
)
def test_what_a_tool_could_refuse_or_tell_apart_needs_a_judge(make: Any, ours: str, theirs: str) -> None:
    """A number in quotes against the schema is a fault, though it is written like the number."""
    asked = make.challenge(_call(ours), tools=(TOOL,))
    assert identical(asked, make.rollout(_call(theirs)), "j/1") is None


def test_the_same_calls_with_other_words_need_a_judge(make: Any) -> None:
    """Mixed turns keep both."""
    assert identical(make.challenge("Done.", _call("{}")), make.rollout("Failed.", _call("{}")), "j/1") is None


@pytest.mark.parametrize("empty", [[], [""], [" \n"], [Reasoning(content="hm")]])
def test_two_empty_answers_are_no_tie(make: Any, empty: list[Any]) -> None:
    """Where nothing was said there is nothing to compare, and a tie would be half a win."""
    judgment = identical(make.challenge(), make.rollout(*empty), "j/1")
    assert judgment is not None
    assert (judgment.verdict, judgment.score, judgment.consistent) == (Verdict.UNREADABLE, None, None)
