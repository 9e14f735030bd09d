"""A call that two hands logged is one call; two calls stay two."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector.assemble import assemble
from connector.traces import Use
from connector.types import Assembly, Fate
from rollouts.types import ToolCall
from tests.logged import BEGUN, Wire, assistant, generation, result, trace, user

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
SYSTEM = {"role": "system", "content": "Be kind."}


def body(*messages: Wire, tools: bool = False) -> dict[str, Any]:
    """Return a request's body."""
    return {"messages": [*messages], **({"tools": [TOOL]} if tools else {})}


def scope(name: str) -> dict[str, Any]:
    """Return the metadata that an instrumentation writes."""
    return {"scope": {"name": name}}


def ids(assembly: Assembly) -> list[str]:
    """Return the observations that are calls."""
    return [call.observation_id for call in assembly.conversation.calls]


def copies(assembly: Assembly) -> dict[str, str | None]:
    """Return what each copy is a copy of."""
    return {glance.observation_id: glance.of for glance in assembly.glances if glance.use is Use.COPY}


def test_of_an_outer_and_an_inner_log_the_richer_stands() -> None:
    """The AI SDK logs a call as a generation within a generation; the inner one has the tools."""
    outer = generation(user("hey"), "hello", ended_at=BEGUN + timedelta(seconds=2))
    inner = generation(body(user("hey"), tools=True), "hello", number=1, parent_id=outer.id)
    found = assemble(trace("t", outer, inner))
    assert (ids(found), copies(found)) == ([inner.id], {outer.id: inner.id})


def test_the_inner_log_of_equals_stands() -> None:
    """It is nearer to the model."""
    outer = generation(user("hey"), "hello", ended_at=BEGUN + timedelta(seconds=2))
    inner = generation(user("hey"), "hello", number=1, parent_id=outer.id)
    assert ids(assemble(trace("t", outer, inner))) == [inner.id]


def test_a_flattened_inner_log_yields_to_its_rich_parent() -> None:
    """Some instrumentations write messages as one text, and lose calls on the way: richness counts, not depth."""
    outer = generation(body(SYSTEM, user("hey"), tools=True), assistant(None, ("c1", "look", "{}")))
    text = "system: Be kind.\nuser: hey"
    inner = generation(text, "assistant: None", number=1, metadata=scope("openlit"), parent_id=outer.id)
    found = assemble(trace("t", outer, inner))
    assert ids(found) == [outer.id]
    assert copies(found) == {inner.id: outer.id}
    assert found.lost == ()


def test_messages_beat_text() -> None:
    """Even where neither has tools or prompt: what was flattened may have lost anything."""
    outer = generation([user("hey")], "hello", metadata=scope("a"))
    inner = generation("user: hey", "assistant: hello", number=1, metadata=scope("openlit"), parent_id=outer.id)
    assert ids(assemble(trace("t", outer, inner))) == [outer.id]


def test_handlers_that_log_no_end_are_known_by_their_beginning() -> None:
    """Within 50 ms."""
    logs = [
        generation(user("hey"), "hello", number=n, started_at=BEGUN + timedelta(milliseconds=20 * n), ended_at=None)
        for n in range(2)
    ]
    assert len(ids(assemble(trace("t", *logs)))) == 1


def test_the_winner_takes_what_only_the_other_tells() -> None:
    """Tools, system prompt, parameters and figures of one call belong together, whoever logged them."""
    outer = generation(
        body(SYSTEM, user("hey")), "hello", parameters={"temperature": 0.3, "top_p": 0.5}, metadata=scope("a")
    )
    inner = generation(
        body(user("hey"), tools=True),
        "hello",
        number=1,
        parent_id=outer.id,
        parameters={"top_p": 0.9},
        metadata=scope("b"),
        usage={},
        model=None,
    )
    [call] = assemble(trace("t", outer, inner)).conversation.calls
    assert call.observation_id == inner.id
    assert [message.role for message in call.messages] == ["system", "user"]
    assert [tool.name for tool in call.tools] == ["look"]
    assert (call.parameters.temperature, call.parameters.top_p) == (0.3, 0.9)
    assert call.answer is not None
    assert (call.answer.model, call.answer.usage.input_tokens) == ("kestrel-2", 100)


