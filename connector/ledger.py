"""Where every trace and every turn has ended, added up. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from connector.types import Count


def by_reason(ledger: Iterable[Count]) -> list[Count]:
    """Add up what formats and integrations came to: one count for each fate and reason, the most frequent first."""
    found: dict[tuple[str, str, str], Count] = {}
    for each in ledger:
        key = (each.of, each.fate, each.reason)
        bare = each.model_copy(update={"format": None, "integration": None})
        known = found.get(key)
        found[key] = bare if known is None else known.model_copy(update={"count": known.count + each.count})
    return sorted(found.values(), key=lambda each: (each.of, -each.count, each.fate, each.reason))
