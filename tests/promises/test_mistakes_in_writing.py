"""Rows 29 to 40: posting back, privacy, secrets, and what a run costs."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections import Counter
from pathlib import Path

import pytest

from connector.app import App
from connector.demo.langfuse import SmallLangfuse
from connector.demo.models import ModelServer
from connector.types import State
from tests.integration.world import CONFIG, config, produce, understudy
from tests.logged import Wire
from tests.promises.stage import CHALLENGER, arrange, chats, cycle, saying

KEY = "sk-made-up-7f3a9c"
WATCHED = """
import sys
def note(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        with open({path!r}, "a") as file:
            file.write(f"{{address[0]}}:{{address[1]}}\\n" if isinstance(address, tuple) else "local:0\\n")
sys.addaudithook(note)
"""


async def test_row_29_scores_name_their_turn_and_are_posted_once(tmp_path: Path) -> None:
    """Each score on production stands on one observation, with turn, reason and config; a second run posts none."""
    async with SmallLangfuse() as server:
        await produce(server, 2, 3)
        path = str(config(tmp_path))
        assert (await understudy("once", "--yes", "-q", "-c", path, server=server)).code == 0
        first = {score.id: score for score in server.scores()}
        assert (await understudy("once", "--yes", "-q", "-c", path, server=server)).code == 0
        again = [score.id for score in server.scores()]
    assert sorted(again) == sorted(first)
    there = [score for score in first.values() if score.name == "understudy_win.good"]
    assert len({(score.trace_id, score.observation_id) for score in there}) == 6
    assert Counter(score.metadata["turn"] for score in there) == {0: 2, 1: 2, 2: 2}
    assert all(score.comment and score.environment == "production" for score in there)


async def test_row_30_a_score_that_is_not_kept_is_reported(tmp_path: Path) -> None:
    """A server that takes scores and drops them is found out by reading back, and the run says so."""
    async with SmallLangfuse() as server:
        await produce(server, 1, 1)
        server.swallow("score", times=1000)
        said = await understudy("once", "--yes", "-c", str(config(tmp_path)), server=server)
    assert "does not show them" in said.err


async def test_row_31_no_sink_is_a_silent_no_op(tmp_path: Path) -> None:
    """Both places that results can go to hold the scores afterwards."""
    async with ModelServer({"one": saying("hi"), "judge": saying("[[A=B]]")}) as models:
        played = await cycle(arrange(tmp_path, chats(2), models))
    assert Counter(score["name"] for score in played.written("score"))["understudy_win"] == 2
    async with SmallLangfuse() as server:
        await produce(server, 1, 2)
        (tmp_path / "langfuse").mkdir()
        path = config(tmp_path / "langfuse")
        await understudy("once", "--yes", "-q", "-c", str(path), server=server)
        assert Counter(score.name for score in server.scores())["understudy_win"] == 4


async def test_row_32_nothing_is_sent_anywhere_else(tmp_path: Path) -> None:
    """With every vendor's key at hand, the process connects to its Langfuse and its model, and nowhere else."""
    seen = tmp_path / "connections"
    (tmp_path / "sitecustomize.py").write_text(WATCHED.format(path=str(seen)), encoding="utf-8")
    vendors = dict.fromkeys(("FIREWORKS_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "LANGSMITH_API_KEY"), KEY)
    async with SmallLangfuse() as server, ModelServer({"one": saying("hi")}) as models:
        await produce(server, 1, 2)
        path = config(tmp_path, CONFIG + CHALLENGER.format(name="one", url=models.url, options="free = true"))
        environment = {**vendors, "PYTHONPATH": str(tmp_path)}
        said = await understudy("once", "--yes", "-q", "-c", str(path), server=server, **environment)
        assert said.code == 0, said.err
        assert models.calls["one"] == 2
        allowed = {server.base_url.removeprefix("http://"), models.url.removeprefix("http://")}
    assert set(seen.read_text(encoding="utf-8").split()) == allowed


async def test_row_33_keys_stay_where_they_are(tmp_path: Path) -> None:
    """A key is in no output, no error that repeats it, no file, no row and nothing that is posted."""
    async with SmallLangfuse() as server, ModelServer({"one": saying("hi")}) as models:
        await produce(server, 2, 2)
        models.fail("one", 400, body=json.dumps({"error": {"message": f"who is {KEY}?"}}).encode())
        options = 'api_key_env = "THE_KEY"\nfree = true'
        path = config(tmp_path, CONFIG + CHALLENGER.format(name="one", url=models.url, options=options))
        said = await understudy("once", "--yes", "-c", str(path), server=server, THE_KEY=KEY)
        shown = await understudy("config", "show", "-c", str(path), server=server, THE_KEY=KEY)
        sent = [seen.headers.get("authorization", "") for seen in models.seen]
        posted = str([server.observations(), server.scores(), server.dataset_items, server.experiments()])
    assert sent == [f"Bearer {KEY}"] * 4
    assert "who is [key]?" in stored(tmp_path)
    for text in (said.out, said.err, shown.out, shown.err, posted, stored(tmp_path)):
        assert KEY not in text
        assert server.secret_key not in text


def stored(folder: Path) -> str:
    """Return everything that the folder's files hold, what is compressed in the store unpacked."""
    found = [path.read_bytes().decode("latin-1") for path in folder.iterdir() if path.is_file()]
    with sqlite3.connect(folder / "understudy.db") as db:
        tables = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
        rows = [cell for table in tables for row in db.execute(f'select * from "{table}"') for cell in row]
    db.close()
    found += [_unpacked(cell) if isinstance(cell, bytes) else str(cell) for cell in rows]
    return "\n".join(found)


def _unpacked(cell: bytes) -> str:
    """Not every blob is a text: one is the key with which values are masked."""
    try:
        return zlib.decompress(cell).decode()
    except zlib.error:
        return cell.decode("latin-1")


async def test_row_34_each_record_is_written_once(tmp_path: Path) -> None:
    """Twenty turns and two challengers: every item, span and score goes out once, in a handful of requests."""
    async with SmallLangfuse() as server:
        await produce(server, 10, 2)
        said = await understudy("once", "--yes", "-q", "-c", str(config(tmp_path)), server=server)
        assert said.code == 0, said.err
        posts = Counter(served.path for served in server.requests if served.method == "POST")
        items = {name for name, item in server.dataset_items.items() if item["datasetName"] == "understudy/production"}
        assert {server.versions[item] for item in items} == {1}
        assert len(items) == 20
    assert posts["/api/public/dataset-items"] <= 20 + 2
    assert posts["/api/public/ingestion"] + posts["/api/public/scores"] <= 12
    assert posts["/api/public/otel/v1/traces"] <= 12
    assert (tmp_path / "understudy.db").stat().st_size < 40 * 20_000


async def test_row_36_no_key_is_needed_where_none_is_used(tmp_path: Path) -> None:
    """Looking at results, at the configuration and at a file of traces works without any account."""
    async with ModelServer({}) as models:
        path = str(arrange(tmp_path, chats(2), models))
        for verb in (["leaderboard"], ["config", "show"], ["config", "schema"], ["scan"], ["--version"]):
            said = await understudy(*verb, *(["-c", path] if verb[-1] not in {"schema", "--version"} else []))
            assert said.code == 0, said.err


async def test_row_37_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Stopped in the middle and started again, no call is made twice, and a third start makes none."""
    engines: list[App] = []

    def one(body: Wire) -> str:
        if server.calls["one"] == 7:
            engines[-1].engine.stop()
        return f"an answer to {body['messages'][-1]['content']}"

    async with ModelServer({"one": one, "judge": saying("[[A=B]]")}) as server:
        path = arrange(tmp_path, chats(20), server, options="concurrency = 2")
        first = await cycle(path, watch=engines.append)
        assert 0 < server.calls["one"] < 20
        assert first.states[("one", State.QUEUED)] > 0
        second = await cycle(path, watch=engines.append)
        third = await cycle(path, watch=engines.append)
        assert second.states == third.states == {("one", State.POSTED): 20}
        assert (server.calls["one"], server.calls["judge"]) == (20, 40)
        assert set(server.bodies.values()) == {1}


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_row_38_what_will_never_work_is_not_tried_again(tmp_path: Path, status: int) -> None:
    """A refused request is sent once, and its duel is buried with the provider's words."""
    async with ModelServer({"one": saying("hi"), "judge": saying("[[A=B]]")}) as server:
        body = json.dumps({"error": {"message": "too many tools", "code": "bad"}}).encode()
        server.fail("one", status, times=None, body=body)
        played = await cycle(arrange(tmp_path, chats(3), server))
        assert server.calls == {"one": 3}
    assert played.states == {("one", State.DEAD): 3}
    assert "too many tools" in stored(tmp_path)


async def test_row_39_a_call_that_hangs_costs_a_bounded_time(tmp_path: Path) -> None:
    """It is cut off after `timeout_s`, tried as often as configured, and buried; the others go on meanwhile."""
    async with ModelServer({"one": saying("hi"), "judge": saying("[[A=B]]")}) as server:
        server.hang("one", times=2)
        begun = time.monotonic()
        options = "timeout_s = 0.3\nmax_retries = 0\nconcurrency = 1"
        played = await cycle(arrange(tmp_path, chats(3), server, options=options))
        assert time.monotonic() - begun < 10
        assert server.calls["one"] == 2 + 3
    assert played.states == {("one", State.POSTED): 3}


async def test_row_40_no_more_is_held_than_is_carried(tmp_path: Path) -> None:
    """Of a hundred queued duels a lane holds a few, and no more calls are open than were allowed."""
    held: list[int] = []
    engines: list[App] = []

    def one(body: Wire) -> str:
        del body
        [lane] = engines[0].engine.lanes
        held.append(len(lane._next) + len(lane._running))
        return "hi"

    async with ModelServer({"one": one, "judge": saying("[[A=B]]")}, latency_s=0.005) as server:
        path = arrange(tmp_path, chats(100), server, options="concurrency = 4")
        await cycle(path, watch=engines.append)
        assert server.calls["one"] == 100
    assert server.most_in_flight <= 2 * 4
    assert max(held) <= 3 * 4
