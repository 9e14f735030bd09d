"""Flue's contexts come back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from rollouts.types import Media, Message, Reasoning, Text
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, thorough
from tests.writers.tracers import flue as written


@quick
@given(dialogues())
def test_messages_come_back(messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(written(messages)) == ("flue", messages)


@thorough
@given(dialogues(), st.data())
def test_damage_is_named(messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, written(messages))


def test_thoughts_and_images() -> None:
    """Thoughts are kept as thoughts, images by value."""
    image = {"type": "image", "data": "AA==", "mimeType": "image/png"}
    answer = {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "A cat"}],
    }
    call = read_call(logged({"systemPrompt": "x", "messages": [{"role": "user", "content": [image]}]}, answer))
    assert call.messages[1].parts == (Media(type="blob", modality="image", content="AA==", mime_type="image/png"),)
    assert answer_of(call).parts == (Reasoning(content="hm"), Text(content="A cat"))
