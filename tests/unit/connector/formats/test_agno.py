"""Agno's representations are read without evaluating them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from rollouts.types import Message
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, said, thorough
from tests.writers.tracers import agno as written


@quick
@given(dialogues())
def test_messages_come_back(messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(written(messages)) == ("agno", messages)


@thorough
@given(dialogues(), st.data())
def test_damage_is_named(messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, written(messages))


@pytest.mark.parametrize(
    "text",
    [
        "role='user' content=open('x')",
        "role='user' content=" + "[" * 5000,
        "role='user' content='a",
        "role='user' content=1+1j**9",
    ],
    ids=["a call", "too deep", "cut off", "arithmetic"],
)
def test_only_literals_are_read(text: str) -> None:
    """What is no literal is never run, however it looks."""
    with pytest.raises(Unusable):
        read_call(logged({"messages": [text]}, "x"))


def test_fields_inside_texts_are_texts() -> None:
    """Quotes and other fields inside a text belong to it."""
    text = """He said "role='x'" \\ and it's content='y' tool_calls=[1]"""
    call = read_call(
        logged({"messages": [f"role='user' content={text!r} name=None"]}, f"role='assistant' content={text!r}")
    )
    assert call.messages == (said("user", text),)
    assert answer_of(call) == said("assistant", text)
