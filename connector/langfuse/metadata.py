"""Metadata in full: v4 cuts every value to 200 characters but for the keys that are asked for by name.

Integrations keep tools and whole histories there (`attributes.gen_ai.tool.definitions`), so what was cut is fetched
again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final

from connector.langfuse.rows import Row

_CUT_BYTES: Final = 197  # 200 characters are no less, and 200 bytes may lose a part of one
_MOST_CHARS: Final = 4000  # of keys in one address

Fetch = Callable[[dict[str, str]], Awaitable[list[dict[str, Any]]]]
"""Lists the same rows under further parameters."""


async def in_full(rows: Sequence[Row], fetch: Fetch) -> list[Row]:
    """Return `rows` with whole metadata, fetching only the values that seem to be cut."""
    whole: dict[tuple[str, str], dict[str, Any]] = {}
    for keys in _together(sorted({key for row in rows for key in _cut(row)})):
        for row in await fetch({"fields": "core,metadata", "expandMetadata": keys}):
            told = row.get("metadata") or {}
            found = whole.setdefault((row["id"], row["startTime"]), {})
            found |= {key: told[key] for key in keys.split(",") if key in told}
    return [_completed(row, whole.get((row["id"], row["startTime"]), {})) for row in rows]


def _cut(row: Row) -> Iterator[str]:
    metadata = row.get("metadata")
    for key, value in metadata.items() if isinstance(metadata, dict) else ():
        if isinstance(value, str) and len(value.encode(errors="replace")) >= _CUT_BYTES and "," not in key:
            yield key


def _together(keys: Sequence[str]) -> Iterator[str]:
    """Yield lists of keys that fit into one address."""
    some: list[str] = []
    for key in keys:
        if some and len(",".join([*some, key])) > _MOST_CHARS:
            yield ",".join(some)
            some = []
        some.append(key)
    if some:
        yield ",".join(some)


def _completed(row: Row, told: dict[str, Any]) -> Row:
    return {**row, "metadata": {**row["metadata"], **told}} if told else row
