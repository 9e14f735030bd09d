"""What counts as the same, and what never does."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.canonical import canonical_calls, canonical_json, canonical_text, fingerprint
from rollouts.types import Media, Message, Part, Reasoning, Text, ToolCall, ToolResult

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def message(*parts: Part | str, role: Any = "assistant", name: str | None = None) -> Message:
    """Return a message; text may be given as it is."""
    return Message(
        role=role, parts=tuple(Text(content=part) if isinstance(part, str) else part for part in parts), name=name
    )


def call(arguments: str = "{}", name: str = "find", call_id: str = "c") -> ToolCall:
    """Return a tool call."""
    return ToolCall(id=call_id, name=name, arguments=arguments)


@given(words)
def test_canonical_text_is_already_canonical(text: str) -> None:
    """Doing it twice changes nothing, and how Unicode composes a letter never matters."""
    once = canonical_text(text)
    assert canonical_text(once) == once
    assert canonical_text(unicodedata.normalize("NFD", text)) == once


@given(values)
def test_json_is_the_same_however_it_is_written(value: Any) -> None:
    """Spaces, indentation, escapes and the order of keys never matter; what it says stays."""
    ways = [json.dumps(value), json.dumps(value, indent=2), json.dumps(value, ensure_ascii=False, sort_keys=True)]
    [one] = {canonical_json(way) for way in ways}
    assert canonical_json(one) == one


@pytest.mark.parametrize("broken", ["", "{", '{"a": 1', "hello ", "[" * 100_000, "1" * 5_000, '{"a": \ud83d}'])
def test_what_is_no_json_is_text(broken: str) -> None:
    """Broken arguments are compared as they stand, and nothing breaks on them."""
    assert canonical_json(broken) == broken.strip()


def test_long_numbers_stay_apart() -> None:
    """Ids beyond 64 bits that differ in their last digit are two ids."""
    assert canonical_json('{"id": 100000000000000000001}') != canonical_json('{"id": 100000000000000000002}')


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (message("hi"), message(" hi\r\n")),
        (message("a\nb"), message("a", "b")),
        (message("hi"), message(Reasoning(content="hm"), "hi")),
        (message("hi"), message("hi", name="bot")),
        (message(), message("")),
        (message(call('{"a": 1, "b": 2}')), message(call('{"b":2,"a":1}', call_id="x"))),
        (message(call("{}")), message(call(""))),
        (message(call(name="a"), call(name="b")), message(call(name="b"), call(name="a"))),
        (message(call('"e\u0301"')), message(call('"\u00e9"'))),
        (
            message(ToolResult(id="1", response='{"a": 1}'), role="tool"),
            message(ToolResult(id="2", response='{ "a":1 }'), role="tool"),
        ),
    ],
)
def test_copies_of_a_message_share_a_fingerprint(one: Message, other: Message) -> None:
    """Ids, thoughts, names, spelling and the order of parallel calls make no other message."""
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (message("hi"), message("Hi")),
        (message("a  b"), message("a b")),
        (message("hi"), message("hi", role="user")),
        (message("find"), message(call(""))),
        (message(call()), message(call(), call())),
        (message(call('{"a": 1}')), message(call('{"a": "1"}'))),
        (message(call(name="a")), message(call(name="b"))),
        (message(ToolResult(id="1", response="a"), role="tool"), message("a", role="tool")),
        (
            message(Media(type="uri", modality="image", content="https://x/1")),
            message(Media(type="uri", modality="image", content="https://x/2")),
        ),
    ],
)
def test_other_messages_have_other_fingerprints(one: Message, other: Message) -> None:
    """Case, inner spaces, roles, arguments, names, media and how often a tool is called all matter."""
    assert fingerprint(one) != fingerprint(other)


def test_calls_are_sorted_and_counted() -> None:
    """Parallel calls have no order of their own, and two equal ones stay two."""
    said = message(call('{"b": 1}', "b"), call("", "a"), call("{}", "a"))
    assert canonical_calls(said) == (("a", "{}"), ("a", "{}"), ("b", '{"b":1}'))
