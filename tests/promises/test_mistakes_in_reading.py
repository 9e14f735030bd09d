"""Rows 16 to 28: what is lost or doubled while reading Langfuse."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.app import build
from connector.config_file import read as read_config
from connector.demo.langfuse import Mode, SmallLangfuse
from connector.intake import Rules
from connector.langfuse.capabilities import detect
from connector.langfuse.client import Client
from connector.select import Filters, Selection
from connector.sources.langfuse import LangfuseSource
from connector.store.sqlite import SqliteStore
from connector.traces import Sighting, Window
from connector.turns.worth import TurnRules
from connector.types import Fate
from tests.integration.world import config, keys_of, produce, send, span
from tests.logged import (
    assistant,
    challenges,
    dispositions,
    generation,
    read,
    result,
    taken,
    trace,
    trace_per_turn,
    user,
)
from tests.logged import (
    ledger as ledger_of,
)

SERVERS: list[Mode] = ["events_only", "dual", "v3"]
HEY = [user("hey")]


async def sightings(server: SmallLangfuse, meanwhile: Callable[[], None] = lambda: None) -> list[Sighting]:
    """Look at the last hour; `meanwhile` something happens to the server."""
    now = datetime.now(UTC)
    client = Client(server.base_url, server.public_key, server.secret_key)
    try:
        source = LangfuseSource(client, await detect(client))
        meanwhile()
        return await source.look(Window(start=now - timedelta(hours=1), end=now))
    finally:
        await client.aclose()


async def many(server: SmallLangfuse, count: int) -> set[str]:
    """Write so many traces, all at one moment."""
    at = datetime.now(UTC) - timedelta(minutes=30)
    ids = [hashlib.md5(str(number).encode()).hexdigest() for number in range(count)]
    facts = {"langfuse.internal.is_app_root": True, "langfuse.environment": "production"}
    await send(server, [span(name, f"{number + 1:016x}", at, 1.0, facts) for number, name in enumerate(ids)])
    return set(ids)


@pytest.mark.parametrize("mode", SERVERS)
async def test_row_16_no_page_is_read_twice_or_left_out(mode: Mode) -> None:
    """1,203 traces of one moment are 1,203 traces, whatever the page size divides them into."""
    async with SmallLangfuse(mode) as server:
        ids = await many(server, 1203)
        found = Counter(sighting.trace_id for sighting in await sightings(server))
    assert found == Counter(ids)


@pytest.mark.parametrize("mode", SERVERS)
@pytest.mark.parametrize("status", [500, 503, 429])
async def test_row_17_a_failing_page_loses_nothing(mode: Mode, status: int) -> None:
    """A page that fails once is read again; what was read before it is not thrown away."""
    async with SmallLangfuse(mode) as server:
        ids = await many(server, 1203)
        path = "/api/public/traces" if mode == "v3" else "/api/public/v2/observations"
        again = {"retry-after": "0"}
        found = await sightings(server, lambda: server.fail(path, status, headers=again, skip=1))
        assert status in {served.status for served in server.requests}
    assert Counter(sighting.trace_id for sighting in found) == Counter(ids)


async def test_row_18_each_trace_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty traces take one look and thirty reads, without naps between them; later looks read none of them again."""
    async with SmallLangfuse() as server:
        for name, value in keys_of(server).items():
            monkeypatch.setenv(name, value)
        await produce(server, 30, 1)
        path = config(tmp_path)
        async with build(read_config(path), path, spending=True) as app:
            counts = []
            for _ in range(3):
                before = len(server.requests)
                await app.engine.poll()
                counts.append(len(server.requests) - before)
    assert counts == [1, 1 + 30, 1]


