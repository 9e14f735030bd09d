"""A poll over a busy hour. How long it takes and what it holds are printed (`-s`); no machine owes us a time."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta
from time import perf_counter

from connector.demo.langfuse import SmallLangfuse
from tests.integration.reading import NOON, agent, hold, reading

TRACES, ROWS = 2_000, 20_000


async def test_twenty_thousand_observations_in_one_window() -> None:
    """A look asks for pages of a thousand and keeps no contents: some KiB a row, however long the conversations are."""
    async with SmallLangfuse() as server, reading(server) as reader:
        for number in range(TRACES):
            begun = NOON - timedelta(minutes=30) + timedelta(milliseconds=number * 500)
            hold(server, *agent(f"t{number}", begun, turns=ROWS // TRACES - 1, metadata={"long": "x" * 5_000}))
        before = len(server.requests)
        begun_s = perf_counter()
        await reader.poll()
        first_s = perf_counter() - begun_s
        tracemalloc.start()
        await reader.engine.arena.source.look(await reader.engine._window(reader.hands.now))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert reader.asked(since=before) == ["/api/public/v2/observations"] * 2 * (ROWS // 1000)
        assert peak < ROWS * 4_096
        begun_s = perf_counter()
        assert await reader.poll() == ROWS - TRACES
        seen = f"{ROWS:,} observations: {first_s:.1f} s to see, {peak / 1e6:.0f} MB"
        print(f"{seen}; {perf_counter() - begun_s:.1f} s to take {TRACES:,} traces, server included")  # noqa: T201
