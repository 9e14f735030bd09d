"""Killed at any moment and started again: the same results, nothing twice, nothing missing, nothing paid twice."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import Any

import pytest

from connector.demo.langfuse import Mode, Served, SmallLangfuse
from tests.integration.troubled import World, ended, troubled
from tests.integration.world import Ran, produce

CONVERSATIONS, TURNS = 5, 2
CHALLENGES = CONVERSATIONS * TURNS
DUELS = 2 * CHALLENGES
_SAID = re.compile(r"(\d+) model call\(s\) were in flight")

Trigger = Callable[[World, Process], None]
"""Prepares the moment in which a process is killed."""


def after_calls(count: int) -> Trigger:
    """Kill when so many more model calls have arrived, and no other is on its way, there or back."""

    def prepare(world: World, process: Process) -> None:
        last = world.asked + count

        def tell(number: int) -> None:
            if number == last:
                world.flowing.clear()
                world.background.add(asyncio.create_task(once_still(world, process)))

        world.tell = tell

    return prepare


async def once_still(world: World, process: Process) -> None:
    """Kill when what was begun has arrived, what was answered is kept, and both are the same for a while."""
    with closing(sqlite3.connect(f"file:{world.folder / 'understudy.db'}?mode=ro", uri=True)) as state:
        still = 0
        while still < 5 and process.returncode is None:
            await asyncio.sleep(0.1)
            [begun] = state.execute("select count(*) from call where completion is null").fetchone()
            still = still + 1 if begun == world.under_way.total() else 0
    if process.returncode is None:
        process.kill()


def amid_calls(count: int) -> Trigger:
    """Kill at once when so many more model calls have arrived."""

    def prepare(world: World, process: Process) -> None:
        last = world.asked + count
        world.tell = lambda number: process.kill() if number == last else None

    return prepare


def while_serving(method: str, path: str, nth: int = 1) -> Trigger:
    """Kill when Langfuse has carried out the nth such request, and before it has answered."""

    def prepare(world: World, process: Process) -> None:
        met = 0

        def tell(served: Served) -> None:
            nonlocal met
            met += served.method == method and served.path.startswith(f"/api/public/{path}")
            if met == nth:
                process.kill()

        world.served.tell = tell

    return prepare


async def run_until(world: World, trigger: Trigger | None) -> Ran:
    """Run a cycle, to the moment that `trigger` chooses or to its end."""
    world.flowing.set()
    world.tell, world.served.tell = (lambda _: None), (lambda _: None)
    process = await world.start("once", "--yes", "--log-format", "json")
    if trigger:
        trigger(world, process)
    return await ended(process)


async def killed_and_resumed(world: World, triggers: list[Trigger]) -> tuple[list[int], int]:
    """Kill one process after the other, then let one end; return what each said was in flight, and the kills."""
    await produce(world.langfuse, CONVERSATIONS, TURNS)
    runs = [await run_until(world, trigger) for trigger in (*triggers, None)]
    assert {ran.code for ran in runs} <= {0, -SIGKILL}, [ran.err for ran in runs if ran.code not in {0, -SIGKILL}]
    assert runs[-1].code == 0, runs[-1].err
    assert not any("Traceback" in ran.err or "Warning" in ran.err for ran in runs)
    said = [int(found[1]) if (found := _SAID.search(ran.err)) else 0 for ran in runs]
    return said, sum(ran.code == -SIGKILL for ran in runs)


def assert_whole(langfuse: SmallLangfuse) -> None:
    """Every item, span, score, run item, config and dashboard is there, and none of them twice."""
    assert set(langfuse.versions.values()) == {1}
    assert len(langfuse.dataset_items) == CHALLENGES + 1
    spans = Counter((row.trace_id, row.id) for row in langfuse.observations())
    names = Counter(row.name for row in langfuse.observations())
    scores = Counter(score.id for score in langfuse.scores())
    kinds = Counter(score.name for score in langfuse.scores())
    assert set(spans.values()) == set(scores.values()) == {1}
    assert (names["rollout"], names["baseline"]) == (DUELS, CHALLENGES)
    assert names["judge"] == names["round 1"] == names["round 2"] > DUELS / 2
    assert kinds["understudy_verdict"] == DUELS
    assert kinds["understudy_win"] == kinds["understudy_win.good"] + kinds["understudy_win.fair"] > DUELS / 2
    assert kinds["win_rate"] == 2
    assert Counter(config["name"] for config in langfuse.state.score_configs.values()).most_common(1)[0][1] == 1
    assert len(langfuse.dashboards) == (langfuse.state.mode != "v3")
    links = Counter((row["datasetRunName"], row["datasetItemId"]) for row in langfuse.state.dataset_run_items.values())
    assert sum(links.values()) == len(links) == (DUELS + CHALLENGES if langfuse.state.mode in {"dual", "v3"} else 0)


async def undisturbed(folder: Path) -> dict[str, Any]:
    """Return the leaderboard of the same production when nobody is killed."""
    async with troubled(folder) as world:
        await killed_and_resumed(world, [])
        assert set(world.models.bodies.values()) == {1}
        assert_whole(world.langfuse)
        return await world.leaderboard()


WRITES = {
    "opening": [
        while_serving("GET", "v2/observations", 4),
        while_serving("POST", "v2/datasets"),
        while_serving("POST", "score-configs", 2),
        while_serving("POST", "unstable/dashboards"),
    ],
    "posting": [
        while_serving("POST", "dataset-items", 2),
        while_serving("POST", "otel"),
        while_serving("POST", "ingestion"),
        amid_calls(4),
        while_serving("POST", "otel", 2),
    ],
    "publishing": [
        while_serving("GET", "dataset-items/"),
        while_serving("POST", "dataset-items"),
        while_serving("POST", "otel"),
        while_serving("GET", "v3/scores"),
    ],
}
TABLES = [
    while_serving("POST", "dataset-run-items", 3),
    while_serving("POST", "otel"),
    while_serving("POST", "dataset-run-items", 2),
    while_serving("POST", "ingestion"),
]


async def test_killed_among_model_calls(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No call is paid twice but those in flight at a kill, and each restart names exactly how many these are."""
    expected, random = await undisturbed(tmp_path_factory.mktemp("undisturbed")), Random(20261122)
    async with troubled(tmp_path) as world:
        said, kills = await killed_and_resumed(world, [after_calls(random.randint(4, 14)) for _ in range(5)])
        twice = sum(count - 1 for count in world.models.bodies.values())
        assert kills == 5
        assert twice == sum(said) > 0
        assert_whole(world.langfuse)
        assert await world.leaderboard() == expected