def test_around_several_calls_lies_a_run_and_no_call() -> None:
    """Its question is the first one's and its answer the last one's; its steps are what was asked of a model."""
    asks = assistant(None, ("c1", "look", "{}"))
    outer = generation(user("hey"), "sunny", ended_at=BEGUN + timedelta(seconds=9))
    first = generation(body(user("hey")), asks, number=1, parent_id=outer.id)
    last = generation(body(user("hey"), asks, result("c1", "sun")), "sunny", number=2, parent_id=outer.id)
    found = assemble(trace("t", outer, first, last))
    assert (ids(found), copies(found)) == ([first.id, last.id], {outer.id: last.id})


def test_a_failed_run_is_not_counted_beside_its_failed_step() -> None:
    """One failure is one failure; and a step that went well is a turn although its run failed later."""
    outer = generation(user("hey"), None, level="ERROR", ended_at=BEGUN + timedelta(seconds=9))
    failed = generation(user("hey"), None, level="ERROR", number=1, parent_id=outer.id)
    found = assemble(trace("t", outer, failed))
    assert [(lost.fate, copies(found)) for lost in found.lost] == [(Fate.FAILED, {outer.id: failed.id})]
    well = generation(user("hey"), "hello", number=1, parent_id=outer.id)
    found = assemble(trace("t", outer, well))
    assert (ids(found), found.lost) == ([well.id], ())


def test_a_call_that_a_tool_makes_is_its_own() -> None:
    """The tool lies between: a question passed on to another agent is asked twice, and answered twice."""
    outer = generation(user("hey"), "hello", ended_at=BEGUN + timedelta(seconds=9))
    tool = generation({}, {}, number=1, type="TOOL", parent_id=outer.id)
    inner = generation(user("hey"), "hi", number=2, parent_id=tool.id)
    assert ids(assemble(trace("t", outer, tool, inner))) == [outer.id, inner.id]


def test_another_question_within_a_call_is_another_call() -> None:
    """What is nested need not be a copy."""
    outer = generation(user("hey"), "hello", ended_at=BEGUN + timedelta(seconds=9))
    inner = generation(user("Is this harmful?"), "no", number=1, parent_id=outer.id)
    assert ids(assemble(trace("t", outer, inner))) == [outer.id, inner.id]


def test_a_guarded_call_is_no_run_of_its_guards() -> None:
    """A gateway logs guards within the call that they guard: another question, or the same under another prompt."""
    outer = generation(body(SYSTEM, user("hey")), "hello", ended_at=BEGUN + timedelta(seconds=9))
    first = generation(user("Is this harmful: hey"), "no", number=1, parent_id=outer.id)
    guard = {"role": "system", "content": "Is it rude?"}
    last = generation(body(guard, user("hey")), "no, never", number=2, parent_id=outer.id)
    assert ids(assemble(trace("t", outer, first, last))) == [outer.id, first.id, last.id]


def test_text_around_messages_is_a_function_of_the_application() -> None:
    """What it was given went into a prompt, and what came back was made of the answer."""
    outer = generation({"question": "hey"}, {"answer": "Hello!"}, ended_at=BEGUN + timedelta(seconds=9))
    inner = generation(user("Answer politely: hey"), "hello", number=1, parent_id=outer.id)
    assert ids(assemble(trace("t", outer, inner))) == [inner.id]


def test_two_handlers_side_by_side_are_one_call() -> None:
    """Same time, same question, same answer; the one that knows the tools stands."""
    one = generation(user("hey"), "hello", metadata=scope("a"))
    other = generation(
        body(SYSTEM, user("hey"), tools=True),
        "hello",
        number=1,
        started_at=BEGUN + timedelta(milliseconds=20),
        metadata=scope("b"),
    )
    found = assemble(trace("t", one, other))
    assert (ids(found), copies(found)) == ([other.id], {one.id: other.id})


def test_a_log_that_lost_the_calls_beside_the_words_yields() -> None:
    """The answer is the baseline: the log that has all of it comes first."""
    one = generation(body(user("hey"), tools=True), "I look.", metadata=scope("a"))
    other = generation(user("hey"), assistant("I look.", ("c1", "look", "{}")), number=1, started_at=BEGUN)
    [call] = assemble(trace("t", one, other)).conversation.calls
    assert call.answer is not None
    assert [type(part) for part in call.answer.message.parts[1:]] == [ToolCall]
    assert [tool.name for tool in call.tools] == ["look"]


PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
SHOWN = {"role": "user", "content": [{"type": "text", "text": "What is it?"}, PICTURE]}
ASKED = user("What is it?")
WHOLE = "It is a long answer, " * 120
CUT = ["…", "...", "… [truncated 1400 chars]", "[truncated]"]


