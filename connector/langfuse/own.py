"""How we know our own writings again: a replayed replay would be an endless bill.

Four defences, each enough by itself; the tests take away all but one in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from connector.scoring import OWN

Defence = Literal["environment", "tag", "mark", "id"]
ALL: frozenset[Defence] = frozenset({"environment", "tag", "mark", "id"})

TAG = "understudy"
MARK = "understudy"
"""Metadata key on every span of ours; its value says what the span shows."""
ROLLOUTS = "sdk-experiment"
"""Langfuse hides this environment, and its own evaluators' filters leave it out by default."""
JUDGES = "llm-as-a-judge"
"""Langfuse's native evaluators never run on it."""
LEADERBOARD = "understudy"
PAIRS = "understudy-pairs"
"""Shown by Langfuse, and apart from all that would tell people who answered what."""

ENVIRONMENTS = (ROLLOUTS, JUDGES, LEADERBOARD, PAIRS)

FOREIGN = (
    "langfuse-prompt-experiment",
    "langfuse-llm-as-a-judge",
    "langfuse-code-eval",
    "langfuse-natural-language-filter",
    "langfuse-in-app-agent",
    "langfuse-evaluation",
)
"""Environments in which Langfuse itself writes: no production either, whoever is replayed."""


def written_by_us(row: Mapping[str, Any], defences: frozenset[Defence]) -> str | None:
    """Return by which defence a trace or root observation is ours, if it is."""
    return next((name for name, recognises in _DEFENCES.items() if name in defences and recognises(row)), None)


def _marked(row: Mapping[str, Any]) -> bool:
    metadata = row.get("metadata")
    return isinstance(metadata, Mapping) and bool(metadata.get(MARK))


_DEFENCES: dict[Defence, Callable[[Mapping[str, Any]], bool]] = {
    "environment": lambda row: row.get("environment") in ENVIRONMENTS,
    "tag": lambda row: TAG in (row.get("tags") or ()),
    "mark": _marked,
    "id": lambda row: str(row.get("traceId") or row.get("id") or "").startswith(OWN),
}


def filters(defences: frozenset[Defence]) -> list[dict[str, Any]]:
    """Return the same defences as far as v2/observations can apply them itself; FOREIGN always."""
    environments = [*FOREIGN, *(ENVIRONMENTS if "environment" in defences else ())]
    found = [{"type": "stringOptions", "column": "environment", "operator": "none of", "value": environments}]
    if "tag" in defences:
        found.append({"type": "arrayOptions", "column": "traceTags", "operator": "none of", "value": [TAG]})
    if "mark" in defences:
        found.append({"type": "null", "column": "experimentId", "operator": "is null", "value": ""})
    return found
