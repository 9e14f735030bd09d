"""Observations that look like model calls and are none of a conversation, or none that anyone may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.formats.format import Reading, Unusable
from connector.traces import Observation
from connector.types import Fate
from rollouts.types import Text

_INTERNAL = ("langfuse-", "sdk-experiment")
"""Environments in which Langfuse itself writes: evaluators, experiments. Its own UI hides them."""
_OTHERS = ("EMBEDDING", "TOOL", "RETRIEVER", "EVALUATOR", "GUARDRAIL", "EVENT")
_EMBEDDED = ({"embedding"}, {"embeddings"}, {"dimensions", "count"})
_REDACTED = ("redacted-by-litellm",)


def reject(observation: Observation) -> None:
    """Raise `Unusable` for what no format need look at."""
    if (observation.environment or "").startswith(_INTERNAL):
        raise Unusable(Fate.FILTERED, "written by Langfuse itself")
    if observation.type in _OTHERS:
        raise Unusable(Fate.UNREADABLE, "not a model call")
    if _is_embedding(observation):
        raise Unusable(Fate.UNREADABLE, "an embedding, not a conversation")
    if observation.input in _REDACTED or observation.output in _REDACTED:
        raise Unusable(Fate.UNREADABLE, "redacted by its logger")


def reject_redacted(reading: Reading) -> None:
    """Raise `Unusable` where a logger put a word in the place of what was said."""
    messages = (*reading.messages, *([reading.answer] if reading.answer else []))
    parts = (part for message in messages for part in message.parts)
    if any(isinstance(part, Text) and part.content in _REDACTED for part in parts):
        raise Unusable(Fate.UNREADABLE, "redacted by its logger")


def _is_embedding(observation: Observation) -> bool:
    output: Any = observation.output
    if isinstance(output, Mapping):
        data = output.get("data")
        output = output if not isinstance(data, list) else next(iter(data), None)
        return isinstance(output, Mapping) and any(keys <= output.keys() for keys in _EMBEDDED)
    numbers = isinstance(output, list) and len(output) > 1 and all(isinstance(n, float) for n in output)
    return numbers or "embedding" in (observation.model or "").lower()
