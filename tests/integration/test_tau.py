"""Real conversations, logged in every usual layout: exactly the assistant turns that are in them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.app import build
from connector.config_file import read as read_config
from connector.intake import Rules
from connector.jsonl import line_of
from connector.store.sqlite import SqliteStore
from connector.traces import Trace
from connector.types import Fate
from rollouts.types import Challenge
from tests.logged import (
    TOLERANT,
    Wire,
    final_history,
    growing_history,
    taken,
    trace_per_turn,
    turns_of,
)
from tests.logged import (
    ledger as ledger_of,
)

TAU = Path(__file__).resolve().parents[2] / "../shared/data/tau/taubench_airline_gpt-4o.jsonl.gz"
TURNS, TOOL_TURNS = 2454, 1164
UNDECLARED = "it calls a tool whose definition was not logged"
LAYOUTS = {"final": final_history, "growing": growing_history, "session": trace_per_turn}

pytestmark = pytest.mark.skipif(not TAU.exists(), reason="needs ../shared/data/tau")

CONFIG = """
[source]
kind = "jsonl"
path = "traces.jsonl"
[sink]
kind = "jsonl"
path = "results.jsonl"
[turns]
tools_missing = "include"
[judge.model]
kind = "scripted"
answers = ["[[A=B]]"]
[challengers.one]
kind = "scripted"
answers = ["hello"]
"""


@pytest.fixture(scope="module")
def conversations() -> list[list[Wire]]:
    """Read the messages of each conversation; the first line tells where they are from."""
    with gzip.open(TAU, "rt", encoding="utf-8", newline="\n") as file:
        return [json.loads(line)["messages"] for line in file if '"messages"' in line[:2000]]


def expected(conversations: list[list[Wire]]) -> Counter[tuple[Any, ...]]:
    """Count the assistant turns straight from the messages: where, what was said, what was called."""
    return Counter(
        (
            f"tau-{number}",
            place,
            message["content"] or "",
            tuple(
                (call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls") or ()
            ),
        )
        for number, messages in enumerate(conversations)
        for place, message in enumerate(messages)
        if message["role"] == "assistant"
    )


def found(challenges: list[Challenge]) -> Counter[tuple[Any, ...]]:
    """Count challenges in the same words."""
    return Counter(
        (
            challenge.conversation_id,
            len(challenge.messages),
            challenge.baseline.message.text,
            tuple((call.name, call.arguments) for call in challenge.baseline.message.tool_calls),
        )
        for challenge in challenges
    )


def logged(conversations: list[list[Wire]], layout: str) -> Iterator[Trace]:
    """Yield the traces of every conversation, in turn."""
    for number, messages in enumerate(conversations):
        yield from LAYOUTS[layout](f"tau-{number}", messages)


def test_the_conversations_are_those_that_were_counted(conversations: list[list[Wire]]) -> None:
    """The figures that the other tests rest on."""
    assert len(conversations) == 200
    assert sum(len(turns_of(messages)) for messages in conversations) == TURNS
    assert sum(bool(calls) for _, _, _, calls in expected(conversations).elements()) == TOOL_TURNS


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_every_turn_is_a_challenge_once(conversations: list[list[Wire]], layout: str) -> None:
    """As transcripts, as growing histories and as a trace per turn: the same 2,454 turns with their tool calls."""
    store = SqliteStore(":memory:")
    challenges = await taken(store, logged(conversations, layout), TOLERANT)
    ledger = await ledger_of(store)
    await store.aclose()
    assert found(challenges) == expected(conversations)
    assert sum(count for (of, fate, _), count in ledger.items() if (of, fate) == ("turn", Fate.CHALLENGED)) == TURNS
    assert sum(count for (of, _, _), count in ledger.items() if of == "turn") == TURNS
    if layout != "final":
        assert all(challenge.origin.observed for challenge in challenges)


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_turns_whose_tools_nobody_logged_are_counted(conversations: list[list[Wire]], layout: str) -> None:
    """By default no challenger is asked for a tool that it is not offered; the sums still add up."""
    store = SqliteStore(":memory:")
    traces = list(logged(conversations, layout))
    challenges = await taken(store, traces, Rules())
    ledger = await ledger_of(store)
    await store.aclose()
    challenged = sum(count for (of, fate, _), count in ledger.items() if (of, fate) == ("turn", Fate.CHALLENGED))
    assert (challenged, ledger["turn", Fate.UNREPLAYABLE, UNDECLARED]) == (TURNS - TOOL_TURNS, TOOL_TURNS)
    assert sum(count for (of, _, _), count in ledger.items() if of == "turn") == TURNS
    assert sum(count for key, count in ledger.items() if key[0] == "trace") == len(traces)
    assert not any(challenge.baseline.message.tool_calls for challenge in challenges)


async def test_declared_tools_make_every_turn_a_challenge(conversations: list[list[Wire]]) -> None:
    """Where the tools are logged beside the messages nothing is left out."""
    names = {name for *_, calls in expected(conversations) for name, _ in calls}
    tools = [{"type": "function", "function": {"name": name}} for name in sorted(names)]
    traces = [one for n, m in enumerate(conversations[:20]) for one in growing_history(f"tau-{n}", m, tools=tools)]
    store = SqliteStore(":memory:")
    challenges = await taken(store, traces, Rules())
    await store.aclose()
    assert found(challenges) == expected(conversations[:20])


async def test_the_same_through_a_file_and_the_engine(conversations: list[list[Wire]], tmp_path: Path) -> None:
    """`poll` over an exported file queues one duel per turn, and polling again queues none."""
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    with (tmp_path / "traces.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(map(line_of, logged(conversations, "session")))
    path = tmp_path / "config.toml"
    async with build(read_config(path), path) as app:
        fresh = [await app.engine.poll() for _ in range(3)]
        assert (sum(fresh), fresh[-1]) == (TURNS, 0)
        ledger = await ledger_of(app.store)
    assert ledger["turn", Fate.CHALLENGED, ""] == TURNS
    assert ledger["trace", Fate.CHALLENGED, ""] == TURNS
