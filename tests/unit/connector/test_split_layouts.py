"""However a conversation is logged, each assistant turn is found once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.store.sqlite import SqliteStore
from connector.traces import Observation, Trace
from connector.types import Fate
from rollouts.canonical import canonical_calls
from rollouts.types import Challenge
from tests.logged import (
    BEGUN,
    Wire,
    assistant,
    challenges,
    dispositions,
    final_history,
    generation,
    growing_history,
    read,
    result,
    taken,
    trace,
    trace_per_turn,
    turns_of,
    user,
)

FAILED = (Fate.FAILED, "the call ended in an error")
words = st.sampled_from(["yes", "no", "where?", "1", "{}", "ja  ", "e\u0301"])
"""Few, so that the same words are often said again."""
arguments = st.sampled_from(["{}", '{"id": 1}', '{"id":1}', '{"b": 2, "a": 1}', "broken"])


@st.composite
def conversations(draw: st.DrawFn) -> list[Wire]:
    """Draw a chat: each user turn is answered after up to two rounds of parallel tool calls."""
    said: list[Wire] = [{"role": "system", "content": "Be kind."}] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 4))):
        said.append(user(draw(words)))
        for asked in draw(st.lists(st.lists(arguments, min_size=1, max_size=3), max_size=2)):
            calls = [(f"c{len(said)}-{n}", draw(st.sampled_from(["find", "book"])), a) for n, a in enumerate(asked)]
            said.append(assistant(draw(st.none() | words), *calls))
            said += [result(call_id, draw(words)) for call_id, _, _ in calls]
        said.append(assistant(draw(words)))
    return said


def expected(messages: list[Wire]) -> list[tuple[Any, ...]]:
    """Return each turn's place, words and calls, straight from the messages."""
    return [
        (place, messages[place]["content"] or "", [call["id"] for call in messages[place].get("tool_calls", ())])
        for place in turns_of(messages)
    ]


def found(several: list[Challenge]) -> list[tuple[Any, ...]]:
    """Return the same of challenges, in order of their history."""
    turns = [(len(c.messages), c.baseline.message.text, [t.id for t in c.baseline.message.tool_calls]) for c in several]
    return sorted(turns)


def kept(traces: list[Trace]) -> list[Challenge]:
    """Return the challenges of traces that are taken one after the other."""

    async def take() -> list[Challenge]:
        store = SqliteStore(":memory:")
        try:
            return await taken(store, traces)
        finally:
            await store.aclose()

    return asyncio.run(take())


@given(conversations())
@settings(deadline=None)
@pytest.mark.parametrize("layout", [final_history, growing_history])
def test_one_trace_per_conversation(layout: Any, messages: list[Wire]) -> None:
    """A transcript, and a generation per turn with a growing history, hold exactly the turns that are there."""
    several = challenges(*layout("t", messages))
    assert found(several) == expected(messages)
    assert len({challenge.id for challenge in several}) == len(several)