@pytest.mark.parametrize("stage", WRITES)
async def test_killed_among_writes(tmp_path: Path, stage: str) -> None:
    """What Langfuse carried out without our hearing of it is not written twice; what it did not is not missing."""
    async with troubled(tmp_path) as world:
        world.latency_s = 0.03
        said, kills = await killed_and_resumed(world, WRITES[stage])
        assert kills == len(WRITES[stage])
        assert sum(count - 1 for count in world.models.bodies.values()) <= sum(said)
        assert_whole(world.langfuse)


@pytest.mark.parametrize(("mode", "triggers"), [("dual", TABLES), ("v3", TABLES[:2])])
async def test_killed_where_runs_are_a_table(tmp_path: Path, mode: Mode, triggers: list[Trigger]) -> None:
    """Run items get their ids from the server: they are looked up before they are written again."""
    async with troubled(tmp_path, mode) as world:
        world.latency_s = 0.03
        _, kills = await killed_and_resumed(world, triggers)
        assert kills == len(triggers)
        assert_whole(world.langfuse)


@pytest.mark.parametrize("status", [408, 503])
async def test_answers_that_are_lost(tmp_path: Path, status: int) -> None:
    """What was carried out, but answered with an error on the way back, is not written a second time."""
    async with troubled(tmp_path, "dual") as world:
        await produce(world.langfuse, CONVERSATIONS, TURNS)
        for path in ("dataset-items", "dataset-run-items", "otel", "ingestion"):
            world.langfuse.fail(f"/api/public/{path}", status, method="POST", after=True)
        ran = await run_until(world, None)
        assert ran.code == 0, ran.err
        assert Counter(served.status for served in world.served)[status] == 4
        assert_whole(world.langfuse)
