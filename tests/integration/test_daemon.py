"""The daemon as a process: it goes on through whatever it meets, says how it is, and stops when it is told to."""

from __future__ import annotations

import asyncio
import json
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx
import pytest
from aiohttp import web

from connector.demo.model_dialects import Wire
from tests.integration.troubled import Line, World, ended, troubled, until
from tests.integration.world import Ran, produce


class Daemon:
    """A running daemon and what it says of itself."""

    def __init__(self, process: Process, address: str) -> None:
        self.process = process
        self._client = httpx.AsyncClient(base_url=address, timeout=10)

    async def get(self, path: str) -> httpx.Response:
        """Ask it; it answers as soon as it listens."""
        async with asyncio.timeout(20):
            while True:
                try:
                    return await self._client.get(path)
                except httpx.ConnectError:
                    await asyncio.sleep(0.05)

    async def metric(self, line: str) -> float | None:
        """Read one figure."""
        figures = (await self.get("/metrics")).text.splitlines()
        return next((float(text.rpartition(" ")[2]) for text in figures if text.startswith(line + " ")), None)

    async def counts(self, line: str, count: float) -> None:
        """Wait until a figure has reached this value."""

        async def reached() -> bool:
            return await self.metric(line) == count

        await until(reached, within_s=30)

    async def problems(self) -> dict[str, Any]:
        """Return what keeps it from being ready."""
        return dict((await self.get("/readyz")).json()["problems"])

    async def ready(self) -> bool:
        """Whether nothing keeps it from being ready."""
        return (await self.get("/readyz")).status_code == 200

    async def stop(self) -> Ran:
        """Ask it to stop, and wait until it has."""
        self.process.send_signal(SIGTERM)
        return await ended(self.process)

    async def aclose(self) -> None:
        """Hang up; kill it if it still lives."""
        await self._client.aclose()
        if self.process.returncode is None:
            self.process.kill()
            await self.process.communicate()


@asynccontextmanager
async def running(world: World, base_url: str | None = None) -> AsyncIterator[Daemon]:
    """Run a daemon; at the end it must still live, and stop in peace."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    world.config.write_text(world.config.read_text().replace('listen = ""', f'listen = "{listen}"'))
    process = await world.start("run", base_url=base_url)
    daemon = Daemon(process, f"http://{listen}")
    try:
        yield daemon
        if process.returncode is None:
            ran = await daemon.stop()
            assert ran.code == 0, ran.err
            assert "Traceback" not in ran.err, ran.err
    finally:
        await daemon.aclose()


def posted(challenger: str, state: str = "posted") -> str:
    """Name the figure that counts duels."""
    return f'understudy_duels{{challenger="{challenger}",state="{state}"}}'


async def test_what_arrives_is_carried_posted_and_published(tmp_path: Path) -> None:
    """Traces that come while it runs are picked up too; health, readiness and figures are served meanwhile."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 2, 1)
        async with running(world) as daemon:
            assert (await daemon.get("/healthz")).json() == {"status": "ok"}
            await daemon.counts(posted("good"), 2)
            await produce(world.langfuse, 3, 1, **{"user.id": "late"})
            await daemon.counts(posted("good"), 5)
            await daemon.counts(posted("fair"), 5)
            await until(lambda: [s for s in world.langfuse.scores() if s.name == "turns" and s.value == 5])
            assert await daemon.ready()
            assert await daemon.metric('understudy_dispositions{fate="challenged",of="turn",reason=""}') == 5
            assert await daemon.metric("understudy_outbox_pending") == 0
        # Two of the five ask what was asked before.
        assert (world.models.calls["good-1"], world.models.calls["fair-1"]) == (3, 3)
        assert {v for i, v in world.langfuse.versions.items() if "turn" in meta(world, i)} == {1}


def meta(world: World, item: str) -> dict[str, Any]:
    """Return what a dataset item says of itself."""
    return dict(world.langfuse.dataset_items[item]["metadata"])


