"""System prompts and tools that were logged elsewhere in a trace find the calls that were made with them."""

from __future__ import annotations

from typing import Any

import pytest

from connector.assemble import assemble
from connector.calls.completing import FROM_RUN
from connector.calls.lending import FROM_CALL
from connector.traces import Observation, Use
from connector.types import Assembly
from tests.logged import BEGUN, assistant, generation, result, trace, user

TOOL = {"type": "function", "name": "look", "parameters": {"type": "object"}}
KIND = {"role": "system", "content": "Be kind."}
ASKS = assistant(None, ("c1", "look", "{}"))


def agent(asked: Any, **attributes: Any) -> Observation:
    """Return an agent's span that holds what `attributes` say."""
    named = {"gen_ai.operation.name": "invoke_agent", **attributes}
    facts = {"id": "agent", "trace_id": "t", "type": "AGENT", "started_at": BEGUN, "ended_at": BEGUN}
    return Observation(**facts, input=asked, output="hello", metadata={"attributes": named})


def inner(asked: Any, answered: Any = "hello", number: int = 0, **more: Any) -> Observation:
    """Return a call within that agent."""
    return generation(asked, answered, number=number, **{"parent_id": "agent", **more})


def shown(assembly: Assembly) -> list[tuple[list[str], list[str], tuple[str, ...]]]:
    """Return each call's system prompts, tools and repairs."""
    return [
        ([m.text for m in call.messages if m.role == "system"], [tool.name for tool in call.tools], call.repairs)
        for call in assembly.conversation.calls
    ]


INSTRUCTED = {
    "gen_ai.system_instructions": [{"type": "text", "content": "Be kind."}],
    "gen_ai.tool.definitions": [TOOL],
}


@pytest.mark.parametrize(
    "run",
    [
        agent([user("hey")], **INSTRUCTED),
        agent({"messages": [KIND, user("hey")], "tools": [TOOL]}),
        agent(None, **INSTRUCTED),
    ],
    ids=["attributes", "input", "attributes alone"],
)
def test_an_agent_lends_its_prompt_and_its_tools(run: Observation) -> None:
    """Microsoft's framework writes them on the agent's span alone; the call says so, and the span too."""
    found = assemble(trace("t", run, inner([user("hey")])))
    assert shown(found) == [(["Be kind."], ["look"], (FROM_RUN,))]
    assert [(g.use, g.of) for g in found.glances if g.observation_id == "agent"] == [(Use.CONTEXT, "t-0")]


def test_what_a_call_says_itself_comes_first() -> None:
    """Another prompt is another agent's: nothing is lent to it."""
    own = {"messages": [{"role": "system", "content": "Be brief."}, user("hey")]}
    assert shown(assemble(trace("t", agent([user("hey")], **INSTRUCTED), inner(own)))) == [(["Be brief."], [], ())]


def test_another_question_is_not_the_agents() -> None:
    """A guard within an agent's span has a prompt of its own, logged or not."""
    found = assemble(trace("t", agent([user("hey")], **INSTRUCTED), inner([user("Is this rude: hey")])))
    assert shown(found) == [([], [], ())]


def test_a_tool_stands_between() -> None:
    """What it asks of a model is not what the agent asks."""
    tool = inner({}, {}, 1, id="tool", type="TOOL")
    found = assemble(trace("t", agent([user("hey")], **INSTRUCTED), tool, inner([user("hey")], parent_id="tool")))
    assert shown(found) == [([], [], ())]


def test_the_nearest_agent_lends_and_no_other() -> None:
    """A sub-agent does not work under its caller's prompt."""
    near = agent([user("hey")]).model_copy(update={"id": "near", "parent_id": "agent"})
    found = assemble(trace("t", agent([user("hey")], **INSTRUCTED), near, inner([user("hey")], parent_id="near")))
    assert shown(found) == [([], [], ())]


def test_a_run_logged_as_a_generation_lends_as_well() -> None:
    """It is no call, but it was given prompt and tools."""
    asked = {"messages": [KIND, user("hey")], "tools": [{"type": "function", "function": TOOL}]}
    outer = generation(asked, "sunny", id="agent", parent_id=None)
    steps = [inner([user("hey")], ASKS, 1), inner([user("hey"), ASKS, result("c1", "sun")], "sunny", 2)]
    found = assemble(trace("t", outer, *steps))
    assert shown(found) == [(["Be kind."], ["look"], (FROM_RUN,))] * 2


def test_a_call_lends_its_tools_to_those_that_use_them() -> None:
    """Some clients log the definitions with the first call only; what calls no tool may have been offered none."""
    first = inner({"messages": [KIND, user("hey")], "tools": [{"type": "function", "function": TOOL}]}, ASKS, 1)
    second = inner([KIND, user("hey"), ASKS, result("c1", "sun")], "sunny", 2)
    other = inner([KIND, user("hey"), assistant("ho"), user("sum up")], "a greeting", 3)
    assert shown(assemble(trace("t", first, second, other))) == [
        (["Be kind."], ["look"], ()),
        (["Be kind."], ["look"], (FROM_CALL,)),
        (["Be kind."], [], ()),
    ]


def test_a_call_lends_its_prompt_to_those_that_go_on_where_it_ends() -> None:
    """The same question asked in parallel may be another guard's."""
    first = inner([KIND, user("hey")], "hello", 1)
    beyond = inner([user("hey"), assistant("hello"), user("more")], "well", 2)
    beside = inner([user("hey")], "ho", 3)
    assert [(systems, repairs) for systems, _, repairs in shown(assemble(trace("t", first, beyond, beside)))] == [
        (["Be kind."], ()),
        (["Be kind."], (FROM_CALL,)),
        ([], ()),
    ]


@pytest.mark.parametrize("more", [{"model": "other"}, {"parent_id": "t-root"}], ids=["model", "parent"])
def test_nothing_is_lent_from_one_run_to_another(more: dict[str, Any]) -> None:
    """Another model, or another parent, may have other tools under the same names."""
    first = inner({"messages": [user("hey")], "tools": [{"type": "function", "function": TOOL}]}, ASKS, 1)
    second = inner([user("hey"), ASKS, result("c1", "sun")], "sunny", 2, **more)
    assert shown(assemble(trace("t", agent(None), first, second)))[1] == ([], [], ())
