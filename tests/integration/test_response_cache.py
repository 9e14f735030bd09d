"""Nothing is bought twice: not when it is run again, not when the state is lost, not when it was killed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_killed import after_calls, run_until
from tests.integration.troubled import World, troubled
from tests.integration.world import produce

CONVERSATIONS, TURNS = 4, 2
UNREADABLE = "I cannot tell."


def lose_the_state(world: World) -> None:
    """Delete all but the configuration and the cache."""
    for part in world.folder.glob("understudy.db*"):
        part.unlink()


def said_by_the_cache(folder: Path) -> dict[str, int]:
    """Count the ledger's calls by how they ended."""
    with closing(sqlite3.connect(folder / "understudy.db")) as state:
        return dict(state.execute("select outcome, count(*) from spending group by 1").fetchall())


async def finished(world: World, *options: str) -> dict[str, Any]:
    """Run a cycle to its end; return the leaderboard."""
    ran = await world.run("once", "--yes", *options)
    assert ran.code == 0, ran.err
    return await world.leaderboard()


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


async def test_what_a_killed_run_bought_is_not_bought_again(tmp_path: Path) -> None:
    """Killed among its calls, and its state lost too: only what was in flight, or unreadable, is bought a second time."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, CONVERSATIONS, TURNS)
        await run_until(world, after_calls(12))
        in_flight = world.under_way.total()
        lose_the_state(world)
        await finished(world)
        twice = {body: count for body, count in world.models.bodies.items() if count > 1}
        assert sum(count - 1 for count in twice.values()) <= in_flight + 4
        assert world.asked > 12


@pytest.mark.parametrize(("change", "same"), [('[epochs]\nlength = "day"', True), ("[turns]\n", True)])
async def test_another_epoch_buys_nothing(tmp_path: Path, change: str, same: bool) -> None:
    """The same questions in an epoch of another name have their answers."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, CONVERSATIONS, TURNS)
        await finished(world)
        bought = world.asked
        lose_the_state(world)
        world.config.write_text(f"{world.config.read_text()}\n{change}\n", encoding="utf-8")
        await finished(world)
        assert (world.asked - bought < bought / 4) is same


MODES: list[tuple[tuple[str, ...], Callable[[int, int], bool]]] = [
    (("--no-cache",), lambda first, second: second == first),
    (("--cache", "write_only"), lambda first, second: second == first),
    (("--cache", "read_only"), lambda first, second: second < first / 4),
]


@pytest.mark.parametrize(("options", "expected"), MODES, ids=[mode[-1] for mode, _ in MODES])
async def test_modes_on_the_command_line(
    tmp_path: Path, options: tuple[str, ...], expected: Callable[[int, int], bool]
) -> None:
    """What the command line says wins over the file."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 2, TURNS)
        await finished(world)
        first = world.asked
        lose_the_state(world)
        await finished(world, *options)
        assert expected(first, world.asked - first)


async def test_cache_verbs(tmp_path: Path) -> None:
    """`ls` shows each model, also beside a run; `prune` drops nothing young; `clear` asks, and empties the file."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 2, TURNS)
        await finished(world)
        lose_the_state(world)
        ran = await world.run("once", "--yes")
        assert "answer(s) from the cache, saved $" in ran.err
        shown = await world.run("cache", "ls")
        assert all(name in shown.out for name in ("good-1", "fair-1", "judge-1", "0.0 d ago", "$0.0"))
        assert (await world.run("cache", "prune")).out.startswith("0 answer(s) dropped")
        assert (await world.run("cache", "clear")).code == 3
        assert (await world.run("cache", "clear", "--yes")).code == 0
        assert "good-1" not in (await world.run("cache", "ls")).out


async def test_a_damaged_cache_stops_nothing(tmp_path: Path) -> None:
    """It is said once, everything is bought, and `clear` makes it good again."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 1, TURNS)
        (tmp_path / "understudy.cache.db").write_bytes(b"no database" * 1000)
        ran = await world.run("once", "--yes", "--log-format", "json")
        assert ran.code == 0, ran.err
        assert ran.err.count("cache.unusable") == 1
        listed = await world.run("cache", "ls")
        assert (listed.code, "cache clear" in listed.err) == (2, True)
        assert (await world.run("cache", "clear", "--yes")).code == 0
        assert (await world.run("cache", "ls")).code == 0
