"""Messages that were events of a span come back, whoever wrote them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from rollouts.types import Message, Reasoning, Text
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, said, thorough
from tests.writers.events import conventions, pydantic_v1, semantic_kernel, strands

writers = pytest.mark.parametrize("write", [conventions, semantic_kernel, pydantic_v1, strands])


@writers
@quick
@given(messages=dialogues())
def test_events_come_back(write: Any, messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(write(messages)) == ("otel_events", messages)


@writers
@thorough
@given(messages=dialogues(), data=st.data())
def test_damage_is_named(write: Any, messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, write(messages))


def test_a_choice_may_be_bare_text() -> None:
    """The message of a choice is words where it is no JSON."""
    call = read_call(
        logged([{"role": "user", "content": "Hi"}], {"index": 0, "finish_reason": "stop", "message": "Hello"})
    )
    assert answer_of(call) == said("assistant", "Hello")


def test_no_answer_is_no_answer() -> None:
    """Nothing is made up where the choice was not logged."""
    wires = [{"role": "user", "gen_ai.event.content": '{"role":"user","content":"Hi"}'}]
    assert read_call(logged(wires, None)).answer is None


def test_lost_calls_are_not_an_empty_answer() -> None:
    """A choice that ended for a tool, and holds none, is useless."""
    choice = {"index": 0, "finish_reason": "tool_calls", "message": '{"role":"assistant"}'}
    with pytest.raises(Unusable, match="not logged"):
        read_call(logged([{"role": "user", "content": "Hi"}], choice))


def test_a_person_may_write_blocks() -> None:
    """Text that looks like blocks stays text where the other texts are no blocks."""
    wires = [{"role": "user", "content": "Read this"}, {"role": "user", "content": '[{"text": "x"}]'}]
    call = read_call(logged(wires, {"index": 0, "finish_reason": "stop", "message": "Hello"}))
    assert call.messages[1].text == '[{"text": "x"}]'


def test_kinds_of_the_first_pydantic_ai() -> None:
    """Its parts had a `kind`; thoughts among them are not words."""
    asked = {
        "role": "user",
        "event.name": "gen_ai.user.message",
        "content": ["See", {"kind": "image-url", "url": "https://x/a"}],
    }
    spoken = [{"kind": "thinking", "text": "hm"}, {"kind": "text", "text": "A cat"}]
    call = read_call(logged([asked], {"index": 0, "message": {"role": "assistant", "content": spoken}}))
    assert [part.type for part in call.messages[0].parts] == ["text", "uri"]
    assert answer_of(call).parts == (Reasoning(content="hm"), Text(content="A cat"))
