"""People who keep datasets, score, tag and queue what they see, and a project whose tiers are fed by that."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from connector.app import App, build
from connector.clock import Clock
from connector.config_file import read
from connector.demo.langfuse import Mode, SmallLangfuse
from connector.langfuse.capabilities import detect
from connector.langfuse.client import Client
from connector.langfuse.flags import LangfuseCuration
from connector.tiers.types import Member
from rollouts.types import Challenge
from tests.integration.world import CONFIG, config

MODES: tuple[Mode, ...] = ("events_only", "dual", "list_scores", "v3")
SYSTEM = {"role": "system", "content": "Be brief."}


def user(text: str) -> dict[str, Any]:
    """Ask."""
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    """Answer."""
    return {"role": "assistant", "content": text}


@dataclass(frozen=True)
class People:
    """What people do in Langfuse, over HTTP."""

    server: SmallLangfuse

    async def post(self, path: str, **body: Any) -> Any:
        """Write something."""
        async with httpx.AsyncClient(auth=(self.server.public_key, self.server.secret_key)) as client:
            answer = await client.post(f"{self.server.base_url}/api/public/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def dataset(self, name: str, **items: Mapping[str, Any]) -> None:
        """Keep a dataset with items, by id."""
        await self.post("v2/datasets", name=name)
        for item, said in items.items():
            await self.item(name, item, **said)

    async def item(self, dataset: str, item: str, **said: Any) -> None:
        """Write an item, or write it over."""
        await self.post("dataset-items", datasetName=dataset, id=item, **said)

    async def drop(self, item: str) -> None:
        """Delete an item."""
        async with httpx.AsyncClient(auth=(self.server.public_key, self.server.secret_key)) as client:
            (await client.delete(f"{self.server.base_url}/api/public/dataset-items/{item}")).raise_for_status()

    async def score(self, trace: str, value: float | str, *, name: str = "user_feedback", **more: Any) -> None:
        """Say what they think of a trace."""
        await self.post("scores", traceId=trace, name=name, value=value, **more)

    async def queue(self, name: str, *objects: tuple[str, str], status: str = "PENDING") -> None:
        """Put objects into a new queue, each with its type."""
        made = await self.post("annotation-queues", name=name, scoreConfigIds=["any"])
        for kind, each in objects:
            await self.post(f"annotation-queues/{made['id']}/items", objectId=each, objectType=kind, status=status)


def observation_of(conversation: int, turn: int) -> str:
    """Name the generation that `world.produce` logs for a turn."""
    return f"{conversation + 1:015x}{turn + 1}"


def asked(conversation: int, turn: int) -> list[dict[str, Any]]:
    """Return what `world.produce` logs as the history of a turn."""
    found = [SYSTEM]
    for before in range(turn):
        found += [user(f"question {conversation} {before}"), assistant(f"answer {conversation} {before}")]
    return [*found, user(f"question {conversation} {turn}")]


@asynccontextmanager
async def curation(server: SmallLangfuse) -> AsyncIterator[LangfuseCuration]:
    """Look as the product does."""
    client = Client(server.base_url, server.public_key, server.secret_key)
    try:
        yield LangfuseCuration(client, await detect(client))
    finally:
        await client.aclose()


def project(folder: Path, tiers: str, text: str = CONFIG) -> Path:
    """Write a configuration with tiers."""
    return config(folder, f"{tiers}\n{text}")


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[App]:
    """Open a project in this process; its keys are in the environment."""
    async with build(read(path), path, spending=True) as app:
        yield app


async def refilled(app: App, *, later: timedelta = timedelta()) -> int:
    """Refill as if it were later; return by how many duels the queue grew."""
    app.engine.clock = Clock(now=lambda: datetime.now(UTC) + later)
    return await app.engine.refill()


async def queued(app: App) -> list[Challenge]:
    """Return what waits for the first challenger, tiers only."""
    name, mark = next(iter(app.engine.fingerprints.items()))
    now = app.engine.clock.now() + timedelta(days=400)
    return [duel.challenge for duel in await app.store.due(name, mark, 1000, now) if duel.challenge.tier != "fresh"]


async def active(app: App) -> list[Member]:
    """Return what is asked in every epoch."""
    return [each for each in await app.store.members() if each.active]


def wire(value: Any) -> str:
    """Write JSON as text."""
    return json.dumps(value)
