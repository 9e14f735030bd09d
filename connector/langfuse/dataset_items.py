"""Datasets that people keep, as they are: their items, and the names near one that does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote

from connector.formats.format import decoded
from connector.langfuse.client import Client, NotHere
from connector.langfuse.paging import by_number
from connector.langfuse.rows import moment
from connector.tiers.types import Item
from rollouts.errors import Fatal

_TRACE = ("trace_id", "traceId", "source_trace_id", "sourceTraceId", "langfuse_trace_id")
_OBSERVATION = ("observation_id", "observationId", "source_observation_id", "sourceObservationId")
"""Where people who make items by hand say in the metadata what an item was made from."""


async def items(client: Client, dataset: str) -> list[Item]:
    """Return every item of a dataset, archived ones as well, the oldest first.

    Raises `Fatal`, naming the nearest, where there is no dataset of this name.
    """
    await find(client, dataset)
    rows = by_number(client, "/api/public/dataset-items", {"datasetName": dataset, "limit": 100})
    found = {row["id"]: _item(dataset, row) async for row in rows}
    return sorted(found.values(), key=lambda item: (item.created_at, item.id))


async def find(client: Client, dataset: str) -> None:
    """Make sure that a dataset exists. A slash in its name is a folder. Raises `Fatal` where it does not."""
    try:
        await client.get(f"/api/public/v2/datasets/{quote(dataset, safe='')}")
    except NotHere:
        known = [str(row["name"]) async for row in by_number(client, "/api/public/v2/datasets", {"limit": 100})]
        raise Fatal(f"Langfuse has no dataset {dataset!r}", hint=nearest(dataset, known, "datasets")) from None


def nearest(wanted: str, known: list[str], kind: str) -> str:
    """Say which names come closest to one that is not there."""
    near = get_close_matches(wanted, known, n=3, cutoff=0.5) or [name for name in known if wanted in name][:3]
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return (
        f"this project has the {kind} {', '.join(map(repr, sorted(known)[:8]))}" if known else f"it has no {kind} yet"
    )


def _item(dataset: str, row: Mapping[str, Any]) -> Item:
    told = decoded(row.get("metadata"))
    metadata: dict[str, Any] = told if isinstance(told, dict) else {}
    return Item(
        dataset=dataset,
        id=str(row["id"]),
        archived=row.get("status") == "ARCHIVED",
        input=row.get("input"),
        expected_output=row.get("expectedOutput"),
        metadata=metadata,
        trace_id=row.get("sourceTraceId") or _named(metadata, _TRACE),
        observation_id=row.get("sourceObservationId") or _named(metadata, _OBSERVATION),
        created_at=moment(row["createdAt"]),
    )


def _named(metadata: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((value for key in keys if isinstance(value := metadata.get(key), str) and value), None)
