"""BeeAI's Python lists in text are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from rollouts.types import Message
from tests.dialogues import dialogues, logged, only_unusable, quick, reread, said, thorough
from tests.writers.tracers import beeai as written

BEE = "openinference.instrumentation.beeai"


@quick
@given(dialogues(calls=False))
def test_messages_come_back(messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(written(messages)) == ("beeai", messages)


@thorough
@given(dialogues(calls=False), st.data())
def test_damage_is_named(messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, written(messages))


def test_a_call_that_only_started_has_no_answer() -> None:
    """What it answered is seen in a later history only."""
    call = read_call(
        logged([{"role": "user", "content": "[{'type': 'text', 'text': 'Hi'}]"}], None, parameters={"top_p": "null"})
    )
    assert (call.messages, call.answer, call.parameters.given()) == ((said("user", "Hi"),), None, ())


def test_broken_python_is_named() -> None:
    """A list that was cut off is not read as words."""
    with pytest.raises(Unusable):
        read_call(logged([{"role": "user", "content": "[{'type': 'text', 'text': open}]"}], "x"))
