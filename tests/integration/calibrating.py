"""A state with judged duels, a small Langfuse, and people who label what they are shown there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from connector.calibration.blinding import Exhibit
from connector.demo.langfuse import Mode, SmallLangfuse
from connector.langfuse.annotation import PREFERENCE, Desk
from connector.langfuse.capabilities import detect
from connector.langfuse.client import Client
from connector.store.sqlite import SqliteStore
from connector.types import Duel
from judges.types import Judgment, Label
from judges.verdicts import add_up
from rollouts.types import Challenge
from tests.duelling import challenge, intake, rollout
from tests.judged import round_of

JUDGE = "judge/1"
TODAY = {"good": "f1", "other": "f1"}
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MODES: tuple[Mode, ...] = ("events_only", "dual", "list_scores", "v3")

Says = Callable[[Exhibit], str]


def judgment(number: int, judge: str = JUDGE) -> Judgment:
    """Say of every third duel each: the challenger wins, is equal, or loses."""
    first, second = ((Label.A_BETTER, Label.B_BETTER), (Label.TIE, Label.TIE), (Label.B_BETTER, Label.A_BETTER))[
        number % 3
    ]
    return add_up(judge, [round_of("A", first), round_of("B", second)])


async def store_duels(
    store: SqliteStore,
    count: int,
    *,
    challengers: Mapping[str, str] = TODAY,
    judged: Callable[[int], Judgment] = judgment,
    asked: Callable[[int], Challenge] = challenge,
    begin: int = 0,
) -> list[Duel]:
    """Keep judged duels of every challenger over so many turns, each a conversation of its own."""
    kept = list[Duel]()
    for number in range(begin, begin + count):
        turn = asked(number)
        fresh = [Duel.of(turn, name, mark) for name, mark in challengers.items()]
        await store.take(intake(turn, trace=f"trace-{number}"), fresh)
        for duel in fresh:
            rolled = duel.rolled(rollout(f"{duel.challenger} says {number}", duel.challenger))
            await store.save(rolled)
            kept.append(rolled.judged(judged(number)))
            await store.save(kept[-1])
    return kept


@dataclass(frozen=True)
class Office:
    """Everything that takes part."""

    store: SqliteStore
    server: SmallLangfuse
    client: Client
    desk: Desk

    async def pick(self, wanted: int = 1000, **more: Any) -> list[Exhibit]:
        """Pick, and return what is to be shown."""
        await self.store.pick(JUDGE, TODAY, wanted, seed=more.get("seed", 1), at=more.get("at", AT))
        return await self.store.unshown()

    async def show(self) -> list[Exhibit]:
        """Show what was picked, as the command does."""
        fresh = await self.store.unshown()
        await self.desk.open()
        await self.desk.show(fresh)
        await self.store.shown([each.pair for each in fresh])
        return fresh

    def items(self) -> list[str]:
        """What waits in queues: ids of observations."""
        return [item["objectId"] for item in self.server.state.queue_items.values()]

    async def label(self, exhibit: Exhibit, label: str, **more: Any) -> None:
        """Say something of a pair over HTTP, as scripts do."""
        [config] = self.server.state.score_configs
        body = {
            "name": PREFERENCE,
            "value": label,
            "dataType": "CATEGORICAL",
            "configId": config,
            "source": "ANNOTATION",
            "traceId": exhibit.pair.trace_id,
            "observationId": exhibit.pair.span_id,
            **more,
        }
        async with httpx.AsyncClient(auth=(self.server.public_key, self.server.secret_key)) as client:
            answer = await client.post(f"{self.server.base_url}/api/public/scores", json=body)
        answer.raise_for_status()


@asynccontextmanager
async def office(mode: Mode = "events_only", *, duels: int = 0) -> AsyncIterator[Office]:
    """Open everything; every third of `duels` is a win, a tie and a loss."""
    async with SmallLangfuse(mode) as server:
        client = Client(server.base_url, server.public_key, server.secret_key)
        store = SqliteStore(":memory:")
        try:
            await store_duels(store, duels)
            desk = Desk(client, await detect(client), queue="understudy calibration")
            yield Office(store, server, client, desk)
        finally:
            await store.aclose()
            await client.aclose()


def preferring(seat: str, strength: str = "") -> str:
    """Return the label of somebody who likes the answer in `seat`."""
    return f"{seat} much better" if strength else f"{seat} better"


def agreeing(exhibit: Exhibit, number: int) -> str:
    """Return what somebody says who sees the duel as `judgment` does."""
    ours = exhibit.pair.challenger_seat
    theirs = "B" if ours == "A" else "A"
    return (preferring(ours), "equal", preferring(theirs))[number % 3]
