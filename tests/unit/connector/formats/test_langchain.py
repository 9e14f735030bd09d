"""LangChain's messages come back, in each of the ways in which it writes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.traces import Observation
from rollouts.types import Media, Message, Reasoning, ToolResult
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, said, thorough
from tests.logged import generation
from tests.writers.langchain import constructor, typed, with_role

HEY = {"type": "human", "content": "hey"}
CALL = {"name": "look", "args": {"a": 1}, "id": "c1", "type": "tool_call"}


@pytest.mark.parametrize("form", [typed, with_role, constructor])
@quick
@given(messages=dialogues())
def test_messages_come_back(form: Any, messages: tuple[Message, ...]) -> None:
    """The same turns, each call once; alone, in a batch of one, and as a state that repeats its input."""
    *asked, answered = map(form, messages)
    assert reread(logged(asked, answered)) == ("langchain", messages)
    assert reread(logged([asked], {"generations": [[{"text": "", "message": answered}]]})) == ("langchain", messages)
    whole = logged({"messages": asked}, {"messages": [*asked, answered]})
    assert reread(whole) == ("langchain", messages)


def test_tool_definitions_among_the_messages() -> None:
    """They are tools, not results."""
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    answer = {"role": "assistant", "content": "", "tool_calls": [CALL]}
    call = read_call(logged([{"role": "user", "content": "hey"}, {"role": "tool", "content": tool}], answer))
    assert [tool.name for tool in call.tools] == ["look"]
    assert call.messages == (said("user", "hey"),)


def test_javascript_names_results_after_their_tool() -> None:
    """The role is the name of the tool, and no id tells which call is meant."""
    asked = [HEY, {"role": "assistant", "content": "", "tool_calls": [CALL]}, {"role": "look", "content": "found"}]
    call = read_call(logged(asked, {"role": "assistant", "content": "done"}))
    assert call.messages[-1].parts == (ToolResult(id="c1", response="found"),)


def test_tuples_thoughts_and_media() -> None:
    """`["human", "hey"]`, reasoning beside the words, and LangChain's own image blocks."""
    token = "@@@langfuseMedia:type=image/png|id=m|source=base64_data_uri@@@"
    image = {"type": "human", "content": [{"type": "image_url", "image_url": {"url": token}}]}
    own = {"type": "human", "content": [{"type": "image", "base64": "aGk=", "mime_type": "image/png"}]}
    answer = {"type": "AIMessageChunk", "content": "hello", "additional_kwargs": {"reasoning_content": "hm"}}
    call = read_call(logged([["human", "hey"], image, own], answer))
    assert call.messages[0] == said("user", "hey")
    assert [p.modality for m in call.messages for p in m.parts if isinstance(p, Media)] == ["image", "image"]
    assert answer_of(call).parts[0] == Reasoning(content="hm")


def test_a_call_in_broken_json() -> None:
    """Alone it is no answer; beside words, or in a history, it is kept as the model wrote it."""
    broken = {"type": "ai", "content": "", "invalid_tool_calls": [{"name": "look", "args": '{"a": ', "id": "c1"}]}
    with pytest.raises(Unusable, match="broken JSON"):
        read_call(logged([HEY], broken))
    call = read_call(logged([HEY, broken, {"type": "tool", "content": "no", "tool_call_id": "c1"}], "done"))
    assert call.messages[1].tool_calls[0].arguments == '{"a": '


def test_its_metadata_marks_plain_chat() -> None:
    """`ls_` figures are parameters, whatever their spelling."""
    told = {"ls_provider": '"anthropic"', "ls_temperature": "0.2"}
    call = read_call(generation([{"role": "user", "content": "hey"}], "hello", metadata=told))
    assert (call.format, call.parameters.temperature) == ("langchain", 0.2)


@thorough
@given(st.data(), dialogues(), st.sampled_from([typed, with_role, constructor]))
def test_damage_is_unusable_at_worst(data: st.DataObject, messages: tuple[Message, ...], form: Any) -> None:
    """Nothing but `Unusable` leaves a reader."""
    *asked, answered = map(form, messages)
    only_unusable(data, _state(asked, answered) if data.draw(st.booleans()) else logged(asked, answered))


def _state(asked: list[Any], answered: Any) -> Observation:
    return logged({"messages": asked}, {"messages": [*asked, answered]})
