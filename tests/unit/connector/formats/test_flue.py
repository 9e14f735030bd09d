"""Flue's contexts come back."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.types import Observation
from rollouts.types import Media, Message, Reasoning, Text, ToolResult
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, thorough


def wire(message: Message) -> dict[str, Any]:
    """Write one message as pi's agent does."""
    if isinstance(result := message.parts[0], ToolResult):
        blocks = [{"type": "text", "text": result.response}]
        return {"role": "toolResult", "toolCallId": result.id, "toolName": "x", "content": blocks, "isError": False}
    return {"role": message.role, "content": [*map(_block, message.parts)]}


def _block(part: Any) -> dict[str, Any]:
    if part.type == "tool_call":
        return {"type": "toolCall", "id": part.id, "name": part.name, "arguments": json.loads(part.arguments)}
    return {"type": "text", "text": part.content}


def written(messages: tuple[Message, ...]) -> Observation:
    """Write a call; the system prompt is beside the messages."""
    told = messages[0].text if messages[0].role == "system" else ""
    *asked, answered = [wire(message) for message in messages if message.role != "system"]
    return logged({"systemPrompt": told, "messages": asked, "tools": []}, {**answered, "stopReason": "stop"})


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
