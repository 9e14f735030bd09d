from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.faults import Fault, FaultKind, faults
from rollouts.types import Completion, Message, Text, ToolCall, ToolDefinition

BOOK = ToolDefinition(
    name="book",
    parameters={
        "type": "object",
        "properties": {
            "flight": {"type": "string"},
            "seats": {"type": "integer", "minimum": 1},
            "who": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        },
        "required": ["flight"],
        "additionalProperties": False,
    },
)


def _answer(*arguments: str, name: str = "book", finish_reason: str | None = "tool_calls") -> Completion:
    calls = tuple(ToolCall(id=str(index), name=name, arguments=text) for index, text in enumerate(arguments))
    message = Message(role="assistant", parts=(Text(content="One moment."), *calls))
    return Completion(message=message, finish_reason=finish_reason)


def _kinds(found: tuple[Fault, ...]) -> list[str]:
    return [fault.kind.value for fault in found]


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        ('{"flight": "HAT1", "seats": 2}', []),
        ('{"flight": "HAT1", "seats": 2.0}', []),
        ("{}", ["missing_argument"]),
        ("", ["missing_argument"]),
        ('{"flight": 1}', ["schema"]),
        ('{"flight": "HAT1", "seats": "2"}', ["schema"]),
        ('{"flight": "HAT1", "seats": 0}', ["schema"]),
        ('{"flight": "HAT1", "meal": "vegan"}', ["schema"]),
        ('{"flight": "HAT1", "who": [{"name": "x"}, {}]}', ["missing_argument"]),
        ('["HAT1"]', ["not_an_object"]),
        ('"HAT1"', ["not_an_object"]),
        ("null", ["not_an_object"]),
        ("flight HAT1", ["not_an_object"]),
        ("{'flight': 'HAT1'}", ["not_an_object"]),
        ('{"flight": "HAT1"} and more', ["not_an_object"]),
        ('{"flight": NaN}', ["not_an_object"]),
        ('{"flight": ' + "[" * 100_000, ["not_an_object"]),
    ],
)
def test_each_flaw_has_its_kind(arguments: str, kinds: list[str]) -> None:
    """Arguments in order have no fault, and each way to break them has a name of its own."""
    assert _kinds(faults(_answer(arguments), [BOOK])) == kinds


WHOLE = '{"flight": "H\\"AT\\u00e9\\\\", "seats": -12.5e3, "who": [{"name": null}, true]}'


@pytest.mark.parametrize("length", range(1, len(WHOLE)))
def test_arguments_that_break_off_anywhere_are_truncated(length: int) -> None:
    """Wherever JSON is cut off, it is found to be cut off, also when nobody names a limit."""
    (fault,) = faults(_answer(WHOLE[:length], finish_reason=None), [BOOK])
    assert fault.kind is FaultKind.TRUNCATED


def test_the_limit_strikes_the_last_call() -> None:
    """An answer at its limit has one truncated call, the last one, even when its JSON happens to be complete."""
    fine = '{"flight": "HAT1"}'
    (fault,) = faults(_answer(fine, fine, finish_reason="length"), [BOOK])
    assert (fault.kind, fault.tool) == (FaultKind.TRUNCATED, "book")
    assert faults(_answer(finish_reason="length"), [BOOK]) == ()


def test_a_tool_nobody_offered_is_unknown() -> None:
    """Names must be among those offered; where no tool at all was logged, nothing can be said."""
    assert _kinds(faults(_answer("{}", name="teleport"), [BOOK])) == ["unknown_tool"]
    assert faults(_answer("{}", name="teleport"), []) == ()


def test_a_person_is_told_where_and_what() -> None:
    """The detail names the place and the rule, and never quotes what was given."""
    answer = _answer('{"flight": "HAT1", "who": [{"name": "x"}, {}], "seats": "4111-1111"}')
    seats, who = sorted(faults(answer, [BOOK]), key=lambda fault: fault.detail)
    assert seats.detail == '$.seats: against type "integer"'
    assert who.detail == "$.who[1]: 'name' is a required property"


