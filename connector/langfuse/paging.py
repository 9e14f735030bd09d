"""Pages of a listing, until there are no more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from connector.langfuse.client import Client
from rollouts.errors import Retryable


async def by_cursor(client: Client, path: str, query: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield every row of a v4 listing. Raises `Retryable` when the server repeats a cursor: the rest would be lost."""
    cursor: str | None = None
    while True:
        page = await client.get(path, {**query, **({"cursor": cursor} if cursor else {})})
        for row in page["data"]:
            yield row
        following = (page.get("meta") or {}).get("cursor")
        if following is None:
            return
        if following == cursor:
            raise Retryable(f"Langfuse repeats the cursor of {path}", hint="the window is read again at the next poll")
        cursor = following


async def by_number(client: Client, path: str, query: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield every row of a listing with numbered pages; rows that arrive meanwhile may shift it, so dedupe by id."""
    number = 1
    while True:
        page = await client.get(path, {**query, "page": number})
        for row in page["data"]:
            yield row
        if number >= int((page.get("meta") or {}).get("totalPages") or 0):
            return
        number += 1
