"""Answers that the application began itself."""

from __future__ import annotations

from typing import Any

from connector.assemble import assemble
from connector.formats.detect import read_call
from connector.formats.repairs import Repair
from connector.types import Fate
from tests.logged import assistant, challenges, generation, read, trace, user

BEGUN = {"model": "claude", "max_tokens": 9, "messages": [user("as JSON"), assistant('{"a":')]}


def response(*blocks: dict[str, Any]) -> dict[str, Any]:
    """Return what Claude answers."""
    return {"type": "message", "role": "assistant", "content": list(blocks), "stop_reason": "end_turn"}


def test_a_begun_answer_is_whole_again() -> None:
    """Nobody else is asked to go on in the midst of a sentence: the beginning is the answer's, thoughts in between."""
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    one = trace("t", generation(BEGUN, response(thought, {"type": "text", "text": " 1}"})))
    [challenge] = challenges(one)
    assert [message.text for message in challenge.messages] == ["as JSON"]
    assert challenge.baseline.message.text == '{"a": 1}'


def test_a_begun_answer_that_ends_in_a_call_keeps_both() -> None:
    """Words that production put there stand before the call that followed."""
    call = {"type": "tool_use", "id": "c", "name": "find", "input": {}}
    [challenge] = challenges(trace("t", generation(BEGUN, response(call))))
    assert challenge.baseline.message.text == '{"a":'
    assert [asked.name for asked in challenge.baseline.message.tool_calls] == ["find"]


def test_only_where_the_model_goes_on_is_it_one_answer() -> None:
    """OpenAI's models begin anew after a last message of the assistant: what they were sent stays as it was."""
    messages = [user("as JSON"), assistant("one moment")]
    one = trace("t", generation({"messages": messages}, assistant("{}")))
    [*_, ended] = read(one).turns
    assert (ended.fate, ended.reason) == (Fate.UNREPLAYABLE, "its history ends with an assistant message")


def test_the_repair_is_named() -> None:
    """Reading one observation shows both halves as they were logged; the trace as a whole says what was joined."""
    row = generation(BEGUN, response({"type": "text", "text": " 1}"}))
    assert [message.role for message in read_call(row).messages] == ["user", "assistant"]
    [call] = assemble(trace("t", row)).conversation.calls
    assert Repair.PREFILL in call.repairs
