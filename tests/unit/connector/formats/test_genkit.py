"""Genkit's untyped parts come back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.repairs import Repair
from rollouts.types import Media, Message, ToolResult
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, thorough
from tests.writers.tracers import genkit as written


@quick
@given(dialogues())
def test_messages_come_back(messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(written(messages)) == ("genkit", messages)


@thorough
@given(dialogues(), st.data())
def test_damage_is_named(messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, written(messages))


def test_a_table_for_text_is_json() -> None:
    """Where JSON was asked for, the text is a table."""
    call = read_call(
        logged([{"role": "user", "content": [{"text": "JSON!"}]}], {"role": "model", "content": [{"text": {"a": 1}}]})
    )
    assert answer_of(call).text == '{"a":1}'


def test_calls_without_a_reference_are_matched_by_name() -> None:
    """Results find their calls by name, then by order."""
    asked = [
        {
            "role": "user",
            "content": [{"text": "Go"}, {"media": {"url": "data:image/png;base64,AA==", "contentType": "image/png"}}],
        },
        {
            "role": "model",
            "content": [{"toolRequest": {"name": "a", "input": {}}}, {"toolRequest": {"name": "b", "input": {}}}],
        },
        {
            "role": "tool",
            "content": [{"toolResponse": {"name": "b", "output": 2}}, {"toolResponse": {"name": "a", "output": 1}}],
        },
    ]
    call = read_call(logged(asked, {"role": "model", "content": [{"text": "x"}]}, parameters={}))
    ids = {made.name: made.id for made in call.messages[1].tool_calls}
    results = [each for message in call.messages for each in message.parts if isinstance(each, ToolResult)]
    assert {(each.id, each.response) for each in results} == {(ids["a"], "1"), (ids["b"], "2")}
    assert isinstance(call.messages[0].parts[1], Media)
    assert Repair.CALL_IDS in call.repairs
