"""What Understudy wrote is never read back, whichever one of its four defences is left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from connector.demo.langfuse import Mode, Observation, SmallLangfuse
from connector.langfuse.own import ALL, Defence
from connector.scoring import OWN
from connector.types import Fate
from tests.integration.reading import Reader, hold, reading
from tests.integration.world import config, produce, understudy
from tests.logged import ledger as ledger_of

MODES: tuple[Mode, ...] = ("events_only", "dual", "v3")
SHOWN = {"rollout", "baseline", "judge", "leaderboard"}


_WRITTEN: dict[Mode, list[Observation]] = {}
"""What one cycle wrote beside what production wrote, by mode: a cycle takes seconds, and every test needs the same."""

ONE_BY_ONE = [pytest.param(mode, defence, marks=()) for mode in MODES for defence in get_args(Defence)]


async def written(mode: Mode, folder: Path) -> list[Observation]:
    """Let the real command write everything it ever writes."""
    if mode not in _WRITTEN:
        async with SmallLangfuse(mode) as server:
            await produce(server)
            ran = await understudy("once", "--yes", "-c", str(config(folder)), server=server)
            assert ran.code == 0, ran.err
            _WRITTEN[mode] = server.observations()
    return _WRITTEN[mode]


@asynccontextmanager
async def after_a_cycle(mode: Mode, folder: Path, defences: frozenset[Defence]) -> AsyncIterator[Reader]:
    """Open a fresh reader where a cycle has written, and let it look three times."""
    rows = await written(mode, folder)
    shown = {row.metadata.get("understudy") for row in rows if row.trace_id.startswith(OWN)}
    assert shown == SHOWN, "there is something of each kind to be taken by mistake"
    async with SmallLangfuse(mode) as server:
        hold(server, *rows)
        later = datetime.now(UTC) + timedelta(minutes=10)
        async with reading(server, now=later, defences=defences) as reader:
            for _ in range(3):
                await reader.poll()
            yield reader


@pytest.mark.parametrize(("mode", "defence"), ONE_BY_ONE)
async def test_each_defence_is_enough_by_itself(mode: Mode, defence: Defence, tmp_path: Path) -> None:
    """With three of four taken away only production is taken, and nothing of ours waits to be."""
    async with after_a_cycle(mode, tmp_path, frozenset({defence})) as reader:
        assert await reader.answers() == ["answer 0 0", "answer 0 1", "answer 1 0", "answer 1 1"]
        assert {duel.challenge.origin.environment for duel in await reader.duels()} == {"production"}
        ledger = await ledger_of(reader.engine.store)
        decided = {fate: count for (of, fate, _), count in ledger.items() if of == "trace"}
        assert decided.pop(Fate.FILTERED, 0) == 0 or (mode, defence) == ("v3", "mark")
        assert decided == {Fate.CHALLENGED: 2}


async def test_by_its_mark_alone_v3_takes_nothing_of_ours_either(tmp_path: Path) -> None:
    """Its listing does not show the mark, so that a trace has to be read to be known."""
    async with after_a_cycle("v3", tmp_path, frozenset({"mark"})) as reader:
        assert await reader.answers() == ["answer 0 0", "answer 0 1", "answer 1 0", "answer 1 1"]


@pytest.mark.parametrize("mode", MODES)
async def test_all_defences_together_stand_in_nobodys_way(mode: Mode, tmp_path: Path) -> None:
    """As it runs in earnest: production's turns, and nothing else."""
    async with after_a_cycle(mode, tmp_path, ALL) as reader:
        assert len(await reader.answers()) == 4


@pytest.mark.parametrize("mode", MODES)
async def test_without_any_defence_our_own_writings_would_be_read(mode: Mode, tmp_path: Path) -> None:
    """What the defences are for: this test fails when the others have nothing left to prove."""
    async with after_a_cycle(mode, tmp_path, frozenset()) as reader:
        ours = [count for count in await reader.engine.store.ledger() if count.example.startswith(OWN)]
        assert ours
