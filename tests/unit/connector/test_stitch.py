"""Calls that log only what is new get their history back, or are said to lack it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connector.split import TurnRules, split
from connector.stitch import STITCHED, stitch
from connector.types import Call, Conversation, Disposition, Fate, Trace
from rollouts.types import Challenge, Completion, Message, Text, ToolCall, ToolResult

BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
USER = Message(role="user", parts=(Text(content="Weather?"),))
ASKS = Message(role="assistant", parts=(ToolCall(id="c1", name="look", arguments="{}"),))
RESULT = Message(role="tool", parts=(ToolResult(id="c1", response="sunny"),))
SAYS = Message(role="assistant", parts=(Text(content="Sunny."),))


def call(number: int, messages: tuple[Message, ...], answer: Message) -> Call:
    """Return a logged call."""
    return Call(
        trace_id="t",
        observation_id=f"o{number}",
        started_at=BEGUN + timedelta(seconds=number),
        messages=messages,
        answer=Completion(message=answer),
        format="openai_responses",
    )


def turns(*calls: Call) -> list[Challenge | Disposition]:
    """Return what the split says of stitched calls."""
    trace = Trace(id="t", started_at=BEGUN)
    conversation = Conversation(id="t", trace=trace, calls=tuple(stitch(calls)))
    return list(split(conversation, TurnRules(tools_missing="include")))


def test_results_find_the_call_that_asked_for_them() -> None:
    """The follow-up gets the predecessor's history and answer in front, and says that it was stitched."""
    first, second = stitch([call(0, (USER,), ASKS), call(1, (RESULT,), SAYS)])
    assert second.messages == (USER, ASKS, RESULT)
    assert second.repairs == (STITCHED,)
    assert first.repairs == ()
    found = turns(call(0, (USER,), ASKS), call(1, (RESULT,), SAYS))
    assert [isinstance(turn, Challenge) for turn in found] == [True, True]


def test_an_assistant_message_that_is_logged_again_is_not_doubled() -> None:
    """Some frameworks log the calls together with their results."""
    _, second = stitch([call(0, (USER,), ASKS), call(1, (ASKS, RESULT), SAYS)])
    assert second.messages == (USER, ASKS, RESULT)


def test_what_finds_no_predecessor_is_counted_as_incomplete() -> None:
    """A challenger would be asked something that production was never asked."""
    [lost] = turns(call(1, (RESULT,), SAYS))
    assert isinstance(lost, Disposition)
    assert (lost.fate, lost.reason) == (Fate.UNREPLAYABLE, "its history is incomplete")


def test_a_whole_history_is_left_alone() -> None:
    """Only what begins in the middle is completed."""
    whole = call(1, (USER, ASKS, RESULT), SAYS)
    assert stitch([call(0, (USER,), ASKS), whole])[1] is whole
