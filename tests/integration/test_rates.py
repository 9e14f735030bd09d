"""Accounts, refusals and outages over real HTTP, with lanes and a store as the product has them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.accounts import Accounts
from connector.clock import Clock
from connector.config import AccountTable, ModelTable
from connector.config_file import read
from connector.demo.models import ModelServer
from connector.demo.rationing import Ration
from connector.lane import Lane
from connector.patience import Patience
from connector.pipeline import Arena
from connector.store.sqlite import SqliteStore
from connector.types import Duel, State
from judges.judge import Ask
from judges.jury import Jury
from judges.types import Judgment
from rollouts.breaker import Breaker
from rollouts.budget import Budget
from rollouts.errors import Fatal
from rollouts.gate import Gate
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.providers.openai_compatible import OpenAICompatible
from rollouts.replay import Challenger
from rollouts.types import Challenge, Request, Rollout
from tests.duelling import Ties, arena, challenge, intake, judgment, message

FAST = 10.0
"""How many times faster than ours the clocks of breakers and lanes go, so that minutes of an outage are seconds."""


class Asks(Ties):
    """Asks two questions of its own for each answer."""

    async def judge(self, challenge: Challenge, rollout: Rollout, ask: Ask, *, model: str) -> Judgment:
        """Ask, and tie."""
        for seat in "BA":
            words = f"{seat} of {challenge.id} by {rollout.challenger}"
            await ask(Request(key=words, messages=(message("user", words),)))
        return judgment(judge=self.version(model))


class Counting(SqliteStore):
    """Counts what is written."""

    writes = 0

    async def save(self, duel: Duel) -> None:
        """Count a step."""
        self.writes += 1
        await super().save(duel)

    async def put_off(self, duels: Any, until: datetime) -> None:
        """Count a delay."""
        self.writes += 1
        await super().put_off(duels, until)

    async def begin(self, key: str, purchase: Any) -> int:
        """Count a call."""
        self.writes += 1
        return await super().begin(key, purchase)

    async def drop(self, key: str, entry: int, settlement: Any) -> None:
        """Count a failure."""
        self.writes += 1
        await super().drop(key, entry, settlement)


class World:
    """A store, and lanes over models behind servers."""

    def __init__(self, store: Counting, lanes: Mapping[str, Lane]) -> None:
        self.store, self.lanes = store, lanes
        self.stopping = asyncio.Event()
        self.running: list[asyncio.Task[None]] = []

    async def queue(self, count: int) -> list[Challenge]:
        """Queue challenges for every challenger."""
        challenges = [challenge(number) for number in range(count)]
        met = next(iter(self.lanes.values()))._arena
        duels = [Duel.of(c, name, who.fingerprint) for c in challenges for name, who in met.challengers.items()]
        await self.store.take(intake(*challenges), duels)
        return challenges

    async def states(self) -> dict[tuple[str, State], int]:
        """Return how many duels are in which state."""
        return dict(await self.store.states())

    async def reach(self, done: Callable[[dict[tuple[str, State], int]], bool], within_s: float = 30) -> None:
        """Wait for a state of things."""
        async with asyncio.timeout(within_s):
            while not done(await self.states()):  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.05)


def fast() -> float:
    """Tell a time that runs."""
    return FAST * time.monotonic()


async def nap(seconds: float) -> None:
    """Sleep by that time."""
    await asyncio.sleep(seconds / FAST)


ZERO = datetime(2026, 11, 22, tzinfo=UTC)
LANE_CLOCK = Clock(now=lambda: ZERO + timedelta(seconds=fast()))
MOMENT = Patience(first_wait_s=0.5)


def hasty(*, concurrency: int = 8) -> Limits:
    """Return limits whose breaker waits tenths of seconds."""
    return Limits(
        concurrency=concurrency,
        shared=Gate(clock=fast, sleep=nap),
        breaker=Breaker("it", clock=fast),
        clock=fast,
        sleep=nap,
    )


@asynccontextmanager
async def world(models: Mapping[str, tuple[str, Limits]], *, width: int = 8) -> AsyncIterator[World]:
    """Run a lane for every model but `judge`; each model has the address of its server, and limits."""
    async with AsyncExitStack() as stack:
        store = Counting(":memory:")
        stack.push_async_callback(store.aclose)
        asked = {}
        for name, (url, limits) in models.items():
            provider = OpenAICompatible(model=name, base_url=url + "/v1", timeout_s=5)
            asked[name] = Model(provider, name=name, price=None, limits=limits, journal=store, budget=Budget(None))
            stack.push_async_callback(asked[name].aclose)
        jury = Jury.of(Asks(), asked.pop("judge"))
        challengers = {name: Challenger(name=name, model=model) for name, model in asked.items()}
        plain = arena()
        met = Arena(source=plain.source, challengers=challengers, jury=jury, sink=plain.sink, rules=plain.rules)
        lanes = {n: Lane(n, met, store, width=width, patience=MOMENT, clock=LANE_CLOCK) for n in challengers}
        made = World(store, lanes)
        try:
            yield made
        finally:
            made.stopping.set()
            await asyncio.gather(*made.running)
            await asyncio.gather(*(lane.finish(1) for lane in lanes.values()))


def start(made: World, *, until_idle: bool = False) -> None:
    """Set the lanes going."""
    made.running += [
        asyncio.create_task(lane.run(made.stopping, until_idle=until_idle)) for lane in made.lanes.values()
    ]


def serving(latency_s: float = 0.01) -> ModelServer:
    """Return a server that answers under every name."""
    return ModelServer({}, otherwise=lambda body: f"so be it: {body['messages'][-1]['content']}", latency_s=latency_s)


async def test_challengers_and_judge_of_one_account_keep_its_rate_together() -> None:
    """Ninety calls at ten a second: the server sees no more, what it refuses is got over, and latency is the model's.

    The server allows thirty in any three seconds; a second's worth of burst on top of that is what it may see.
    """
    accounts = Accounts({"house": AccountTable(rpm=600)})
    table = ModelTable(kind="openai_compatible", account="house", concurrency=16)
    async with serving(latency_s=0.05) as server:
        server.ration = Ration(30, window_s=3.0)
        made_of = OpenAICompatible(model="m", base_url=server.url)
        names = {name: (server.url, accounts.limits(table, made_of)) for name in ("one", "two", "judge")}
        async with world(names, width=16) as made:
            challenges = await made.queue(15)
            start(made, until_idle=True)
            await asyncio.gather(*made.running)
            assert await made.states() == {("one", State.JUDGED): 15, ("two", State.JUDGED): 15}
            duels = {duel.id: duel for c in challenges for duel in await made.store.duels_of(c.id)}
        assert server.calls.total() == 90 + server.ration.refused
        assert server.ration.most_within(3.0) <= 30 + 10 + 1
    latencies = [duel.rollout.completion.latency_s for duel in duels.values() if duel.rollout]
    assert len(latencies) == 30
    assert all(latency is not None and 0.05 <= latency < 1 for latency in latencies), latencies


async def test_a_challenger_that_is_gone_holds_up_nobody_and_loses_nothing() -> None:
    """Its connections are refused for a while: the other lane comes to its end, and when it is back so does this."""
    async with serving() as stays, serving() as goes:
        urls = {"gone": goes.url, "good": stays.url, "judge": stays.url}
        async with world({name: (url, hasty()) for name, url in urls.items()}) as made:
            await made.queue(60)
            start(made)
            await made.reach(lambda states: states.get(("gone", State.JUDGED), 0) > 5)
            await goes.__aexit__()
            await made.reach(lambda states: states.get(("good", State.JUDGED), 0) == 60)
            await made.reach(lambda _: made.lanes["gone"].away is not None)
            assert made.lanes["good"].away is None
            writes = made.store.writes
            await asyncio.sleep(3)
            assert made.store.writes - writes <= 20
            async with ModelServer({}, otherwise=lambda _: "back", port=goes._port):
                await made.reach(lambda states: states.get(("gone", State.JUDGED), 0) == 60, within_s=40)
                assert made.lanes["gone"].away is None
                assert not any(state is State.DEAD for _, state in await made.states())


async def test_a_minute_without_the_judge_costs_a_few_requests_and_writes() -> None:
    """Five hundred duels wait: nothing is tried in a loop, counted as an attempt or buried, and it is said once."""
    async with serving() as server, world({n: (server.url, hasty()) for n in ("good", "judge")}) as made:
        await made.queue(500)
        server.fail("judge", 503, times=None)
        with capture_logs() as logs:
            start(made)
            await made.reach(lambda _: made.lanes["good"].away is not None)
            await asyncio.sleep(0.5)
            asked, writes = server.calls.total(), made.store.writes
            await asyncio.sleep(60 / FAST)
            assert server.calls.total() - asked <= 10
            assert made.store.writes - writes <= 30
            server.heal("judge")
            await made.reach(lambda states: states == {("good", State.JUDGED): 500}, within_s=60)
    events = [line["event"] for line in logs]
    assert (events.count("provider.unavailable"), events.count("provider.back")) == (1, 1)
    assert events.count("lane.waits") == 1
    assert "duel.buried" not in events


async def test_a_run_that_ends_when_idle_ends_without_the_provider() -> None:
    """After some probes the next is minutes away: the run is over, every duel is as it was, and somebody is named."""
    async with world({n: ("http://127.0.0.1:9", hasty()) for n in ("good", "judge")}) as made:
        await made.queue(20)
        start(made, until_idle=True)
        await asyncio.wait_for(asyncio.gather(*made.running), timeout=30)
        assert await made.states() == {("good", State.QUEUED): 20}
        assert "it has not answered since" in str(made.lanes["good"].away)


CONFIG = """
[accounts.house]
rpm = 60
[judge.model]
kind = "scripted"
answers = ["x"]
account = "house"
[challengers.one]
kind = "scripted"
answers = ["x"]
account = "hause"
"""


async def test_an_account_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    """The error says where, what, and what was probably meant."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    with pytest.raises(Fatal, match=r"challengers\.one\.account: there is no account `hause`; did you mean `house`"):
        read(path)
    path.write_text(CONFIG.replace("hause", "house"))
    assert read(path).accounts["house"].rpm == 60


def test_one_model_behind_one_key_shares_what_its_server_says_and_nothing_else() -> None:
    """The same model twice hears of one Retry-After; another model, key or address does not."""
    accounts, table = Accounts({}), ModelTable(kind="openai_compatible", rpm=60)

    def limits(**fields: str) -> Limits:
        told = {"model": "m", "base_url": "http://127.0.0.1:1", **fields}
        return accounts.limits(table, OpenAICompatible.model_validate(told))

    one, same = limits(), limits()
    others = [limits(model="n"), limits(base_url="http://127.0.0.1:2"), limits(api_key_env="OTHER")]
    one.penalise(30)
    assert same.shared.paused_s > 29
    assert same.breaker is one.breaker
    assert same.own is not one.own
    assert [other.shared.paused_s for other in others] == [0, 0, 0]
