"""What the server at hand can do, found out by asking it once at start."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from connector.langfuse.client import Client, NotHere
from rollouts.errors import Fatal
from rollouts.types import Record

_LISTS_SINCE = (4, 59)
"""From this version on `POST /scores` takes a list (as its SDK of 2026-10 does)."""


class Capabilities(Record):
    """One project's server."""

    version: str
    project_id: str
    project_name: str
    reads: Literal["observations", "traces"]
    """`observations`: v2/observations, the only one of v4 `events_only`; `traces`: the endpoints of v3."""
    legacy: bool
    """Whether datasets runs are a table of their own: v3, and v4 in `dual` or `legacy` mode."""
    scores: Literal["list", "ingestion"]
    """How scores are written so that many fit into one request."""

    @property
    def mode(self) -> str:
        """What an operator calls it."""
        if self.reads == "traces":
            return "v3" if not self.version.startswith("4") else "v4 legacy"
        return "v4 dual" if self.legacy else "v4 events_only"


async def detect(client: Client) -> Capabilities:
    """Ask health, project and the two ways to read. Raises `Fatal` when neither way is offered."""
    version = await _version(client)
    projects = (await client.get("/api/public/projects")).get("data") or []
    if not projects:
        raise Fatal("these keys open no Langfuse project", hint="create project keys under Settings, API Keys")
    observations, traces = await _offers_observations(client), await _offers_traces(client)
    if not (observations or traces):
        raise Fatal(
            f"Langfuse {version} offers neither v2/observations nor traces", hint="3.63 is the oldest that fits"
        )
    return Capabilities(
        version=version,
        project_id=projects[0]["id"],
        project_name=projects[0]["name"],
        reads="observations" if observations else "traces",
        legacy=traces,
        scores=_scores_way(version),
    )


async def _version(client: Client) -> str:
    try:
        health = await client.get("/api/public/health")
    except NotHere:
        raise Fatal(
            f"no Langfuse answers at {client.base_url}", hint="LANGFUSE_BASE_URL is the address of Langfuse itself"
        ) from None
    return str(health.get("version", "unknown"))


async def _offers_observations(client: Client) -> bool:
    start = client.clock.now() - timedelta(minutes=1)
    return await _offers(client, "/api/public/v2/observations", fromStartTime=start.isoformat())


async def _offers_traces(client: Client) -> bool:
    start = client.clock.now() - timedelta(minutes=1)
    return await _offers(client, "/api/public/traces", fromTimestamp=start.isoformat(), fields="core")


async def _offers(client: Client, path: str, **query: str) -> bool:
    try:
        await client.get(path, {"limit": 1, **query})
    except NotHere:
        return False
    return True


def _scores_way(version: str) -> Literal["list", "ingestion"]:
    """By version; one that says nothing is taken for an older one, whose batches `scores.write` can do without."""
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    return "list" if numbers and (int(numbers[1]), int(numbers[2])) >= _LISTS_SINCE else "ingestion"