def doubled(first: tuple[Any, str], second: tuple[Any, str], *, nested: bool) -> Assembly:
    """Log one call twice: the second one within the first, or both side by side."""
    one = generation([first[0]], first[1], ended_at=BEGUN + timedelta(seconds=2))
    at = {"parent_id": one.id} if nested else {"started_at": BEGUN + timedelta(milliseconds=20)}
    return assemble(trace("t", one, generation([second[0]], second[1], number=1, **at)))


@pytest.mark.parametrize("nested", [True, False])
def test_a_log_that_lost_the_picture_yields(nested: bool) -> None:  # noqa: FBT001
    """It cannot be lent: whoever logged it stands for the call, within the other or beside it."""
    for logs in (((SHOWN, "A cat."), (ASKED, "A cat.")), ((ASKED, "A cat."), (SHOWN, "A cat."))):
        [call] = doubled(*logs, nested=nested).conversation.calls
        assert [part.type for part in call.messages[0].parts] == ["text", "uri"]


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("mark", CUT)
def test_a_log_that_cut_the_answer_yields(mark: str, nested: bool) -> None:  # noqa: FBT001
    """The whole answer is the baseline, wherever it was logged."""
    for said in ((WHOLE, WHOLE[:1000] + mark), (WHOLE[:1000] + mark, WHOLE)):
        [call] = doubled((ASKED, said[0]), (ASKED, said[1]), nested=nested).conversation.calls
        assert call.answer is not None
        assert call.answer.message.text.strip() == WHOLE.strip()


def test_two_pictures_or_two_endings_are_two_calls() -> None:
    """Another picture is another question, and an answer that trails off where the other goes on another way."""
    other = {
        "role": "user",
        "content": [SHOWN["content"][0], {"type": "image_url", "image_url": {"url": "http://x/b"}}],
    }
    assert len(ids(doubled((SHOWN, "A cat."), (other, "A cat."), nested=False))) == 2
    assert len(ids(doubled((ASKED, "It may well be a dog..."), (ASKED, "It may well be. A cat!"), nested=False))) == 2


GUARDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (body({"role": "system", "content": "Is it rude?"}, user("hey")), {}),
    (body(user("hey")), {}),
    (body(SYSTEM, user("hey")), {"model": "other-model"}),
    (body(SYSTEM, user("hey")), {"started_at": BEGUN + timedelta(seconds=30)}),
    (body(SYSTEM, user("hey!")), {}),
    (body(SYSTEM, user("ho"), assistant("hi"), user("hey")), {}),
]


@pytest.mark.parametrize(("asked", "more"), GUARDS, ids=["prompt", "no prompt", "model", "time", "question", "history"])
def test_what_differs_in_what_was_asked_is_another_call(asked: dict[str, Any], more: dict[str, Any]) -> None:
    """Two guards asked at one time both say "yes": they are two calls, though one instrumentation logged both."""
    same: dict[str, Any] = {"metadata": scope("a"), "started_at": BEGUN}
    one = generation(body(SYSTEM, user("hey")), "yes", **same)
    other = generation(asked, "yes", number=1, **{**same, **more})
    assert ids(assemble(trace("t", one, other))) == sorted([one.id, other.id])


def test_every_observation_gets_one_glance() -> None:
    """Whoever draws a trace finds each row once, in its order."""
    outer = generation(user("hey"), "hello", ended_at=BEGUN + timedelta(seconds=2))
    inner = generation(user("hey"), "hello", number=1, parent_id=outer.id)
    bad = generation(user("x"), None, number=2, level="ERROR")
    tool = generation({}, {}, number=3, type="TOOL")
    found = assemble(trace("t", outer, inner, bad, tool))
    assert {glance.observation_id: glance.use for glance in found.glances} == {
        "t-root": Use.ASIDE,
        outer.id: Use.COPY,
        inner.id: Use.CALL,
        bad.id: Use.LOST,
        tool.id: Use.ASIDE,
    }
    assert len(found.glances) == 5


def test_a_circle_of_parents_does_no_harm() -> None:
    """Ids may collide between services."""
    one = generation(user("hey"), "hello", parent_id="t-1")
    other = generation(user("ho"), "hi", number=1, parent_id="t-0")
    assert len(ids(assemble(trace("t", one, other)))) == 2
