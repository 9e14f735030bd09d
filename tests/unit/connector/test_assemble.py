"""Which observations of a trace are its calls, and which traces are one conversation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.assemble import assemble
from connector.calls.stitch import INCOMPLETE, STITCHED
from connector.traces import Observation, Trace, Use
from connector.types import Fate
from rollouts.types import Challenge
from tests.logged import BEGUN, assistant, challenges, generation, read, result, trace, user


def said(found: list[Challenge]) -> list[str]:
    """Return what production answered, turn by turn."""
    return [challenge.baseline.message.text for challenge in found]


def test_a_session_is_one_conversation() -> None:
    """Its traces share the conversation's id; those of others never do."""
    ids = {
        challenge.conversation_id
        for name, session in (("a", "s"), ("b", "s"), ("c", None))
        for challenge in challenges(trace(name, generation(user("hey"), "hello", trace=name), session_id=session))
    }
    assert ids == {"s", "c"}


def test_a_root_is_read_only_where_there_is_no_generation() -> None:
    """Simple applications log question and answer at the root, others repeat there what their calls say."""
    root: dict[str, Any] = {"id": "r", "trace_id": "t", "started_at": BEGUN, "ended_at": BEGUN}
    bare = Trace(
        id="t", started_at=BEGUN, observations=(Observation(**root, input={"question": "hey"}, output="hello"),)
    )
    foreign = bare.model_copy(
        update={"observations": (bare.observations[0].model_copy(update={"parent_id": "in-another-service"}),)}
    )
    beside = Trace(id="t", started_at=BEGUN, input="hey", output="hello", observations=(Observation(**root),))
    assert said(challenges(bare)) == said(challenges(foreign)) == said(challenges(beside)) == ["hello"]
    both = bare.model_copy(update={"observations": (*bare.observations, generation("hey", "inner"))})
    assert said(challenges(both)) == ["inner"]


def test_a_trace_without_any_call_is_counted() -> None:
    """Nothing that was written vanishes."""
    intake = read(trace("t"))
    assert (intake.trace.fate, intake.trace.reason, intake.turns) == (Fate.UNREADABLE, "no model call in it", ())


def steps_of_a_responses_loop(name: str, number: int) -> Observation:
    """Return a call that logs a tool's result alone; another trace asked for it."""
    return generation(
        [{"type": "function_call_output", "call_id": "c1", "output": "sun"}], "sunny", trace=name, number=number
    )


def asks_of_a_responses_loop(name: str) -> Observation:
    """Return a call that asks for a tool."""
    asks = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
    return generation({"input": "Weather?"}, [asks], trace=name)


def test_a_call_finds_its_history_in_an_earlier_trace_of_the_session() -> None:
    """Which gives its history and nothing else; without it the call begins in the middle."""
    before = trace("a", asks_of_a_responses_loop("a"), session_id="s")
    after = trace("b", steps_of_a_responses_loop("b", 5), session_id="s")
    alone = assemble(after)
    assert alone.begins_in_the_middle
    assert [call.lacks for call in alone.conversation.calls] == [INCOMPLETE]
    whole = assemble(after, earlier=[before])
    assert not whole.begins_in_the_middle
    [call] = whole.conversation.calls
    assert [message.role for message in call.messages] == ["user", "assistant", "tool"]
    assert [glance.observation_id for glance in whole.glances] == ["b-root", "b-5"]
    assert not assemble(before).begins_in_the_middle


def test_a_session_is_stitched_through_several_traces() -> None:
    """Each earlier trace continues those before it."""
    first = generation([user("hey")], "one", trace="a", metadata={"attributes": {"gen_ai.response.id": "resp_1"}})
    ids = {"gen_ai.response.id": "resp_2", "gen_ai.conversation.id": "resp_1"}
    second = generation([user("go on")], "two", trace="b", number=1, metadata={"attributes": ids})
    ids = {"gen_ai.conversation.id": "resp_2"}
    third = generation([user("and on")], "three", trace="c", number=2, metadata={"attributes": ids})
    earlier = [trace(name, call, session_id="s") for name, call in (("a", first), ("b", second))]
    [call] = assemble(trace("c", third, session_id="s"), earlier=earlier).conversation.calls
    assert [message.text for message in call.messages] == ["hey", "one", "go on", "two", "and on"]


def plugin_turn(name: str, number: int, asked: str, answered: str) -> Trace:
    """Return one turn as Claude Code's plugin logs it: a trace of its own, below a root."""
    root = Observation(id=f"{name}-root", trace_id=name, started_at=BEGUN, ended_at=BEGUN)
    step = generation({"role": "user", "content": asked}, {"role": "assistant", "content": answered}, trace=name)
    marks = {"metadata": {"assistant_index": 0, "assistant_text": {}}}
    begun = BEGUN + timedelta(minutes=number)
    step = step.model_copy(update={"parent_id": root.id, "started_at": begun, **marks})
    return Trace(id=name, started_at=begun, session_id="s", observations=(root, step))


