"""OpenInference's wrapped messages come back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from rollouts.types import Media, Message
from tests.dialogues import dialogues, logged, only_unusable, quick, reread, thorough
from tests.writers.tracers import openinference as written


@quick
@given(dialogues())
def test_messages_come_back(messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(written(messages)) == ("openinference", messages)


@thorough
@given(dialogues(), st.data())
def test_damage_is_named(messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, written(messages))


def test_images_among_the_contents() -> None:
    """An image has an address inside an image inside an image."""
    image = {"message_content": {"type": "image", "image": {"image": {"url": "https://x/a.png"}}}}
    call = read_call(
        logged(
            [{"message": {"role": "user", "contents": [image]}}],
            [{"message": {"role": "assistant", "content": "A cat"}}],
        )
    )
    found = call.messages[0].parts[0]
    assert isinstance(found, Media)
    assert (found.type, found.modality, found.content) == ("uri", "image", "https://x/a.png")


def test_tools_and_parameters_are_in_attributes() -> None:
    """Definitions are numbered; parameters are one JSON text."""
    attributes = {
        "llm.tools.0.tool.json_schema": '{"type":"function","function":{"name":"f"}}',
        "llm.invocation_parameters": '{"temperature":0.5}',
    }
    call = read_call(logged([{"message": {"role": "user", "content": "Hi"}}], "Hello", attributes=attributes))
    assert [tool.name for tool in call.tools] == ["f"]
    assert call.parameters.temperature == 0.5
