"""What coding agents log is read as far as it goes, and always says what it lacks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.coding_agents import LACKS
from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.formats.repairs import Repair
from connector.types import Fate
from rollouts.types import Reasoning, ToolCall, ToolResult
from tests.dialogues import answer_of, only_unusable, said, thorough
from tests.logged import generation

STEP = {"codex.step_index": 0}
RESULTS = {"role": "tool", "tool_results": [{"tool_use_id": "c1", "tool_name": "Read", "output": "# A"}]}
TOLD = {"assistant_index": 0, "assistant_text": {"truncated": False}, "tool_count": 1}


def test_claude_codes_delta() -> None:
    """Results keep their call's id; calls come without arguments, which is named."""
    answer = {"role": "assistant", "content": "Let me see.", "tool_calls": [{"id": "c2", "name": "Read"}]}
    call = read_call(generation(RESULTS, answer, metadata=TOLD))
    assert call.messages[0].parts == (ToolResult(id="c1", response="# A"),)
    assert answer_of(call).tool_calls == (ToolCall(id="c2", name="Read", arguments="{}"),)
    assert Repair.NO_ARGUMENTS in call.repairs
    assert (call.format, call.lacks) == ("claude_code", LACKS)


def test_codexs_steps() -> None:
    """The first step holds the user's words, the next the results, without ids."""
    answer = {"reasoning": "hm", "tool_calls": [{"id": "c1", "name": "sh", "arguments": {"command": ["ls"]}}]}
    first = read_call(generation("List.", answer, metadata=STEP))
    assert first.messages == (said("user", "List."),)
    assert answer_of(first).parts == (
        Reasoning(content="hm"),
        ToolCall(id="c1", name="sh", arguments='{"command":["ls"]}'),
    )
    second = read_call(generation([{"name": "sh", "output": "a.txt"}], {"content": "One file."}, metadata=STEP))
    assert [m.role for m in second.messages] == ["tool"]
    assert Repair.CALL_IDS in second.repairs
    assert {first.lacks, second.lacks} == {LACKS}


@pytest.mark.parametrize(
    ("asked", "metadata"),
    [
        ([{"name": "sh", "output": "a …[truncated 900 chars]"}], STEP),
        ("List …[truncated 900 chars]", STEP),
        (RESULTS, {**TOLD, "assistant_text": {"truncated": True}}),
    ],
)
def test_texts_cut_short_are_unreplayable(asked: Any, metadata: dict[str, Any]) -> None:
    """Nobody can be asked half of what production was asked."""
    with pytest.raises(Unusable, match="cut a text short") as caught:
        read_call(generation(asked, {"content": "done"}, metadata=metadata))
    assert caught.value.fate is Fate.UNREPLAYABLE


def test_the_claude_agent_sdk_cannot_be_replayed() -> None:
    """Neither in pieces, as LangSmith exports it, nor as the agent's span alone."""
    with pytest.raises(Unusable, match="in pieces"):
        read_call(generation({"content": "role"}, {"content": []}, name="claude.assistant.turn"))
    agent = {"scope": {"name": "openinference.instrumentation.claude_agent_sdk"}}
    with pytest.raises(Unusable, match="no model call was logged"):
        read_call(generation("2+2?", "4", type="AGENT", metadata=agent))


@thorough
@given(st.data(), st.sampled_from([(RESULTS, TOLD), ("List.", STEP), ([{"name": "sh", "output": "a"}], STEP)]))
def test_damage_is_unusable_at_worst(data: st.DataObject, logged: Any) -> None:
    """Nothing but `Unusable` leaves a reader."""
    answer = {"role": "assistant", "content": "x", "tool_calls": [{"id": "c", "name": "f", "arguments": {}}]}
    only_unusable(data, generation(logged[0], answer, metadata=logged[1]))
