"""Pages of a listing, until there are no more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from connector.langfuse.client import Client
from rollouts.errors import Retryable


async def by_cursor(client: Client, path: str, query: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield every row of a v4 listing. Raises `Retryable` when the server repeats a cursor: the rest would be lost."""
    cursor: str | None = None
    met = set[str]()
    while True:
        rows, meta = await _page(client, path, {**query, **({"cursor": cursor} if cursor else {})})
        for row in rows:
            yield row
        cursor = meta.get("cursor")
        if cursor is None:
            return
        if cursor in met:
            raise Retryable(f"Langfuse repeats the cursor of {path}", hint="the window is read again at the next poll")
        met.add(cursor)


async def by_number(client: Client, path: str, query: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Yield every row of a listing with numbered pages; rows that arrive meanwhile may shift it, so dedupe by id."""
    number = 1
    while True:
        rows, meta = await _page(client, path, {**query, "page": number})
        for row in rows:
            yield row
        if not rows or number >= int(meta.get("totalPages") or 0):
            return
        number += 1


async def _page(client: Client, path: str, query: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Fetch the rows of one page and what is said about it. Raises `Retryable` for anything that is no page."""
    page = await client.get(path, query)
    rows = page.get("data") if isinstance(page, dict) else None
    if not isinstance(rows, list):
        raise Retryable(f"Langfuse answered {path} with something that is no page: {str(page)[:200]}")
    return rows, page.get("meta") or {}
