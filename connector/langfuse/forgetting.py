"""Removing what we wrote about somebody who is to be forgotten. All of it may be repeated.

In the run tables of v3 and `dual` servers a row stays, for only whole runs can be deleted there: it holds the ids of an
item and a trace of ours, which are gone, and no word.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import quote

import orjson

from connector.langfuse.client import Client, NotHere
from connector.langfuse.paging import by_number
from connector.subjects import Remains

_AT_ONCE: Final = 50  # traces; the documentation advises 30 to 50, and a request counts as one of few a day
_TRACES, _QUEUES = "/api/public/traces", "/api/public/annotation-queues"
_HEADERS: Final = {"content-type": "application/json"}


async def remove(client: Client, remains: Remains) -> None:
    """Delete these items, traces with all that is in them, scores and queued pairs; what is not there is no error.

    Raises `Retryable` when the server wants to be asked later: single deletions are few a day on its cloud.
    """
    for item_id in remains.items:
        await _gone(client, f"/api/public/dataset-items/{quote(item_id, safe='')}")
    for start in range(0, len(remains.traces), _AT_ONCE):
        await _without(client, remains.traces[start : start + _AT_ONCE])
    for score_id in remains.scores:
        await _gone(client, f"/api/public/scores/{quote(score_id, safe='')}")
    if remains.pairs:
        await _unqueue(client, frozenset(remains.pairs))


async def _without(client: Client, trace_ids: Sequence[str]) -> None:
    with suppress(NotHere):
        content = orjson.dumps({"traceIds": trace_ids})
        await client.send("DELETE", _TRACES, content=content, headers=_HEADERS)


async def _unqueue(client: Client, span_ids: Collection[str]) -> None:
    """Whatever the queues are called today: an item names the span that it shows."""
    async for queue in by_number(client, _QUEUES, {"limit": 100}):
        path = f"{_QUEUES}/{queue['id']}/items"
        held = [row["id"] async for row in by_number(client, path, {"limit": 100}) if row["objectId"] in span_ids]
        for item_id in held:
            await _gone(client, f"{path}/{item_id}")


async def _gone(client: Client, path: str) -> None:
    with suppress(NotHere):
        await client.send("DELETE", path)