@given(messages=conversations(), session=st.booleans())
@settings(max_examples=80, deadline=None)
def test_one_trace_per_turn(messages: list[Wire], session: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    """Traces that repeat what earlier ones produced add one turn each, with or without a session."""
    several = kept(trace_per_turn("s", messages, session=session))
    assert found(several) == expected(messages)
    assert all(challenge.origin.observed for challenge in several)


@given(messages=conversations(), chance=st.randoms(use_true_random=False), session=st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_order_of_traces_does_not_matter(
    messages: list[Wire],
    chance: random.Random,
    session: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """Whichever trace comes first: the same challenges, each with the answer of its own generation, and none twice."""
    traces = trace_per_turn("s", messages, session=session)
    mixed = kept(chance.sample(traces, len(traces)))
    assert found(mixed) == expected(messages)
    assert sorted(mixed, key=_id) == sorted(kept(traces), key=_id)


@given(conversations(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_edited_copies_in_a_sessions_later_traces_add_no_turn(messages: list[Wire], chance: random.Random) -> None:
    """Whatever later histories make of an answer, under whatever system prompt, and whichever trace comes first."""
    traces = list[Trace]()
    for number, place in enumerate(turns_of(messages)):
        told = [{"role": "system", "content": f"agent {'abc'[number % 3]}"}, *_retold(messages[:place], chance)]
        call = generation(
            {"messages": told}, messages[place], trace=f"s{number}", started_at=BEGUN + timedelta(seconds=number)
        )
        traces.append(trace(f"s{number}", call, session_id="s"))
    straight, mixed = kept(traces), kept(chance.sample(traces, len(traces)))
    assert [c.baseline.message.text for c in straight] == [text for _, text, _ in expected(messages)]
    assert sorted(mixed, key=_id) == sorted(straight, key=_id)
    assert all(challenge.origin.observed for challenge in mixed)


def _id(challenge: Challenge) -> str:
    return challenge.id


@given(conversations(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_reading_again_finds_the_same_ids(messages: list[Wire], chance: random.Random) -> None:
    """Whatever the order of the observations, and however often they are read."""
    [one] = growing_history("t", messages)
    mixed = one.model_copy(update={"observations": tuple(chance.sample(one.observations, len(one.observations)))})
    assert challenges(one) == challenges(one) == challenges(mixed)


@given(conversations(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_noise_adds_no_turn(messages: list[Wire], chance: random.Random) -> None:
    """Failed attempts, second logs of a call, edited copies and results in another order change nothing but a count."""
    logged, failures = list[Observation](), 0
    for number, place in enumerate(turns_of(messages)):
        call = generation({"messages": _retold(messages[:place], chance)}, messages[place], number=10 * number + 5)
        copies = [call.model_copy(update={"id": f"{call.id}-again", "started_at": call.started_at + _SOON})]
        errors = [call.model_copy(update={"id": f"{call.id}-failed", "level": "ERROR", "output": None})]
        logged += [call, *chance.choices([copies, errors, []])[0]]
        failures += logged[-1].level == "ERROR"
    one = trace("t", *logged)
    assert found(challenges(one)) == expected(messages)
    turns = Counter({(Fate.CHALLENGED, ""): len(turns_of(messages)), FAILED: failures})
    assert dispositions(one) == +turns


_SOON = timedelta(milliseconds=200)


def _retold(messages: list[Wire], chance: random.Random) -> list[Wire]:
    """Return a history as a later call may show it: answers edited, neighbouring results swapped."""
    told = [dict(message) for message in messages]
    for one, other in pairwise(told):
        if one["role"] == "assistant" and not one.get("tool_calls") and chance.random() < 0.3:
            one["content"] = f"{one['content']} [edited {chance.random()}]"
        if one["role"] == other["role"] == "tool" and chance.random() < 0.5:
            one_before = dict(one)
            one.update(other)
            other.update(one_before)
    return told


@given(conversations())
@settings(deadline=None)
def test_every_turn_ends_in_one_state(messages: list[Wire]) -> None:
    """With tools unlogged by default, the turns that call them are counted beside the others, and the sum is right."""
    for layout in (final_history, growing_history):
        [one] = layout("t", messages)
        intake = read(one)
        assert len({turn.id for turn in intake.turns}) == len(intake.turns) == len(turns_of(messages))
        assert {c.id for c in intake.challenges} == {t.id for t in intake.turns if t.fate is Fate.CHALLENGED}


@given(conversations())
@settings(deadline=None)
def test_names_and_arguments_are_those_that_were_logged(messages: list[Wire]) -> None:
    """Every tool call of production stands in the baseline, whether its arguments are JSON or not."""
    for challenge, place in zip(challenges(*growing_history("t", messages)), turns_of(messages), strict=True):
        wires = [call["function"] for call in messages[place].get("tool_calls", ())]
        calls = challenge.baseline.message.tool_calls
        assert [(call.name, call.arguments) for call in calls] == [(wire["name"], wire["arguments"]) for wire in wires]
        assert len(canonical_calls(challenge.baseline.message)) == len(wires)