@pytest.mark.parametrize(
    ("schema", "given_", "kinds"),
    [
        ({"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}}, {"n": "x"}, ["schema"]),
        ({"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}}, {"n": 1}, []),
        ({"properties": {"n": {"type": "string", "nullable": True}}}, {"n": None}, []),
        ({"properties": {"n": {"type": "string", "enum": ["a"], "nullable": True}}}, {"n": None}, []),
        ({"properties": {"n": {"$ref": "#/$defs/N"}}, "$defs": {"N": {"type": "integer"}}}, {"n": "x"}, ["schema"]),
        (
            {"properties": {"n": {"$ref": "#/definitions/N"}}, "definitions": {"N": {"type": "integer"}}},
            {"n": "x"},
            ["schema"],
        ),
        ({"properties": {"n": {"type": "integer", "required": True}}}, {"n": "x"}, ["schema"]),
        ({"properties": {"n": {"type": "any"}, "m": {"type": "integer"}}}, {"n": 1, "m": "x"}, ["schema"]),
        ({"properties": {"n": {"pattern": r"\p{L}+", "maxLength": 1}}}, {"n": "xx"}, ["schema"]),
        ({"properties": {"n": {"type": "integer", "exclusiveMinimum": True, "minimum": 2}}}, {"n": 1}, ["schema"]),
        (
            {"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"n": {"type": "integer"}}},
            {"n": "x"},
            ["schema"],
        ),
        ({"$schema": ["?"], "properties": {"n": {"type": "integer"}}}, {"n": "x"}, ["schema"]),
        ({"properties": {"n": {"type": "array", "minItems": "1", "items": {"type": "NUMBER"}}}}, {"n": []}, []),
        ({"properties": {"type": {"type": "STRING"}}}, {"type": "X"}, []),
        ({"properties": {"n": {"$ref": "#/nowhere"}}}, {"n": 1}, []),
        ({"$ref": "#"}, {"n": 1}, []),
        ({"properties": 3}, {"n": 1}, []),
        ({"x-unknown": {"type": 7}, "required": ["n"]}, {}, ["missing_argument"]),
        ({}, {"n": 1}, []),
    ],
)
def test_schemas_of_every_dialect_are_applied_as_far_as_they_go(
    schema: dict[str, Any], given_: dict[str, Any], kinds: list[str]
) -> None:
    """Gemini's types, old drafts and broken keywords neither raise nor hide what the rest of the schema says."""
    tool = ToolDefinition(name="book", parameters=schema)
    assert _kinds(faults(_answer(json.dumps(given_)), [tool])) == kinds


def test_nothing_is_fetched() -> None:
    """A schema that refers to another host is not followed there; what was found before stands."""
    asked = []

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Host) as host:
        Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        elsewhere = {"$ref": f"http://127.0.0.1:{host.server_port}/schema.json"}
        schema = {"required": ["m"], "properties": {"n": elsewhere}}
        found = faults(_answer('{"n": 1}'), [ToolDefinition(name="book", parameters=schema)])
        host.shutdown()
    assert asked == []
    assert _kinds(found) == ["missing_argument"]


def test_a_thousand_wrong_items_are_a_few_faults() -> None:
    """The number of faults per call is bounded."""
    tool = ToolDefinition(name="book", parameters={"properties": {"n": {"items": {"type": "string"}}}})
    assert len(faults(_answer(json.dumps({"n": [1] * 1000})), [tool])) == 10


_KEYWORDS = st.sampled_from(
    """type properties required items prefixItems anyOf oneOf allOf not if then $ref $defs definitions enum
    const default pattern patternProperties additionalProperties minimum exclusiveMinimum multipleOf
    minItems uniqueItems format nullable $schema $id $anchor $dynamicRef dependentRequired
    unevaluatedProperties contains propertyNames a b
    """.split()  # noqa: SIM905 - a column of forty words says nothing more
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**20),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.sampled_from(["object", "STRING", "integer", "array", "#", "#/$defs/a", "#/properties/a", "a", "[", "http://["]),
)
_SCHEMAS = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYWORDS, inner, max_size=4), max_leaves=15
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(
    schema=st.dictionaries(_KEYWORDS, _SCHEMAS, max_size=5), value=_VALUES, cut=st.integers(0, 40), whole=st.booleans()
)
def test_nothing_makes_it_raise(schema: dict[str, Any], value: Any, cut: int, *, whole: bool) -> None:
    """Whatever the schema and whatever the arguments, faults are told, not raised."""
    text = json.dumps(value)
    found = faults(_answer(text if whole else text[:cut]), [ToolDefinition(name="book", parameters=schema)])
    assert all(fault.tool == "book" and len(fault.detail) <= 200 for fault in found)
