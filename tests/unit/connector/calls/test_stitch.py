"""Calls that log only what is new get their history back, or are said to lack it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import dropwhile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.calls.stitch import INCOMPLETE, STITCHED, begins_in_the_middle, stitch
from connector.formats.repairs import Repair
from connector.split import split
from connector.traces import Call, Conversation, Trace
from connector.turns.worth import TurnRules
from connector.types import Disposition, Fate
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


NEXT = Message(role="user", parts=(Text(content="And tomorrow?"),))
PROMPT = Message(role="system", parts=(Text(content="Be kind."),))


def named(number: int, messages: tuple[Message, ...], answer: Message, **more: Any) -> Call:
    """Return a logged call of a framework that writes ids."""
    return call(number, messages, answer).model_copy(update={"format": "otel_genai", **more})


def histories(*calls: Call, **more: Any) -> list[tuple[Message, ...]]:
    """Return the whole history of each call."""
    return [whole.messages for whole in stitch(calls, **more)]


@pytest.mark.parametrize("follows", ["resp_1", "own-name"])
def test_a_new_question_follows_the_response_that_it_names(follows: str) -> None:
    """The provider knows what came before; a bare question is not all that the model saw."""
    first = named(0, (PROMPT, USER), SAYS, response_id=follows)
    second = named(1, (NEXT,), SAYS, follows=follows)
    assert histories(first, second)[1] == (PROMPT, USER, SAYS, NEXT)


def test_a_question_that_follows_an_unknown_response_lacks_its_history() -> None:
    """It looks whole, and is not."""
    [lost] = stitch([named(1, (NEXT,), SAYS, follows="resp_0")])
    assert lost.lacks == INCOMPLETE
    assert begins_in_the_middle(lost)


def test_steps_of_a_conversation_that_the_provider_keeps_follow_each_other() -> None:
    """A thread's steps all bear its name."""
    first, second = (named(n, (said,), SAYS, follows="thread_1") for n, said in enumerate((USER, NEXT)))
    assert histories(first, second)[1] == (USER, SAYS, NEXT)
    [alone] = stitch([second])
    assert (alone.lacks, begins_in_the_middle(alone)) == (None, True)


def test_a_name_of_the_applications_own_proves_nothing() -> None:
    """Koog and others name the session there and log whole histories: two questions may be two conversations."""
    first, second = (named(n, (said,), SAYS, follows="6f8d") for n, said in enumerate((USER, NEXT)))
    assert histories(first, second)[1] == (NEXT,)


@pytest.mark.parametrize("follows", ["resp_1", "thread_1"])
def test_a_whole_history_is_never_stitched(follows: str) -> None:
    """An application that sends everything itself may log ids as well."""
    first = named(0, (USER,), SAYS, response_id=follows, follows="thread_1")
    second = named(1, (USER, SAYS, NEXT), SAYS, follows=follows, response_id="resp_2")
    third = named(2, (USER, SAYS, NEXT, SAYS, USER), SAYS, follows="resp_2")
    assert histories(first, second, third)[1:] == [second.messages, third.messages]


def test_a_conversation_of_which_one_history_is_whole_is_the_applications() -> None:
    """Its own questions beside the conversation, such as for a title, begin nowhere but with themselves."""
    logged = [(USER,), (USER, SAYS, NEXT), (NEXT,)]
    calls = [named(n, messages, SAYS, follows="thread_1") for n, messages in enumerate(logged)]
    assert histories(*calls) == logged


def test_results_after_a_question_are_put_nowhere() -> None:
    """The calls between them were lost; with the predecessor in front the question would be asked twice."""
    broken = named(1, (USER, RESULT), SAYS)
    assert histories(named(0, (USER,), ASKS), broken)[1] == broken.messages


def test_a_trimmed_window_is_what_the_model_saw() -> None:
    """Applications keep the last messages: nothing is put in front of them."""
    window = named(1, (SAYS, NEXT), SAYS)
    assert histories(named(0, (USER,), SAYS), window)[1] == window.messages
    again = named(2, (RESULT, SAYS, NEXT), SAYS)
    assert histories(named(0, (USER,), ASKS), again)[1] == again.messages


def test_items_that_repeat_an_answer_of_the_responses_api_find_its_question() -> None:
    """Items are sent back without the question that the server knows."""
    assert histories(call(0, (USER,), SAYS), call(1, (SAYS, NEXT), SAYS))[1] == (USER, SAYS, NEXT)


def test_results_that_several_answers_asked_for_find_none() -> None:
    """No call alone is their predecessor."""
    other = Message(role="tool", parts=(ToolResult(id="c9", response="rain"),))
    for results in ((RESULT, other), (other, RESULT)):
        assert histories(call(0, (USER,), ASKS), call(1, results, SAYS))[1] == results


def test_a_chain_is_stitched_link_by_link() -> None:
    """Each step continues the whole history of the one before."""
    more = Message(role="assistant", parts=(ToolCall(id="c2", name="look", arguments="{}"),))
    result = Message(role="tool", parts=(ToolResult(id="c2", response="rain"),))
    calls = [call(0, (PROMPT, USER), ASKS), call(1, (RESULT,), more), call(2, (result,), SAYS)]
    assert histories(*calls)[2] == (PROMPT, USER, ASKS, RESULT, more, result)


