"""Sessions whose traces come one by one and in any order: the same turns, each with its own baseline."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.demo.langfuse import Mode, Observation, SmallLangfuse
from connector.types import Fate
from rollouts.types import Challenge
from tests.duelling import rollout
from tests.integration.reading import NOON, Reader, hold, reading, row, trace_id
from tests.logged import ledger as ledger_of

MODES: tuple[Mode, ...] = ("events_only", "v3")
TURNS = 4
EDITED = {"role": "assistant", "content": "[left out]"}


def told(number: int, *, edited: bool) -> list[dict[str, Any]]:
    """Return the history before a turn; an edited one shows its last answer but one otherwise than it was given."""
    history = [{"role": "system", "content": f"Agent {number % 2}, today is day {number}."}]
    for turn in range(number):
        answer = {"role": "assistant", "content": f"answer {turn}"}
        history += [
            {"role": "user", "content": f"question {turn}"},
            EDITED if edited and turn == number - 2 else answer,
        ]
    return [*history, {"role": "user", "content": f"question {number}"}]


def trace_of(number: int, session: str, *, edited: bool) -> list[Observation]:
    """Return a trace with one turn of a session."""
    name, begun = f"{session} {number}", NOON - timedelta(minutes=20 - number)
    about = {"session_id": session}
    logged = {"input": json.dumps({"messages": told(number, edited=edited)}), "output": f"answer {number}"}
    root = row(name, "root", begun, seconds=2.0, parent=None, **about)
    call = {"type": "GENERATION", "model": "kestrel-2", **logged, **about}
    return [root, row(name, "call", begun, seconds=1.0, parent=root.id, **call)]


async def follow(reader: Reader, order: Sequence[int], session: str = "s", *, edited: bool = True) -> list[Challenge]:
    """Let the traces of a session arrive in this order, polling after each until it is taken."""
    for number in order:
        hold(reader.server, *trace_of(number, session, edited=edited))
        await reader.poll(after_s=1)
        await reader.poll(after_s=1)
    return sorted((duel.challenge for duel in await reader.duels()), key=lambda challenge: challenge.origin.turn)


def whole(challenges: Sequence[Challenge], session: str | None = "s") -> None:
    """Check that every turn is there once, with the answer, the model and the trace of its own call."""
    assert [each.baseline.message.text for each in challenges] == [f"answer {number}" for number in range(TURNS)]
    assert {each.baseline.model for each in challenges} == {"kestrel-2"}
    own = [trace_id(f"{session or ''} {number}") for number in range(TURNS)]
    assert [each.origin.trace_id for each in challenges] == own
    assert all(each.origin.observed for each in challenges)


@pytest.mark.parametrize("mode", MODES)
def test_the_traces_of_a_session_come_in_any_order(mode: Mode) -> None:
    """Copies in later histories, edited or not, never stand for what a generation gave, and add no turn."""

    @given(st.permutations(range(TURNS)), st.booleans())
    @settings(max_examples=12, deadline=None)
    def hold_true(order: Sequence[int], edited: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        async def check() -> None:
            async with SmallLangfuse(mode) as server, reading(server) as reader:
                whole(await follow(reader, order, edited=edited))
                ledger = await ledger_of(reader.engine.store)
                assert ledger["turn", Fate.CHALLENGED, ""] == sum(n for key, n in ledger.items() if key[0] == "turn")

        asyncio.run(check())

    hold_true()


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_without_a_session_a_later_trace_may_come_first(order: Sequence[int]) -> None:
    """What it shows word for word is not counted again when the traces come that produced it."""
    async with SmallLangfuse() as server, reading(server) as reader:
        found = await follow(reader, order, session="", edited=False)
        assert [each.baseline.message.text for each in found] == [f"answer {number}" for number in range(3)]
        assert all(each.origin.observed for each in found)
        assert {each.conversation_id for each in found} == {trace_id(f" {number}") for number in range(3)}


async def test_a_copy_that_was_paid_for_stands_for_its_turn() -> None:
    """The trace that produced it comes too late: nothing is bought twice, and nothing is counted twice."""
    async with SmallLangfuse() as server, reading(server) as reader:
        [copy, *_] = await follow(reader, [1])
        assert not copy.origin.observed
        [bought] = [duel for duel in await reader.duels() if duel.challenge == copy]
        await reader.engine.store.save(bought.rolled(rollout(challenger="a")))
        await follow(reader, [0])
        challenges = {each.challenge.id for each in await reader.engine.store.duels_of("")}
        assert len(challenges) == 2
        assert copy.id in challenges
        ledger = await ledger_of(reader.engine.store)
        assert sum(count for (of, fate, _), count in ledger.items() if (of, fate) == ("turn", Fate.CHALLENGED)) == 2


@pytest.mark.parametrize("mode", MODES)
async def test_what_a_trace_leaves_out_is_found_in_its_session(mode: Mode) -> None:
    """A follow-up that logs only a tool's result is completed from the earlier trace in which the tool was called."""
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    asked = {"messages": [{"role": "user", "content": "where?"}], "tools": [tool]}
    first = {"input": json.dumps(asked), "output": json.dumps({"role": "assistant", "tool_calls": [call]})}
    result = {"role": "tool", "tool_call_id": "c1", "content": "here"}
    second = {"input": json.dumps({"messages": [result]}), "output": "It is here."}
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        for number, logged in enumerate((first, second)):
            begun = NOON - timedelta(minutes=20 - number)
            root = row(f"s {number}", "root", begun, seconds=2.0, parent=None, session_id="s")
            about = {"type": "GENERATION", "session_id": "s", **logged}
            hold(server, root, row(f"s {number}", "call", begun, seconds=1.0, parent=root.id, **about))
        await reader.poll()
        before = len(server.requests)
        await reader.poll()
        turns = {duel.challenge.baseline.message.text: duel.challenge for duel in await reader.duels()}
        assert [message.role for message in turns["It is here."].messages] == ["user", "assistant", "tool"]
        assert turns["It is here."].conversation_id == "s"
        asked_for = reader.asked(since=before)
        assert len(asked_for) == 1 + 2 + 2, "one listing, two traces, and for the second its session and that trace"
