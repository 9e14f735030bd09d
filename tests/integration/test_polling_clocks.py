"""Clocks that disagree: the server's, the application's, our own. Nothing is lost and nothing is taken early."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from connector.demo.langfuse import Mode, SmallLangfuse
from tests.integration.reading import NOON, agent, answers_of, hold, reading, settle

in_every_mode = pytest.mark.parametrize("mode", get_args(Mode))


@pytest.mark.parametrize("ahead_s", [3600.0, -3600.0])
@in_every_mode
async def test_a_server_whose_clock_is_an_hour_off_changes_nothing(mode: Mode, ahead_s: float) -> None:
    """What is read, and up to where, goes by the times of the traces."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        reader.server_ahead_s = ahead_s
        hold(server, *agent("a", NOON - timedelta(minutes=10)))
        await settle(reader)
        assert reader.client.server_ahead_s == pytest.approx(max(0.0, ahead_s), abs=2)
        assert await reader.answers() == answers_of(["a"])


@in_every_mode
async def test_an_application_whose_clock_is_ahead_is_read_when_its_time_has_come(mode: Mode) -> None:
    """Its traces lie in our future: none is lost, none is taken early."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        hold(server, *agent("ahead", NOON + timedelta(minutes=40)))
        await settle(reader)
        assert await reader.seen("ahead") is None
        await settle(reader, looks=60)
        assert await reader.answers() == answers_of(["ahead"])


@in_every_mode
async def test_a_mark_in_the_future_is_repaired(mode: Mode) -> None:
    """After our own clock was a day ahead, reading goes on from now."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        await reader.engine.store.move_mark(reader.engine.arena.source.name, NOON + timedelta(days=1))
        hold(server, *agent("a", NOON - timedelta(minutes=10)))
        await settle(reader)
        assert await reader.answers() == answers_of(["a"])
        assert (await reader.mark() or NOON) == reader.hands.now - timedelta(minutes=5)
