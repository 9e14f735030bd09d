"""OpenLIT's transcripts are read, where they are its own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.formats.repairs import Repair
from rollouts.types import Message
from tests.dialogues import dialogues, logged, only_unusable, quick, reread, said, thorough
from tests.writers.tracers import openlit as written

SIGNS: list[dict[str, Any]] = [
    {"scope": "openlit.otel.tracing"},
    {"parameters": {"is_stream": False}},
    {"parameters": {"max_tokens": -1, "seed": ""}},
    {"parameters": {"stop_sequences": '{"arrayValue":{}}'}},
]


@quick
@given(dialogues(calls=False))
def test_messages_come_back(messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(written(messages)) == ("openlit", messages)


@thorough
@given(dialogues(calls=False), st.data())
def test_damage_is_named(messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, written(messages))


@pytest.mark.parametrize("signs", SIGNS, ids=str)
def test_each_sign_tells(signs: dict[str, Any]) -> None:
    """Its scope, or what it writes for parameters that nobody set; none of which reaches a challenger."""
    call = read_call(logged("system: Be brief.\nuser: one\ntwo", "ok", **signs))
    assert call.messages == (said("system", "Be brief."), said("user", "one\ntwo"))
    assert call.repairs == (Repair.FLAT,)
    assert call.parameters.given() == ()


def test_without_a_sign_it_is_what_somebody_wrote() -> None:
    """A person may write such a text."""
    assert read_call(logged("user: one", "ok")).messages == (said("user", "user: one"),)


@pytest.mark.parametrize(("asked", "answered"), [("user: a\nassistant: None\ntool: 3", "b"), ("user: a", "None")])
def test_lost_calls_are_named(asked: str, answered: str) -> None:
    """`None` stands where calls were."""
    with pytest.raises(Unusable, match="not logged"):
        read_call(logged(asked, answered, scope="openlit"))