def test_a_prompt_of_its_own_stays() -> None:
    """Agents renew the date in theirs with every step."""
    fresh = Message(role="system", parts=(Text(content="Today is Monday."),))
    first, second = call(0, (PROMPT, USER), ASKS), call(1, (fresh, RESULT), SAYS)
    assert histories(first, second)[1] == (fresh, USER, ASKS, RESULT)


def test_earlier_traces_give_history_and_no_turns() -> None:
    """Only the calls at hand come back."""
    [whole] = stitch([call(1, (RESULT,), SAYS)], earlier=[call(0, (USER,), ASKS)])
    assert (whole.observation_id, whole.messages) == ("o1", (USER, ASKS, RESULT))


def test_made_up_ids_match_below_one_parent_only() -> None:
    """A result without an id is `call_0` in every trace."""
    asks = Message(role="assistant", parts=(ToolCall(id="call_0", name="look", arguments="{}"),))
    result = Message(role="tool", parts=(ToolResult(id="call_0", response="rain"),))
    first, second = call(0, (USER,), asks), call(1, (result,), SAYS)
    second = second.model_copy(update={"repairs": (Repair.CALL_IDS, Repair.ORPHANS)})
    assert histories(first, second, lines={"o0": "a", "o1": "b"})[1] == (result,)
    [_, joined] = stitch([first, second], lines={"o0": "a", "o1": "a"})
    assert joined.messages == (USER, asks, result)
    assert joined.repairs == (Repair.CALL_IDS, STITCHED)


def test_a_plugins_steps_follow_each_other_below_one_parent() -> None:
    """A sub-agent's steps lie between the main one's in time; results come by their order, some of them twice."""
    plugin = {"format": "codex"}
    nameless = Message(role="tool", parts=(ToolResult(id="call_7", response="sunny"),))
    main = [call(0, (USER,), ASKS), call(3, (nameless,), SAYS), call(5, (RESULT,), SAYS)]
    sub = [call(1, (NEXT,), ASKS), call(4, (RESULT,), SAYS)]
    calls = sorted((each.model_copy(update=plugin) for each in (*main, *sub)), key=lambda each: each.started_at)
    whole = stitch(calls, lines={"o0": "", "o1": "sub", "o3": "", "o4": "sub", "o5": ""})
    assert {each.observation_id: each.messages for each in whole} == {
        "o0": (USER,),
        "o1": (NEXT,),
        "o3": (USER, ASKS, RESULT),
        "o4": (NEXT, ASKS, RESULT),
        "o5": (USER, ASKS, RESULT, SAYS, RESULT),
    }


def test_several_results_are_given_to_the_calls_in_order() -> None:
    """Each takes the next call that nothing else answers."""
    asks = Message(role="assistant", parts=tuple(ToolCall(id=name, name="look", arguments="{}") for name in "abc"))
    new = [Message(role="tool", parts=(ToolResult(id=name, response=name),)) for name in ("x", "b", "y")]
    plugin = [each.model_copy(update={"format": "codex"}) for each in (call(0, (USER,), asks), call(1, (*new,), SAYS))]
    joined = stitch(plugin)[1].messages[2:]
    results = [part for message in joined for part in message.parts if isinstance(part, ToolResult)]
    assert [(part.id, part.response) for part in results] == [
        ("a", "x"),
        ("b", "b"),
        ("c", "y"),
    ]


words = st.sampled_from(["a", "b"])
said = st.builds(lambda text: Message(role="user", parts=(Text(content=text),)), words)
answered = st.builds(lambda text: Message(role="assistant", parts=(Text(content=text),)), words)
asked = st.builds(
    lambda name: Message(role="assistant", parts=(ToolCall(id=name, name="look", arguments="{}"),)), words
)
told = st.builds(lambda name: Message(role="tool", parts=(ToolResult(id=name, response="x"),)), words)
histories_of_any_kind = st.lists(st.one_of(said, answered, asked, told), max_size=4).map(tuple)


@given(
    st.lists(
        st.tuples(
            histories_of_any_kind,
            st.one_of(answered, asked),
            st.sampled_from([None, "resp_1", "thread_1", "x"]),
            st.sampled_from([None, "resp_1"]),
            st.sampled_from(["otel_genai", "openai_responses", "codex"]),
        ),
        max_size=6,
    )
)
def test_stitching_only_ever_adds_in_front(logged: list[tuple[Any, ...]]) -> None:
    """Every call comes back once, in order; what it logged itself, after a repeated answer, ends its history."""
    calls = [
        named(n, messages, answer, follows=follows, response_id=response, format=kind)
        for n, (messages, answer, follows, response, kind) in enumerate(logged)
    ]
    whole = stitch(calls)
    assert [each.observation_id for each in whole] == [each.observation_id for each in calls]
    for before, after in zip(calls, whole, strict=True):
        own = list(dropwhile(lambda message: message.role == "assistant", before.messages))
        assert [m.role for m in after.messages[len(after.messages) - len(own) :]] == [m.role for m in own]
        assert STITCHED in after.repairs or after.messages == before.messages