def test_a_plugins_turn_continues_the_turns_before_it() -> None:
    """Each trace has a root of its own; what lies below it is one line through the session."""
    turns = [plugin_turn(name, n, f"ask {n}", f"say {n}") for n, name in enumerate("abc")]
    [call] = assemble(turns[2], earlier=turns[:2]).conversation.calls
    assert [message.text for message in call.messages] == ["ask 0", "say 0", "ask 1", "say 1", "ask 2"]


def test_of_two_copies_of_a_row_the_finished_one_counts() -> None:
    """A row is written when its call begins, and again when it ends."""
    done = generation(user("hey"), "hello")
    begun = done.model_copy(update={"output": None, "ended_at": None})
    for rows in ((done, begun), (begun, done)):
        assert said(challenges(trace("t", *rows))) == ["hello"]


KIND = {"role": "system", "content": "Be kind."}
MIXED = [
    generation(user("hey"), "hello", ended_at=BEGUN + timedelta(seconds=3), metadata={"scope": {"name": "outer"}}),
    generation({"messages": [KIND, user("hey")]}, "hello", number=1, parent_id="t-0"),
    generation(user("hey"), "hello", number=2, started_at=BEGUN, metadata={"scope": {"name": "beside"}}),
    generation(
        {"messages": [{"role": "system", "content": "Guard."}, user("hey")]}, "hello", number=3, started_at=BEGUN
    ),
    generation(user("hey"), None, number=4, level="ERROR"),
    generation([user("hey"), assistant("hello"), user("more")], assistant(None, ("c1", "look", "{}")), number=5),
    generation([result("c1", "sun")], "sunny", number=6),
    generation(user("hey"), "a name", number=7, name="generate_conversation_name"),
    generation({}, {}, number=8, type="TOOL"),
    generation({"vectors": [1]}, "x", number=9),
]


@given(st.permutations(MIXED), st.lists(st.sampled_from(MIXED), max_size=4))
def test_neither_order_nor_repetition_changes_what_is_read(
    shuffled: list[Observation], again: list[Observation]
) -> None:
    """Pages come in any order, and until ClickHouse merges them a row may come twice."""
    usual, other = assemble(trace("t", *MIXED)), assemble(trace("t", *shuffled, *again))
    assert (other.conversation, other.lost) == (usual.conversation, usual.lost)
    assert {*other.glances} == {*usual.glances}
    assert len(usual.conversation.calls) == 4
    assert STITCHED in usual.conversation.calls[-1].repairs


def test_two_guards_that_agree_are_two_turns() -> None:
    """Asked at one time, under prompts of their own, they say the same word to the same message."""
    guards = [
        generation(
            {"messages": [{"role": "system", "content": prompt}, user("hey")]}, "yes", number=number, started_at=BEGUN
        )
        for number, prompt in enumerate(("Is it polite?", "Is it short?"))
    ]
    prompts = {challenge.messages[0].text for challenge in challenges(trace("t", *guards))}
    assert prompts == {"Is it polite?", "Is it short?"}


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.sampled_from("abcdef"),
                "parent_id": st.sampled_from([None, *"abcdefx"]),
                "type": st.sampled_from(["GENERATION", "GENERATION", "AGENT", "TOOL", "SPAN", "CHAIN"]),
                "level": st.sampled_from(["DEFAULT", "DEFAULT", "ERROR"]),
                "name": st.sampled_from([None, "chat", "moderation", "LLM Call 1"]),
                "input": st.sampled_from(
                    [None, "hey", {"question": "hey"}, [user("hey")], [result("c1", "sun")], {"x": 1}]
                ),
                "output": st.sampled_from([None, "hello", assistant(None, ("c1", "look", "{}")), {"y": 2}, ""]),
                "started_at": st.integers(0, 3).map(lambda second: BEGUN + timedelta(seconds=second)),
                "ended_at": st.one_of(
                    st.none(), st.integers(-1, 5).map(lambda second: BEGUN + timedelta(seconds=second))
                ),
            }
        ),
        max_size=8,
    )
)
def test_every_generation_ends_as_one_thing(rows: list[dict[str, Any]]) -> None:
    """A call, a copy of one, or lost with its reason; whatever the tree is like, and nothing crashes."""
    found = assemble(
        Trace(id="t", started_at=BEGUN, observations=tuple(Observation(trace_id="t", **row) for row in rows))
    )
    uses = {glance.observation_id: glance.use for glance in found.glances}
    read = {call.observation_id for call in found.conversation.calls}
    assert uses.keys() == {row["id"] for row in rows}
    assert read == {name for name, use in uses.items() if use is Use.CALL}
    assert len(found.lost) == sum(use is Use.LOST for use in uses.values())
    for glance in found.glances:
        assert glance.use is not Use.COPY or glance.of in read | {
            g.observation_id for g in found.glances if g.use is Use.LOST
        }
