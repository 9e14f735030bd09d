"""Contents come back as they were, in either spelling, with ids that fit although none were logged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.repairs import Repair
from rollouts.canonical import fingerprint
from rollouts.types import Media, Message, Reasoning, ToolResult
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, thorough
from tests.writers.google import gemini as written

HEY = [{"role": "user", "parts": [{"text": "hey"}]}]


@quick
@given(messages=dialogues(), snake=st.booleans())
def test_contents_come_back(*, messages: tuple[Message, ...], snake: bool) -> None:
    """The same turns; every result answers the call that it answered."""
    call = read_call(written(messages, snake=snake))
    read = (*call.messages, answer_of(call))
    assert [m.role for m in read] == [m.role for m in messages]
    expected = [_named(m) for m in messages]
    assert [fingerprint(m) for m in read] == [fingerprint(m) for m in expected]
    made = [c.id for m in messages for c in m.tool_calls]
    found = dict(zip(made, (c.id for m in read for c in m.tool_calls), strict=True))
    assert len(set(found.values())) == len(made)
    assert [found[i] for i in _answered(messages)] == _answered(read)
    assert (Repair.CALL_IDS in call.repairs) == bool(made)


def _named(message: Message) -> Message:
    parts = [
        p.model_copy(update={"response": json.dumps({"result": p.response})}) if isinstance(p, ToolResult) else p
        for p in message.parts
    ]
    return message.model_copy(update={"parts": tuple(parts)})


def _answered(messages: tuple[Message, ...]) -> list[str]:
    return [p.id for m in messages for p in m.parts if isinstance(p, ToolResult)]


@pytest.mark.parametrize(
    "asked", ["hey", ["hey"], [{"text": "hey"}], {"parts": [{"text": "hey"}]}, HEY, json.dumps(HEY)]
)
def test_contents_in_every_shape(asked: Any) -> None:
    """A text, a part, a content, or lists of them."""
    call = read_call(logged({"contents": asked}, {"candidates": [{"content": {"parts": [{"text": "hello"}]}}]}))
    assert [(m.role, m.text) for m in call.messages] == [("user", "hey")]
    assert answer_of(call).text == "hello"


def test_tools_and_how_to_answer() -> None:
    """Upper-case types are lowered, Google's own tools left out and named, a schema is a response format."""
    schema = {"type": "OBJECT", "properties": {"type": {"type": "STRING", "enum": ["A"]}}}
    declared = {"functionDeclarations": [{"name": "weather", "parameters": schema}]}
    body = {
        "contents": HEY,
        "tools": [declared, {"googleSearch": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "generationConfig": {"maxOutputTokens": 9, "topP": 0.5, "responseSchema": {"type": "STRING"}},
    }
    call = read_call(
        logged(body, {"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "MAX_TOKENS"}]})
    )
    wanted = {"type": "object", "properties": {"type": {"type": "string", "enum": ["A"]}}}
    assert [(tool.name, tool.parameters) for tool in call.tools] == [("weather", wanted)]
    assert call.repairs == (Repair.PROVIDER_TOOLS,)
    assert (call.parameters.max_tokens, call.parameters.top_p, call.parameters.tool_choice) == (9, 0.5, "required")
    assert call.parameters.response_format == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "string"}},
    }
    assert call.answer is not None
    assert call.answer.truncated


def test_thoughts_media_and_streams() -> None:
    """A thought is none of the answer; the pieces of a stream are one text; media keep their type."""
    parts = [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}, {"file_data": {"file_uri": "gs://b/a.pdf"}}]
    pieces = [{"text": "hm", "thought": True}, {"text": "Hel"}, {"text": "lo"}]
    stream = [{"candidates": [{"content": {"role": "model", "parts": [piece]}}]} for piece in pieces]
    call = read_call(logged({"contents": [*HEY, {"role": "user", "parts": parts}]}, stream))
    assert call.messages[1].parts == (
        Media(type="blob", modality="image", content="aGk=", mime_type="image/png"),
        Media(type="file", modality="document", content="gs://b/a.pdf"),
    )
    assert answer_of(call).parts[0] == Reasoning(content="hm")
    assert answer_of(call).text == "Hello"


def test_a_blocked_prompt_has_no_answer() -> None:
    """Google may send no candidate."""
    assert read_call(logged({"contents": HEY}, {"candidates": [], "promptFeedback": {}})).answer is None


@thorough
@given(data=st.data(), messages=dialogues(), snake=st.booleans())
def test_damage_is_unusable_at_worst(*, data: st.DataObject, messages: tuple[Message, ...], snake: bool) -> None:
    """Nothing but `Unusable` leaves a reader."""
    only_unusable(data, written(messages, snake=snake))
