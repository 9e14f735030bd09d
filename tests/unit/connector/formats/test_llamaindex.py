"""LlamaIndex's blocks come back; an answer that lost its calls is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from rollouts.types import Message
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, thorough
from tests.writers.tracers import llamaindex as written

HEY = {"role": "user", "blocks": [{"block_type": "text", "text": "hey"}], "additional_kwargs": {}}


@quick
@given(dialogues())
def test_blocks_come_back(messages: tuple[Message, ...]) -> None:
    """The same turns, ids and arguments."""
    assert reread(written(messages)) == ("llamaindex", messages)


def test_an_answer_as_its_own_text() -> None:
    """`str(ChatResponse)` begins with the role."""
    assert answer_of(read_call(logged({"messages": [HEY]}, "assistant: hello\nthere"))).text == "hello\nthere"


@pytest.mark.parametrize("answer", ["assistant: None", "assistant: "])
def test_lost_calls_are_no_answer(answer: str) -> None:
    """What looks like the word None was a tool call."""
    with pytest.raises(Unusable, match="tool calls of its answer were not logged"):
        read_call(logged({"messages": [HEY]}, answer))


@thorough
@given(st.data(), dialogues())
def test_damage_is_unusable_at_worst(data: st.DataObject, messages: tuple[Message, ...]) -> None:
    """Nothing but `Unusable` leaves a reader."""
    only_unusable(data, written(messages))