async def test_a_stop_lets_what_runs_finish_and_starts_nothing(tmp_path: Path) -> None:
    """SIGTERM while models are thinking: their answers are kept, nobody is asked anything more, exit 0."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 10, 1)
        world.flowing.clear()
        async with running(world) as daemon:
            await until(lambda: world.asked == 6)
            daemon.process.send_signal(SIGTERM)
            await asyncio.sleep(0.5)
            world.flowing.set()
            ran = await ended(daemon.process)
        assert (ran.code, world.asked) == (0, 6)
        assert "Traceback" not in ran.err
        again = await world.run("once", "--yes")
        assert again.code == 0, again.err
        assert "in flight" not in again.err
        assert set(world.models.bodies.values()) == {1}


async def test_a_stop_waits_no_longer_than_the_grace_period(tmp_path: Path) -> None:
    """What outlasts it is cut off, counted as paid at once, and asked again at the next start."""
    async with troubled(tmp_path) as world:
        world.configure(grace='"0.5s"')
        await produce(world.langfuse, 4, 1)
        world.flowing.clear()
        async with running(world) as daemon:
            await until(lambda: world.asked == 6)
            began = asyncio.get_running_loop().time()
            ran = await daemon.stop()
            assert asyncio.get_running_loop().time() - began < 5
        assert ran.code == 0, ran.err
        seen = json.loads((await world.run("status", "--json")).out)
        assert [sum(each[how] for each in seen["calls"]) for how in ("lost", "under_way")] == [6, 0]
        world.flowing.set()
        again = await world.run("once", "--yes")
        assert again.code == 0, again.err
        assert "in flight" not in again.err


async def test_a_stop_does_not_wait_for_a_langfuse_that_hangs(tmp_path: Path) -> None:
    """Whatever is being read or written is cut off too: a later start repeats it."""
    async with troubled(tmp_path) as world, Line(world.langfuse.base_url) as line:
        world.configure(grace='"0.5s"')
        await produce(world.langfuse, 2, 1)
        async with running(world, line.url) as daemon:
            await until(lambda: world.asked > 0)
            line.flowing.clear()
            await daemon.counts(posted("good", "judged"), 2)
            began = asyncio.get_running_loop().time()
            ran = await daemon.stop()
            assert asyncio.get_running_loop().time() - began < 5
        assert ran.code == 0, ran.err
        assert "Traceback" not in ran.err, ran.err
        again = await world.run("once", "--yes")
        assert again.code == 0, again.err
        assert set(world.models.bodies.values()) == {1}
        assert set(world.langfuse.versions.values()) == {1}


async def test_a_wrong_key_parks_one_challenger_alone(tmp_path: Path) -> None:
    """The others go on, readiness says what a person must do, and nobody is asked over and over meanwhile."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 8, 1)
        world.models.fail("good-1", 401, times=None)
        async with running(world) as daemon:
            await daemon.counts(posted("fair"), 8)
            assert (await daemon.get("/readyz")).status_code == 503
            assert any("401" in problem for problem in (await daemon.problems()).values())
            assert world.models.calls["good-1"] <= 3
            served = len(world.served)
            await asyncio.sleep(3)
            assert world.models.calls["good-1"] <= 3
            assert len(world.served) - served < 3 / 0.3 * 4, "three seconds of polling, and little else"
            assert await daemon.metric(posted("good", "queued")) == 8
        world.models.heal("good-1")
        assert (await world.run("once", "--yes")).code == 0
        assert world.models.calls["good-1"] <= 3 + 8


async def test_langfuse_may_go_away_for_a_while(tmp_path: Path) -> None:
    """Everything is delivered once it is back, and nothing twice."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 4, 1)
        world.flowing.clear()
        async with running(world) as daemon:
            await until(lambda: world.asked == 6)
            world.langfuse.fail("/", 503, 1_000_000)
            world.flowing.set()
            await daemon.counts(posted("good", "judged"), 4)
            await until(lambda: world.served[-1].status == 503)
            assert "poll" in await daemon.problems()
            heal(world)
            await daemon.counts(posted("good"), 4)
            await daemon.counts(posted("fair"), 4)
            await until(daemon.ready)
        assert set(world.models.bodies.values()) == {1}
        assert {v for i, v in world.langfuse.versions.items() if "turn" in meta(world, i)} == {1}


def heal(world: World) -> None:
    """Let Langfuse be back."""
    for failure in world.langfuse.state.faults._failures:
        failure.times = 0


async def test_a_bad_record_is_buried_and_counted(tmp_path: Path) -> None:
    """One turn that a model refuses ends as dead, with a reason; the daemon lives and the others are posted."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 3, 1)
        refuse(world, "question 1 0")
        async with running(world) as daemon:
            await daemon.counts(posted("good", "dead"), 1)
            await daemon.counts(posted("good"), 2)
            await daemon.counts(posted("fair"), 3)
            assert (await daemon.get("/readyz")).status_code == 200


def refuse(world: World, question: str) -> None:
    """Let a model refuse one question for good."""

    async def answer(body: Wire) -> str:
        if body["messages"][-1]["content"] == question:
            raise web.HTTPBadRequest(text='{"error": {"message": "not that", "type": "invalid_request_error"}}')
        return await world.answer(body)

    world.models.models["good-1"] = answer


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """Two on one state file would pay twice: the second says who is in its way, and leaves with 2."""
    async with troubled(tmp_path) as world, running(world) as daemon:
        await daemon.get("/healthz")
        second = await world.run("once", "--yes")
        assert second.code == 2
        assert "another process" in second.err
        assert "hint:" in second.err


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """It is a mistake in the configuration, and said as such."""
    async with troubled(tmp_path) as world, running(world) as daemon:
        await daemon.get("/healthz")
        other = tmp_path / "other.toml"
        other.write_text('state = "other.db"\n' + world.config.read_text(), encoding="utf-8")
        ran = await ended(await world.start("run", config=other))
        assert ran.code == 2, ran.err
        assert "server.listen" in ran.err


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processor time is read from /proc")
async def test_an_idle_daemon_is_quiet(tmp_path: Path) -> None:
    """With nothing to do it polls at its pace, and uses next to no processor time."""
    async with troubled(tmp_path) as world:
        world.configure(publish_every='"60s"', confirm='"60s"')
        async with running(world) as daemon:
            await daemon.get("/healthz")
            await asyncio.sleep(1)
            before, served = processor_s(daemon.process.pid), len(world.served)
            await asyncio.sleep(3)
            assert len(world.served) - served <= 3 / 0.3 + 2
            assert processor_s(daemon.process.pid) - before < 1


def processor_s(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
