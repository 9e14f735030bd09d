"""LiveKit's chat contexts come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from rollouts.types import Message
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, said, thorough
from tests.writers.tracers import livekit as written


@quick
@given(dialogues())
def test_messages_come_back(messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(written(messages)) == ("livekit", messages)


@thorough
@given(dialogues(), st.data())
def test_damage_is_named(messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, written(messages))


def test_text_is_an_answer_and_an_unknown_item_is_named() -> None:
    """The usual answer is text; what no one knows is not skipped."""
    hello = {"type": "message", "role": "user", "content": ["Hi"]}
    aside = {"type": "agent_handoff", "new_agent_id": "b"}
    call = read_call(logged({"items": [hello, aside]}, "Hello"))
    assert (call.messages, answer_of(call)) == ((said("user", "Hi"),), said("assistant", "Hello"))
    with pytest.raises(Unusable, match="unknown"):
        read_call(logged({"items": [hello, {"type": "hologram"}]}, "Hello"))
