"""Nothing is bought twice: not when it is run again, not when the state is lost, not when it was killed."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from connector.app import build
from connector.cli import app as command_line
from connector.config_file import read
from judges.standings.leaderboard import Leaderboard
from rollouts.errors import Fatal
from tests.integration.troubled import World, ended, troubled
from tests.integration.world import produce

CONVERSATIONS, TURNS = 4, 2


def lose_the_state(world: World) -> None:
    """Delete all but the configuration and the cache."""
    for part in world.folder.glob("understudy.db*"):
        part.unlink()


def said_by_the_cache(folder: Path) -> dict[str, int]:
    """Count the ledger's calls by how they ended."""
    with closing(sqlite3.connect(folder / "understudy.db")) as state:
        return dict(state.execute("select outcome, count(*) from spending group by 1").fetchall())


async def finished(world: World, *options: str) -> Leaderboard:
    """Run a cycle to its end; return the leaderboard."""
    ran = await world.run("once", "--yes", *options)
    assert ran.code == 0, ran.err
    async with build(read(world.config), world.config, online=False) as app:
        return await app.engine.leaderboard()


async def invoked(world: World, *arguments: str) -> Any:
    """Run a verb that calls nobody, in this process."""
    return await asyncio.to_thread(CliRunner().invoke, command_line, [*arguments, "-c", str(world.config)])


async def test_a_finished_epoch_buys_nothing_again(tmp_path: Path) -> None:
    """Neither with the state and without the cache, nor with the cache and without the state: the figures are the same.

    Only replies that no judge's label could be read from are asked for again: they are never kept.
    """
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, CONVERSATIONS, TURNS)
        board = await finished(world)
        bought = world.asked
        assert await finished(world, "--no-cache") == board
        assert world.asked == bought

        lose_the_state(world)
        again = await finished(world)
        ended = said_by_the_cache(tmp_path)
        unread = bought - ended["cached"]
        assert world.asked - bought == unread == ended.get("answered", 0) < bought / 4
        assert again == board


async def killed_after(world: World, calls: int) -> int:
    """Run a cycle and kill it after so many calls; return how many were not answered then."""
    process, in_flight = await world.start("once", "--yes"), list[int]()

    def tell(number: int) -> None:
        if number == calls:
            process.kill()
            in_flight.append(world.under_way.total())

    world.tell = tell
    await ended(process)
    return in_flight[0]


async def test_what_a_killed_run_bought_is_not_bought_again(tmp_path: Path) -> None:
    """Killed among its calls, its state lost too: only what was in flight, or unreadable, is bought a second time."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, CONVERSATIONS, TURNS)
        in_flight = await killed_after(world, 24)
        lose_the_state(world)
        await finished(world)
        twice = sum(count - 1 for count in world.models.bodies.values())
        assert twice <= in_flight + 6 < 24


async def test_another_epoch_buys_nothing(tmp_path: Path) -> None:
    """The same questions in an epoch of another name have their answers."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, CONVERSATIONS, TURNS)
        await finished(world)
        bought = world.asked
        lose_the_state(world)
        world.configure()
        world.config.write_text(f'{world.config.read_text()}\n[epochs]\nlength = "day"\n', encoding="utf-8")
        await finished(world)
        assert world.asked - bought < bought / 4


async def test_modes_on_the_command_line(tmp_path: Path) -> None:
    """What the command line says wins over the file: only where answers are read is nothing bought."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 2, TURNS)
        await finished(world, "--cache", "read_only")
        first = before = world.asked
        for option, buys in (("--cache=write_only", True), ("--no-cache", True), ("--cache=read_only", False)):
            lose_the_state(world)
            await finished(world, option)
            assert (world.asked - before > first / 2) is buys, option
            before = world.asked


async def test_cache_verbs(tmp_path: Path) -> None:
    """`ls` shows each model, also beside a run; `prune` drops nothing young; `clear` asks, and empties the file."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 2, TURNS)
        await finished(world)
        lose_the_state(world)
        ran = await world.run("once", "--yes")
        assert "answer(s) from the cache, saved $" in ran.err
        shown = (await invoked(world, "cache", "ls")).stdout
        assert all(name in shown for name in ("good-1", "fair-1", "judge-1", "0.0 d ago", "$0.0"))
        assert (await invoked(world, "cache", "prune")).stdout.startswith("0 answer(s) dropped")
        assert (await invoked(world, "cache", "clear")).exit_code == 3
        assert (await invoked(world, "cache", "clear", "--yes")).exit_code == 0
        assert "good-1" not in (await invoked(world, "cache", "ls")).stdout


async def test_a_damaged_cache_stops_nothing(tmp_path: Path) -> None:
    """It is said once, everything is bought, and `clear` makes it good again."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 1, TURNS)
        (tmp_path / "understudy.cache.db").write_bytes(b"no database" * 1000)
        ran = await world.run("once", "--yes", "--log-format", "json")
        assert ran.code == 0, ran.err
        assert ran.err.count("cache.unusable") == 1
        assert isinstance((await invoked(world, "cache", "ls")).exception, Fatal)
        assert (await invoked(world, "cache", "clear", "--yes")).exit_code == 0
        assert (await invoked(world, "cache", "ls")).exit_code == 0


async def test_what_a_judge_has_said_is_not_bought_again(tmp_path: Path) -> None:
    """Another judge is asked once; the first one again costs nothing, with cache or without; no challenger is asked."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 2, TURNS)
        board = await finished(world)
        asked = world.asked
        first = world.config.read_text()
        world.models.models["judge-2"] = world.judge
        world.config.write_text(first.replace('"judge-1"', '"judge-2"'))
        ran = await world.run("rejudge", "--yes", "--no-cache")
        assert ran.code == 0, ran.err
        assert {body for body, count in world.models.calls.items() if count} >= {"judge-2"}
        bought, challengers = world.asked, world.models.calls["good-1"] + world.models.calls["fair-1"]
        assert asked < bought <= 2 * asked
        world.config.write_text(first)
        for options in ((), ("--no-cache",)):
            ran = await world.run("rejudge", "--yes", *options)
            assert ran.code == 0, ran.err
        assert world.asked == bought
        assert world.models.calls["good-1"] + world.models.calls["fair-1"] == challengers
        async with build(read(world.config), world.config, online=False) as app:
            assert await app.engine.leaderboard() == board
