from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.tool_calls import Comparison, Outcome, compare
from rollouts.canonical import canonical_calls
from rollouts.types import Message, Text, ToolCall, ToolDefinition

TOOL = ToolDefinition(
    name="book",
    parameters={
        "type": "object",
        "properties": {
            "flight": {"type": "string"},
            "seats": {"type": "integer", "default": 1},
            "price": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
            "bags": {"$ref": "#/$defs/Bags"},
            "note": {"type": ["string", "null"]},
            "limit": {"type": ["integer", "null"], "default": 10},
            "who": {"type": "array", "items": {"type": "object", "properties": {"age": {"type": "INTEGER"}}}},
        },
        "required": ["flight"],
        "$defs": {"Bags": {"type": "object", "properties": {"n": {"type": "integer", "default": 0}}, "default": {}}},
    },
)


def _call(arguments: Any, name: str = "book") -> ToolCall:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCall(id="x", name=name, arguments=text)


def _says(*parts: ToolCall | str) -> Message:
    return Message(role="assistant", parts=tuple(Text(content=p) if isinstance(p, str) else p for p in parts))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"flight":"A","seats":2}', '{ "seats": 2, "flight": "A" }'),
        ({"flight": "A", "seats": 2}, {"flight": "A", "seats": 2.0}),
        ({"flight": "A", "seats": 2}, {"flight": "A", "seats": "2"}),
        ({"flight": "A", "price": 2.5}, {"flight": "A", "price": "2.50"}),
        ({"flight": "A", "seats": 1}, {"flight": "A"}),
        ({"flight": "A", "price": None}, {"flight": "A"}),
        ({"flight": "A", "limit": 10}, {"flight": "A"}),
        ({"flight": "A", "bags": {"n": 0}}, {"flight": "A", "bags": {}}),
        ({"flight": "A", "bags": {"n": "0"}}, {"flight": "A"}),
        ({"flight": "A", "who": [{"age": "7"}]}, {"flight": "A", "who": [{"age": 7}]}),
        ({"flight": "caf\u00e9"}, {"flight": "cafe\u0301"}),
        ("", "{}"),
        ('{"flight": ', '{"flight": '),
    ],
)
def test_arguments_that_mean_the_same_by_the_schema_are_the_same(one: Any, other: Any) -> None:
    """Key order, 1.0 for 1, numbers as text and defaults make no other call."""
    compared = compare(_says(_call(one)), _says(_call(other)), [TOOL])
    assert compared.outcome is Outcome.SAME
    assert compared.settled


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({"flight": "A"}, {"flight": "B"}, ["$.flight"]),
        ({"flight": "1"}, {"flight": 1}, ["$.flight"]),
        ({"flight": "A", "seats": 1}, {"flight": "A", "seats": True}, ["$.seats"]),
        ({"flight": "A", "limit": None}, {"flight": "A"}, ["$.limit"]),
        ({"flight": None}, {}, ["$.flight"]),
        ({"flight": "A", "note": None}, {"flight": "A"}, ["$.note"]),
        ({"flight": "A", "other": None}, {"flight": "A"}, ["$.other"]),
        ({"flight": "A", "who": [{"age": 7}, {}]}, {"flight": "A", "who": [{"age": 8}, {}]}, ["$.who[0].age"]),
        ({"flight": "A", "who": [{}]}, {"flight": "A", "who": []}, ["$.who"]),
        ({"flight": 10**20}, {"flight": 10**20 + 1}, ["$.flight"]),
        ("[1]", "[2]", ["$"]),
        ('{"flight": "A"', '{"flight": "A"}', ["$"]),
    ],
)
def test_arguments_that_may_mean_something_else_are_named(one: Any, other: Any, paths: list[str]) -> None:
    """What the schema does not make equal is left to a judge, with the places to look at."""
    compared = compare(_says(_call(one)), _says(_call(other)), [TOOL])
    assert compared.outcome is Outcome.ARGUMENTS
    assert [(one.tool, list(one.paths)) for one in compared.differing] == [("book", paths)]


def test_other_tools_and_other_numbers_of_calls_need_no_judge_to_tell() -> None:
    """Names go before counts, and what either side lacks is named once per call."""
    a, b = _call({"flight": "A"}), _call({"x": 1}, "find")
    assert compare(_says(a), _says(b)).outcome is Outcome.NAMES
    assert compare(_says(a), _says("Which flight?")).outcome is Outcome.NAMES
    compared = compare(_says(a), _says(a, a, a))
    assert (compared.outcome, compared.only_candidate) == (Outcome.COUNT, ("book", "book"))
    assert (compared.baseline_calls, compared.candidate_calls) == (1, 3)
    mixed = compare(_says(a, b), _says(a, a))
    assert (mixed.outcome, mixed.only_baseline, mixed.only_candidate) == (Outcome.NAMES, ("find",), ("book",))


def test_parallel_calls_have_no_order_unless_it_is_said_to_matter() -> None:
    """Without being asked, order counts for nothing; with `ordered`, another sequence is another thing to do."""
    a, b, find = _call({"flight": "A"}), _call({"flight": "B"}), _call({}, "find")
    assert compare(_says(a, find), _says(find, a)).outcome is Outcome.SAME
    assert compare(_says(a, find), _says(find, a), ordered=True).outcome is Outcome.ORDER
    assert compare(_says(a, b), _says(b, a), ordered=True).outcome is Outcome.ORDER
    assert compare(_says(a, b), _says(a, b), ordered=True).outcome is Outcome.SAME
    placed = compare(_says(a, b), _says(a, a), ordered=True)
    assert (placed.outcome, len(placed.differing)) == (Outcome.ARGUMENTS, 1)


