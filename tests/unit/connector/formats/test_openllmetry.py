"""OpenLLMetry's indexed attributes come back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.formats.repairs import Repair
from rollouts.types import Message, Reasoning, Text, ToolResult
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, said, thorough
from tests.writers.tracers import openllmetry as written

SCOPE = "opentelemetry.instrumentation.anthropic"
USER = {"role": "user", "content": "Weather?"}


@quick
@given(dialogues())
def test_messages_come_back(messages: tuple[Message, ...]) -> None:
    """Roles, texts, parallel calls and results are read as they were written."""
    assert reread(written(messages)) == ("openllmetry", messages)


@thorough
@given(dialogues(), st.data())
def test_damage_is_named(messages: tuple[Message, ...], data: st.DataObject) -> None:
    """Whatever is broken, reading gives a call or a reason."""
    only_unusable(data, written(messages))


def test_results_hide_in_the_users_text() -> None:
    """Anthropic's results are blocks, as JSON in the text of a user's message; words may follow."""
    told = [{"type": "text", "text": "Sunny"}]
    failed = {"type": "tool_result", "tool_use_id": "c", "content": told, "is_error": True}
    blocks = [failed, {"type": "text", "text": "So?"}]
    asked = [USER, {"role": "assistant", "tool_calls": [{"id": "c", "name": "f", "arguments": "{}"}]},
             {"role": "user", "content": json.dumps(blocks)}]  # fmt: skip
    call = read_call(logged(asked, [{"role": "assistant", "content": "Yes."}], scope=SCOPE))
    assert call.messages[2:] == (
        Message(role="tool", parts=(ToolResult(id="c", response="Sunny", is_error=True),)),
        said("user", "So?"),
    )
    assert Repair.JSON_IN_TEXT in call.repairs


def test_thoughts_belong_to_the_answer_after_them() -> None:
    """A completion of role `thinking` is neither a turn nor an alternative."""
    both = [
        {"role": "thinking", "content": "hm", "finish_reason": "end_turn"},
        {"role": "assistant", "content": "Yes."},
    ]
    call = read_call(logged([USER], both, scope=SCOPE))
    assert answer_of(call).parts == (Reasoning(content="hm"), Text(content="Yes."))
    assert call.repairs == ()


@pytest.mark.parametrize("reason", ["tool_use", "tool_calls"])
def test_lost_calls_are_not_an_empty_answer(reason: str) -> None:
    """Streams lose their calls; the answer is then unknown."""
    with pytest.raises(Unusable, match="not logged"):
        read_call(logged([USER], [{"role": "assistant", "finish_reason": reason}], scope=SCOPE))


def test_the_first_completion_api() -> None:
    """A prompt was an attribute named after its role."""
    call = read_call(logged([{"user": "Hi"}], [{"content": "Hello"}], scope="opentelemetry.instrumentation.openai.v1"))
    assert (call.messages, answer_of(call)) == ((said("user", "Hi"),), said("assistant", "Hello"))
