"""What every source promises, over each of them: what is looked at can be read, once each, and nothing is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from connector import sources
from connector.assemble import assemble
from connector.demo.langfuse import Mode, Observation, SmallLangfuse
from connector.jsonl import line_of
from connector.langfuse.capabilities import detect
from connector.langfuse.client import Client
from connector.ports import Source
from connector.sources.jsonl import JsonlSource
from connector.sources.langfuse import LangfuseSource
from connector.traces import Sighting, Trace, Window
from rollouts.errors import UnderstudyError
from tests.integration.reading import NOON, agent, hold, row, trace_id
from tests.integration.world import generation, send, span

KINDS = ["jsonl", *(f"langfuse {mode}" for mode in get_args(Mode))]
HOUR = Window(start=NOON - timedelta(hours=1), end=NOON)
every_kind = pytest.mark.parametrize("kind", KINDS)

ABOUT: dict[str, Any] = {
    "user_id": "u1",
    "session_id": "s1",
    "tags": ("vip", "beta"),
    "release": "r7",
    "trace_name": "chat",
}


@asynccontextmanager
async def opened(kind: str, folder: Path, rows: list[Observation]) -> AsyncIterator[Source]:
    """Open one source over the same production; a file is what another source has exported."""
    mode = kind.split()[1] if " " in kind else "events_only"
    async with SmallLangfuse(mode) as server:  # type: ignore[arg-type]
        hold(server, *rows)
        client = Client(server.base_url, server.public_key, server.secret_key)
        langfuse = LangfuseSource(client, await detect(client))
        if kind == "jsonl":
            file = folder / "traces.jsonl"
            traces = [await langfuse.read(sighting) for sighting in await langfuse.look(HOUR)]
            file.write_text("".join(map(line_of, traces)), encoding="utf-8", newline="\n")
            yield JsonlSource(file)
        else:
            yield langfuse
        await client.aclose()


def production(count: int = 5) -> list[Observation]:
    """Return traces within the hour, five minutes apart."""
    begun = [NOON - timedelta(minutes=55 - 5 * number) for number in range(count)]
    return [each for number, start in enumerate(begun) for each in agent(f"t{number}", start, **ABOUT)]


async def everything(source: Source) -> list[tuple[Sighting, Trace]]:
    """Look at the hour and read all of it."""
    return [(sighting, await source.read(sighting)) for sighting in await source.look(HOUR)]


def test_every_file_of_the_folder_is_under_contract() -> None:
    """A new source is in these tests, or they fail."""
    files = {file.stem for path in sources.__path__ for file in Path(path).glob("*.py")} - {"__init__"}
    assert files == {kind.split()[0] for kind in KINDS}


@every_kind
async def test_every_trace_is_seen_once(kind: str, tmp_path: Path) -> None:
    """None is missing, none comes twice, and looking again sees the same."""
    async with opened(kind, tmp_path, production()) as source:
        first, second = await source.look(HOUR), await source.look(HOUR)
        assert sorted(each.trace_id for each in first) == sorted(trace_id(f"t{number}") for number in range(5))
        key = Sighting.model_dump_json
        assert sorted(map(key, first)) == sorted(map(key, second))


@every_kind
async def test_looking_and_reading_agree(kind: str, tmp_path: Path) -> None:
    """What a trace is filtered by, and what tells whether it has grown, is the same from afar and from near."""
    async with opened(kind, tmp_path, production()) as source:
        for sighting, trace in await everything(source):
            assert trace.id == sighting.trace_id
            assert len(trace.observations) == sighting.observations == 3
            for name in ("environment", "name", "user_id", "session_id", "started_at"):
                assert getattr(trace, name) == getattr(sighting, name) is not None
            assert set(trace.tags) == set(sighting.tags) == {"vip", "beta"}
            assert trace.ended
            assert sighting.ended
            assert trace.ours is None
            assert sighting.ours is None


@every_kind
async def test_a_trace_is_found_by_its_id(kind: str, tmp_path: Path) -> None:
    """Whenever it began and without a look before, it is the one that a look sees; an unknown id finds nothing."""
    async with opened(kind, tmp_path, production()) as source:
        found = await source.find(trace_id("t3"))
        assert found is not None
        assert (await source.read(found)).id == trace_id("t3")
        [seen] = [each for each in await source.look(HOUR) if each.trace_id == trace_id("t3")]
        alike = {"latest"}  # the list of v3 does not tell
        assert found.model_dump(exclude=alike) == seen.model_dump(exclude=alike)
        for unknown in ("0" * 32, "a/../b?c#d", "nothing at all"):
            assert await source.find(unknown) is None


@every_kind
async def test_observations_come_whole_and_oldest_first(kind: str, tmp_path: Path) -> None:
    """Ids, kinship, types, contents as JSON values, models and times arrive as production wrote them."""
    async with opened(kind, tmp_path, production(1)) as source:
        [(_, trace)] = await everything(source)
        root, first, second = trace.observations
        assert [each.started_at for each in trace.observations] == sorted(
            each.started_at for each in trace.observations
        )
        assert root.parent_id is None
        assert {first.parent_id, second.parent_id} == {root.id}
        assert (first.type, first.model, first.name) == ("GENERATION", "kestrel-2", "turn 0")
        assert first.input == {"messages": [{"role": "user", "content": "t0 asks 0"}]}
        assert second.output == {"role": "assistant", "content": "t0 answer 1"}
        assert first.latency_s == pytest.approx(10 / 3 / 2, abs=0.001)
        assert first.cost_usd is None, "nobody knows what it cost"
        assert trace.release == "r7"


@every_kind
async def test_every_source_gives_the_same_calls(kind: str, tmp_path: Path) -> None:
    """Whichever way the server speaks, the same conversation comes out."""
    async with opened(kind, tmp_path, production(2)) as source:
        calls = [call for _, trace in await everything(source) for call in assemble(trace).conversation.calls]
        assert Counter(call.answer.message.text for call in calls if call.answer) == Counter(
            f"t{number} answer {turn}" for number in range(2) for turn in range(2)
        )


@every_kind
async def test_a_trace_of_hundreds_of_observations_is_read_whole(kind: str, tmp_path: Path) -> None:
    """More than one page of anything."""
    rows = agent("big", NOON - timedelta(minutes=30), turns=3)
    rows += [
        row("big", f"step {n}", NOON - timedelta(minutes=30), seconds=0.0, parent=rows[0].id) for n in range(1_200)
    ]
    async with opened(kind, tmp_path, rows) as source:
        [(sighting, trace)] = await everything(source)
        assert sighting.observations == len(trace.observations) == 1_204
        assert len({each.id for each in trace.observations}) == 1_204


@every_kind
async def test_a_trace_still_running_is_not_read_as_ended(kind: str, tmp_path: Path) -> None:
    """A root without an end: whoever looks or reads can tell."""
    rows = [row("running", "root", NOON - timedelta(minutes=30), seconds=None, parent=None)]
    async with opened(kind, tmp_path, rows) as source:
        [(sighting, trace)] = await everything(source)
        assert not (sighting.ended and trace.ended)


@every_kind
async def test_what_a_session_held_before(kind: str, tmp_path: Path) -> None:
    """The traces that began earlier in the same session, whole and oldest first; none where there is no session."""
    session = [
        agent(f"t{n}", NOON - timedelta(minutes=55 - 5 * n), **ABOUT | {"session_id": "ab"[n % 2]}) for n in range(6)
    ]
    alone = agent("alone", NOON - timedelta(minutes=1), **ABOUT | {"session_id": ""})
    async with opened(kind, tmp_path, [row for rows in (*session, alone) for row in rows]) as source:
        sightings = {each.trace_id: each for each in await source.look(HOUR)}
        found = await source.earlier(sightings[trace_id("t4")])
        assert [each.id for each in found] == [trace_id("t0"), trace_id("t2")]
        assert found == [await source.read(sightings[each.id]) for each in found]
        assert await source.earlier(sightings[trace_id("t0")]) == []
        assert await source.earlier(sightings[trace_id("alone")]) == []


@every_kind
async def test_of_a_long_session_the_newest_part(kind: str, tmp_path: Path) -> None:
    """Fifty traces are read to complete one, and no more."""
    begun = NOON - timedelta(minutes=58)
    rows = [agent(f"t{n}", begun + timedelta(minutes=n), turns=1, seconds=1.0, session_id="s") for n in range(55)]
    async with opened(kind, tmp_path, [row for each in rows for row in each]) as source:
        [last] = [each for each in await source.look(HOUR) if each.trace_id == trace_id("t54")]
        assert [each.id for each in await source.earlier(last)] == [trace_id(f"t{n}") for n in range(4, 54)]


@every_kind
async def test_nothing_there_is_no_error(kind: str, tmp_path: Path) -> None:
    """An empty project and an empty file."""
    async with opened(kind, tmp_path, []) as source:
        assert await source.look(HOUR) == []


@every_kind
async def test_only_our_own_errors_come_out(kind: str, tmp_path: Path) -> None:
    """When what it reads from goes away in between, a source says so in one of the three words."""
    async with opened(kind, tmp_path, production(1)) as source:
        [sighting] = await source.look(HOUR)
        if isinstance(source, JsonlSource):
            (tmp_path / "traces.jsonl").unlink()
            with pytest.raises(UnderstudyError):
                await source.look(HOUR)
        else:
            sighting = sighting.model_copy(update={"trace_id": "0" * 32})
        with pytest.raises(UnderstudyError):
            await source.read(sighting)


@pytest.mark.parametrize("kind", KINDS[1:])
async def test_our_own_writings_are_no_part_of_a_session(kind: str, tmp_path: Path) -> None:
    """A rollout stands in the session of its turn; it is nothing that production saw."""
    begun = NOON - timedelta(minutes=30)
    first = agent("first", begun, session_id="s")
    ours = agent("ours", begun + timedelta(minutes=1), session_id="s", tags=("understudy",))
    later = agent("later", begun + timedelta(minutes=2), session_id="s")
    async with opened(kind, tmp_path, [*first, *ours, *later]) as source:
        sightings = {each.trace_id: each for each in await source.look(HOUR)}
        assert [each.id for each in await source.earlier(sightings[trace_id("later")])] == [trace_id("first")]


@pytest.mark.parametrize("mode", ["events_only", "v3"])
async def test_a_trace_that_was_deleted_meanwhile_is_left_out_of_its_session(mode: Mode) -> None:
    """The later trace is completed from what is there."""
    begun, gone = NOON - timedelta(minutes=30), trace_id("t0")
    async with SmallLangfuse(mode) as server:
        for n in range(3):
            hold(server, *agent(f"t{n}", begun + timedelta(minutes=n), session_id="s"))
        client = Client(server.base_url, server.public_key, server.secret_key)
        source = LangfuseSource(client, await detect(client))
        [last] = [each for each in await source.look(HOUR) if each.trace_id == trace_id("t2")]
        server.fail(f"/api/public/traces/{gone}", 404)
        server.fail("/api/public/v2/observations", 200, body={"data": [], "meta": {}}, about=f"traceId={gone}")
        assert [each.id for each in await source.earlier(last)] == [trace_id("t1")]
        await client.aclose()


async def test_of_several_lines_with_one_id_the_last_counts(tmp_path: Path) -> None:
    """A file that was exported into twice holds a trace twice; it is seen and read once, in its newest state."""
    async with opened("langfuse events_only", tmp_path, production(1)) as source:
        [(_, trace)] = await everything(source)
    file = tmp_path / "traces.jsonl"
    early = trace.model_copy(update={"observations": trace.observations[:1]})
    file.write_text(line_of(early) + line_of(trace), encoding="utf-8", newline="\n")
    [(sighting, read)] = await everything(JsonlSource(file))
    assert sighting.observations == 3
    assert read == trace


@pytest.mark.parametrize("mode", get_args(Mode))
async def test_long_metadata_is_read_whole(mode: Mode) -> None:
    """Tools and histories that integrations keep in metadata arrive as they were logged, however long they are."""
    tools, short = json.dumps([{"name": f"tool_{n}", "description": "ü" * 90} for n in range(40)]), "a note"
    begun = datetime.now(UTC) - timedelta(minutes=30)
    told = {"langfuse.observation.metadata.tools": tools, "langfuse.observation.metadata.note": short}
    logged = generation([{"role": "user", "content": "hello"}], "hi", **told)
    async with SmallLangfuse(mode) as server:
        await send(server, [span("ab" * 16, "cd" * 8, begun, 1.0, logged | {"langfuse.internal.is_app_root": True})])
        client = Client(server.base_url, server.public_key, server.secret_key)
        source = LangfuseSource(client, await detect(client))
        sighting = await source.find("ab" * 16)
        assert sighting is not None
        [observation] = (await source.read(sighting)).observations
        await client.aclose()
    assert observation.metadata["tools"] in (tools, json.loads(tools))
    assert observation.metadata["note"] == short
