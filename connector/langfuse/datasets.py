"""The dataset of challenges, and the run table that servers before v4 keep beside the spans."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from langfuse.api.core import ApiError

from connector.langfuse.client import Client, NotHere, from_sdk
from connector.langfuse.paging import by_number


async def ensure(client: Client, name: str, description: str) -> str:
    """Create the dataset where it is missing; return its id."""
    try:
        found = await client.get(f"/api/public/v2/datasets/{quote(name, safe='')}")
        return str(found["id"])
    except NotHere:
        pass
    try:
        made = await client.sdk.datasets.create(name=name, description=description, metadata={"understudy": "dataset"})
    except ApiError as error:
        raise from_sdk(error, "creating a dataset") from error
    return str(made.id)


async def write_item(client: Client, item: Mapping[str, Any], *, doubtful: bool) -> None:
    """Write one item. Every write makes a new version, so one that may be there already is looked up first."""
    if doubtful and await _is_there(client, item):
        return
    await client.post("/api/public/dataset-items", item, repeatable=False)


async def _is_there(client: Client, item: Mapping[str, Any]) -> bool:
    try:
        found = await client.get(f"/api/public/dataset-items/{item['id']}")
    except NotHere:
        return False
    return all(found.get(key) == item[key] for key in ("input", "expectedOutput", "metadata"))


class Runs:
    """Run items of `dual` and v3 servers: written once each, also across restarts.

    The server gives every write an id of its own, so what a run already holds is asked once, before its first write.
    """

    def __init__(self, client: Client, dataset_id: str) -> None:
        self._client, self._dataset_id = client, dataset_id
        self._ids: dict[str, str] = {}
        self._linked: dict[str, set[str]] = {}
        self._one_by_one = asyncio.Lock()

    async def link(self, run: str, item_id: str, trace_id: str, span_id: str) -> None:
        """Say that `trace_id` is what `run` answered to an item, unless that was said before."""
        body = {"runName": run, "datasetItemId": item_id, "traceId": trace_id, "observationId": span_id}
        async with self._one_by_one:
            known = await self._known(run)
            if trace_id not in known:
                # If this fails, it may have been written all the same: then what the run holds is asked again.
                del self._linked[run]
                answer = await self._client.post("/api/public/dataset-run-items", body, repeatable=False)
                self._ids[run] = str(answer["datasetRunId"])
                known.add(trace_id)
                self._linked[run] = known

    async def id_of(self, run: str) -> str | None:
        """Return the run's id on this server, if it has any item yet."""
        async with self._one_by_one:
            await self._known(run)
            return self._ids.get(run)

    async def _known(self, run: str) -> set[str]:
        if run not in self._linked:
            self._linked[run] = await self._held(run)
        return self._linked[run]

    async def _held(self, run: str) -> set[str]:
        query = {"datasetId": self._dataset_id, "runName": run, "limit": 100}
        held = set[str]()
        try:
            async for row in by_number(self._client, "/api/public/dataset-run-items", query):
                held.add(str(row["traceId"]))
                self._ids[run] = str(row["datasetRunId"])
        except NotHere:
            return set()
        return held