async def test_row_19_traces_that_arrive_late_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look goes back behind the last one: what arrives in between is read, and nothing twice."""
    async with SmallLangfuse() as server:
        for name, value in keys_of(server).items():
            monkeypatch.setenv(name, value)
        await produce(server, 3, 2)
        path = config(tmp_path)
        async with build(read_config(path), path, spending=True) as app:
            fresh = [await app.engine.poll(), await app.engine.poll()]
            await produce(server, 2, 2, **{"session.id": "late"})
            fresh += [await app.engine.poll(), await app.engine.poll()]
    assert fresh == [0, 2 * 6, 0, 2 * 4]


def test_row_20_text_is_the_assistants_answer() -> None:
    """An output that is bare text is what production said, for messages and for plain questions."""
    for asked in (HEY, "hey", {"question": "hey"}):
        [challenge] = challenges(trace("t", generation(asked, "hello")))
        assert [message.role for message in challenge.messages] == ["user"]
        assert (challenge.baseline.message.role, challenge.baseline.message.text) == ("assistant", "hello")


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ({"choices": [{"message": assistant("hello")}]}, "hello"),
        ({"city": "Paris"}, '{"city":"Paris"}'),
        ({"role": "assistant", "content": None}, None),
        ({"candidates": []}, None),
    ],
)
def test_row_21_a_table_is_never_nothing(output: Any, said: str | None) -> None:
    """A table as output is its answer or a counted problem; never the text "None"."""
    one = trace("t", generation(HEY, output))
    assert [challenge.baseline.message.text for challenge in challenges(one)] == ([said] if said else [])
    assert sum(dispositions(one).values()) == 1


def test_row_22_arguments_of_a_function_are_no_message() -> None:
    """What a decorator logs of a Python call is counted as unreadable, and harms nobody else."""
    call = generation({"args": ["hey", 3], "kwargs": {}}, "hello", number=0)
    one = trace("t", call, generation(HEY, "hello", number=1))
    assert dispositions(one) == {(Fate.CHALLENGED, ""): 1, (Fate.UNREADABLE, "no known format"): 1}


def test_row_23_an_output_that_repeats_its_input_doubles_nothing() -> None:
    """Graphs return their whole state: each turn in it is there once, with the history that it had."""
    new = [assistant(None, ("c", "find", "{}")), result("c", "found"), assistant("It is there.")]
    one = trace("t", generation({"messages": HEY}, {"messages": [*HEY, *new]}))
    found = challenges(one)
    assert [len(challenge.messages) for challenge in found] == [1, 3]
    assert found[1].baseline.message.text == "It is there."


def test_row_24_blocks_tables_and_sounds_are_read() -> None:
    """Anthropic's blocks, arguments as a table and sounds in a message neither vanish nor break anything."""
    block = {"type": "tool_use", "id": "c", "name": "find", "input": {"id": 1}}
    table = assistant(None) | {"tool_calls": [{"id": "c", "function": {"name": "find", "arguments": {"id": 1}}}]}
    for output in ({"type": "message", "content": [block]}, table):
        [challenge] = challenges(trace("t", generation(HEY, output)))
        assert [(c.name, c.arguments) for c in challenge.baseline.message.tool_calls] == [("find", '{"id":1}')]
    sound = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    [challenge] = challenges(trace("t", generation([{"role": "user", "content": [sound]}], "a dog")))
    assert challenge.messages[0].parts[0].type == "blob"


def test_row_25_unknown_roles_are_counted() -> None:
    """A conversation in roles that nobody knows is unreadable with a reason, not silently without turns."""
    one = trace("t", generation([{"role": "caller", "content": "hey"}], {"role": "agent", "content": "hello"}))
    assert dispositions(one) == {(Fate.UNREADABLE, "no known format"): 1}


async def test_row_26_one_trace_that_cannot_be_fetched_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted as failed, and the rest of the look is read."""
    async with SmallLangfuse("v3") as server:
        for name, value in keys_of(server).items():
            monkeypatch.setenv(name, value)
        first, *_ = await produce(server, 4, 1)
        server.fail(f"/api/public/traces/{first}", 400, times=9)
        path = config(tmp_path)
        async with build(read_config(path), path, spending=True) as app:
            for _ in range(2):
                await app.engine.poll()
            ledger = await ledger_of(app.store)
    traces = {(fate, reason): count for (of, fate, reason), count in ledger.items() if of == "trace"}
    assert traces == {(Fate.CHALLENGED, ""): 3, (Fate.FAILED, "it could not be fetched"): 1}


def test_row_27_the_model_behind_each_baseline_is_known() -> None:
    """A trace of two models has two kinds of baselines, and they can be told apart."""
    calls = [
        generation([user(f"q{n}")], "a", number=n, model=model) for n, model in enumerate(("kestrel-2", "finch-1"))
    ]
    one = trace("t", *calls)
    assert [challenge.baseline.model for challenge in challenges(one)] == ["kestrel-2", "finch-1"]
    only = Rules(turns=TurnRules(), selection=Selection(filters=Filters(models=("finch-1",))))
    assert [challenge.baseline.model for challenge in challenges(one, rules=only)] == ["finch-1"]
    assert (Fate.FILTERED, "model") in {(turn.fate, turn.reason) for turn in read(one, only).turns}


async def test_row_28_a_session_is_one_conversation() -> None:
    """One trace per turn, each with the whole history: every turn once, all of one conversation."""
    said = [user("a"), assistant("b"), user("c"), assistant("d"), user("e"), assistant("f")]
    store = SqliteStore(":memory:")
    found = await taken(store, trace_per_turn("s", said))
    await store.aclose()
    assert [(c.conversation_id, c.origin.turn, c.origin.observed) for c in found] == [("s", n, True) for n in range(3)]