def test_each_call_is_held_against_the_nearest_one() -> None:
    """Of parallel calls of one tool, equal ones are set aside and the others paired by how little they differ."""
    ours = [_call({"a": 1, "b": 1}), _call({"a": 2, "b": 2}), _call({"a": 3, "b": 3})]
    theirs = [_call({"a": 3, "b": 3}), _call({"a": 2, "b": 9}), _call({"a": 1, "b": 8})]
    compared = compare(_says(*ours), _says(*theirs))
    assert [one.paths for one in compared.differing] == [("$.b",), ("$.b",)]


def test_text_beside_calls_is_not_lost() -> None:
    """The same calls with other words are not settled, and it is known who speaks."""
    call = _call({"flight": "A"})
    compared = compare(_says("Booking it.", call), _says(call))
    assert (compared.outcome, compared.same_text, compared.settled) == (Outcome.SAME, False, False)
    assert (compared.baseline_speaks, compared.candidate_speaks) == (True, False)
    assert compare(_says("Hi", call), _says("Hi ", call)).settled


def test_a_schema_without_end_comes_to_an_end() -> None:
    """References in a circle and trees that default to empty trees are followed only as far as the arguments go."""
    tree = {"type": "object", "properties": {"left": {"$ref": "#", "default": {}}, "loop": {"$ref": "#/$defs/loop"}}}
    tool = ToolDefinition(name="book", parameters={**tree, "$defs": {"loop": {"$ref": "#/$defs/loop"}}})
    compared = compare(_says(_call({"left": {"left": {}}})), _says(_call({})), [tool])
    assert compared.outcome is Outcome.SAME


def test_a_thousand_calls_are_compared_at_once() -> None:
    """An answer that repeats itself a thousand times costs no thousand times a thousand comparisons."""
    ours, theirs = ([_call({"n": n, "who": who}) for n in range(1000)] for who in "ab")
    assert len(compare(_says(*ours), _says(*theirs)).differing) == 1000


_LEAVES = st.sampled_from([None, True, 0, 1, 1.0, 2.5, "1", "2.5", "x", "caf\u00e9"])
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
_SCHEMAS = st.recursive(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "number", "INTEGER", "object", "array"])})
    | st.dictionaries(
        st.sampled_from(["default", "$ref", "required", "anyOf", "items", "type", "properties"]),
        _VALUES | st.just("#"),
        max_size=2,
    ),
    lambda inner: (
        st.builds(
            lambda named, needed: {"properties": named, "required": needed},
            st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            st.lists(st.sampled_from("abc"), max_size=2),
        )
        | st.fixed_dictionaries({"items": inner, "default": _VALUES})
    ),
    max_leaves=4,
)
_CALLS = st.builds(
    _call,
    st.dictionaries(st.sampled_from("abc"), _VALUES, max_size=2) | st.text(max_size=3),
    st.sampled_from(["f", "g"]),
)
_ANSWERS = st.lists(_CALLS | st.sampled_from(["", "hi"]), max_size=4).map(lambda parts: _says(*parts))
_TOOLS = st.builds(lambda schema: [ToolDefinition(name="f", parameters=schema)], _SCHEMAS)


def _turned(compared: Comparison) -> dict[str, Any]:
    facts = compared.model_dump()
    swapped = {
        "only_baseline",
        "only_candidate",
        "baseline_calls",
        "candidate_calls",
        "baseline_speaks",
        "candidate_speaks",
    }
    other = {"baseline": "candidate", "candidate": "baseline"}
    for name in swapped:
        side = "baseline" if "baseline" in name else "candidate"
        facts[name] = getattr(compared, name.replace(side, other[side]))
    return facts


@settings(max_examples=300, deadline=None)
@given(one=_ANSWERS, other=_ANSWERS, tools=_TOOLS, ordered=st.booleans())
def test_either_answer_may_be_the_baseline(one: Message, other: Message, tools: Any, *, ordered: bool) -> None:
    """Turned round, the comparison says the same of the same sides."""
    there, back = compare(one, other, tools, ordered=ordered), compare(other, one, tools, ordered=ordered)
    assert _turned(there) == back.model_dump()


@settings(max_examples=200, deadline=None)
@given(one=_ANSWERS, tools=_TOOLS, ordered=st.booleans())
def test_every_answer_calls_the_same_as_itself(one: Message, tools: Any, *, ordered: bool) -> None:
    """No answer differs from itself, whatever the schema."""
    compared = compare(one, one, tools, ordered=ordered)
    assert compared.settled
    assert compared.differing == ()


@settings(max_examples=200, deadline=None)
@given(one=_ANSWERS, other=_ANSWERS, tools=_TOOLS)
def test_what_is_identical_is_the_same(one: Message, other: Message, tools: Any) -> None:
    """What ties without a judge is never called different here."""
    if canonical_calls(one) == canonical_calls(other):
        assert compare(one, other, tools).outcome is Outcome.SAME


@settings(max_examples=200, deadline=None)
@given(one=_ANSWERS, other=_ANSWERS, tools=_TOOLS)
def test_differing_arguments_always_have_a_place(one: Message, other: Message, tools: Any) -> None:
    """Where arguments differ, there is at least one pair, and each has at least one path."""
    compared = compare(one, other, tools)
    assert bool(compared.differing) == (compared.outcome is Outcome.ARGUMENTS)
    assert all(pair.paths for pair in compared.differing)
