"""What happens when money runs out: wait, spend less, or end; and where that is seen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.clock import Clock
from connector.config_budget import BudgetTable
from connector.engine import Engine
from connector.money import open_budget, open_ledger
from connector.store.sqlite import SqliteStore
from connector.thrift import Thrift
from connector.types import Duel, State, digest
from rollouts.budget import Budget
from rollouts.cost import Price
from rollouts.ledger import PICODOLLARS, Purchase
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.replay import Challenger
from rollouts.types import Challenge, Completion, Request, Usage
from tests.duelling import Told, arena, challenge, intake
from tests.integration.troubled import troubled
from tests.integration.world import produce

A_DOLLAR_A_TURN = Price(input=0, output=1_000_000)
"""Where every answer may have one token."""


class Dollar(Told):
    """Answers with one token, and leaves the price to others."""

    async def complete(self, request: Request) -> Completion:
        """Answer once."""
        usage = Usage(input_tokens=1, output_tokens=1)
        return (await super().complete(request)).model_copy(update={"usage": usage, "cost_usd": None})


def turn(number: int) -> Challenge:
    """Return a challenge whose id is a digest, as those of production are."""
    return challenge(number).model_copy(update={"id": digest("turn", str(number))})


class Watch:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 23, tzinfo=UTC)

    def now(self) -> datetime:
        """Say what it shows."""
        return self.at


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    """Return an empty store."""
    found = SqliteStore(":memory:")
    yield found
    await found.aclose()


async def prepared(store: SqliteStore, budget: Budget, table: BudgetTable, watch: Watch, turns: int) -> Engine:
    """Return an engine whose two challengers have to answer so many turns, at a dollar each."""
    met = arena("good", "fair", journal=store)
    met = replace(
        met,
        challengers={
            name: Challenger(
                name=name,
                model=Model(
                    Dollar(),
                    name=name,
                    price=A_DOLLAR_A_TURN,
                    limits=Limits(),
                    journal=store,
                    budget=budget,
                    worst_output_tokens=1,
                    now=watch.now,
                ),
            )
            for name in met.challengers
        },
    )
    challenges = [turn(number) for number in range(turns)]
    duels = [Duel.of(c, name, who.fingerprint) for c in challenges for name, who in met.challengers.items()]
    await store.take(intake(*challenges), duels)
    widths = dict.fromkeys(met.challengers, 4)
    return Engine(met, store, widths=widths, clock=Clock(now=watch.now), thrift=Thrift(budget, table))


async def answered(store: SqliteStore, count: int) -> None:
    """Wait until so many duels have left the queue, and a little longer."""
    async with asyncio.timeout(20):
        while sum(n for (_, state), n in (await store.states()).items() if state is State.POSTED) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    assert sum(n for (_, state), n in (await store.states()).items() if state is State.POSTED) == count


async def test_a_daemon_waits_for_the_next_day_and_goes_on(store: SqliteStore) -> None:
    """Its lanes stand still until midnight, say so, and need nobody to move again."""
    watch, table = Watch(), BudgetTable(per_day_usd=4)
    budget = Budget(table, now=watch.now)
    engine = await prepared(store, budget, table, watch, 5)
    working = asyncio.create_task(engine.work(until_idle=False))
    await answered(store, 4)
    async with asyncio.timeout(5):
        while len(await store.holds()) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    holds = await store.holds()
    assert [(each.what, each.money) for each in holds] == [("lane fair", True), ("lane good", True)]
    assert {each.until for each in holds} == {datetime(2026, 11, 23, tzinfo=UTC)}
    board = await engine.leaderboard()
    assert board.held_up is not None
    assert board.held_up.endswith("6 duel(s) wait.")
    watch.at += timedelta(minutes=59)
    await answered(store, 4)
    watch.at += timedelta(minutes=2)
    await answered(store, 8)
    watch.at += timedelta(days=1)
    await answered(store, 10)
    engine.stop()
    await working
    assert await store.holds() == []
    assert (await engine.leaderboard()).held_up is None
    bought = await store.spent(datetime(2026, 11, 1, tzinfo=UTC))
    assert (bought["good"], bought["fair"]) == (5 * PICODOLLARS, 5 * PICODOLLARS)


async def test_before_money_runs_out_all_challengers_meet_the_same_fewer_turns(store: SqliteStore) -> None:
    """From the share on half of the turns are asked, the same of everybody; the next day the others are."""
    watch, turns = Watch(), 60
    table = BudgetTable(per_day_usd=200, on_exhausted="degrade", degrade_at=0.1, degrade_to=0.5)
    budget = Budget(table, degrade_at=table.degrade_at, now=watch.now)
    budget.recall("day", {"good": 20 * PICODOLLARS})
    engine = await prepared(store, budget, table, watch, turns)
    await asyncio.wait_for(engine.work(until_idle=True), timeout=20)
    duels = [each for number in range(turns) for each in await store.duels_of(turn(number).id)]
    asked = {
        name: {d.challenge.id for d in duels if d.challenger == name and d.state is State.POSTED}
        for name in engine.fingerprints
    }
    chosen = {turn(number).id for number in range(turns) if turn(number).id < "8"}
    assert asked == {"good": chosen, "fair": chosen}
    assert 0 < len(chosen) < turns
    [hold] = await store.holds()
    assert hold.reason.startswith("degraded: $")
    assert (hold.until, hold.money) == (datetime(2026, 11, 23, tzinfo=UTC), True)
    watch.at += timedelta(hours=2)
    table_of_tomorrow = BudgetTable(per_day_usd=2_000, on_exhausted="degrade")
    again = Engine(
        engine.arena,
        store,
        widths={"good": 4, "fair": 4},
        clock=Clock(now=watch.now),
        thrift=Thrift(Budget(table_of_tomorrow, now=watch.now), table_of_tomorrow),
    )
    await asyncio.wait_for(again.work(until_idle=True), timeout=20)
    assert set((await store.states()).values()) == {turns}


async def test_a_restart_opens_no_new_day(store: SqliteStore) -> None:
    """What the ledger knows of today is spent, with what was in flight at its worst."""
    watch = Watch()
    engine = await prepared(store, Budget(None, now=watch.now), BudgetTable(), watch, 3)
    await asyncio.wait_for(engine.work(until_idle=True), timeout=20)
    await store.begin("in flight", Purchase(at=watch.at, model="good", role="challenger", worst=7))
    budget = Budget(BudgetTable(), now=watch.now)
    budget.limit("good", BudgetTable(per_day_usd=9))
    assert await open_ledger(budget, store, alone=True) == 1
    [window] = budget.windows
    assert (window.name, window.spent, window.reserved) == ("good/day", 3 * PICODOLLARS + 7, 0)
    assert open_budget(BudgetTable(per_day_usd=9), None).windows[0].spent == 0


async def test_a_daemon_may_end_with_the_money(tmp_path: Path) -> None:
    """With `stop` it ends by itself, cleanly, with exit code 4, and what it bought is posted."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 6, 1)
        budget = '\n[budget]\nper_day_usd = 0.02\noutput_tokens = 4096\non_exhausted = "stop"\n'
        world.config.write_text(world.config.read_text() + budget)
        ran = await world.run("run", "--log-format", "json")
        assert ran.code == 4, ran.err
        assert "error: $" in ran.err
        assert 0 < world.spent_usd <= 0.02
        shown = await world.run("status", "--json")
        assert shown.code == 0, shown.err
        found: dict[str, Any] = json.loads(shown.out)
        [day] = [each for each in found["money"] if each["window"] == "day"]
        assert day["spent_usd"] == pytest.approx(world.spent_usd, abs=1e-12)
        assert day["left_usd"] == pytest.approx(0.02 - world.spent_usd, abs=1e-12)
        assert [each["money"] for each in found["holds"]] == [True] * len(found["holds"]) != []
        assert sum(each["answered"] for each in found["calls"]) == world.models.calls.total()
        assert found["working"] is False
        table = await world.run("status")
        assert "No process is working" in table.out
        board = await world.run("leaderboard")
        assert "duel(s) wait" in " ".join(board.out.split())


async def test_a_model_without_a_price_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    """Verbs that spend name its table and what to set; `plan` and `doctor` show it instead."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 1, 1)
        world.config.write_text(world.config.read_text().replace("price = { input = 0.5, output = 1.0 }", ""))
        ran = await world.run("once", "--yes")
        assert ran.code == 2
        assert "challengers.fair: nobody knows the price of fair-1" in ran.err
        assert "free = true" in ran.err
        planned = await world.run("plan")
        assert planned.code == 0, planned.err
        assert "nobody" in planned.out
        assert world.models.calls.total() == 0
