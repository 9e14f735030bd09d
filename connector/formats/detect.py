"""Observation → call: find the format that understands it."""

from __future__ import annotations

import math
from functools import cache

from connector.formats.format import Format, Reading, Unusable, decoded
from connector.types import Call, Fate, Observation
from rollouts.plugins import kinds, load
from rollouts.types import Completion, Usage


def read_call(observation: Observation) -> Call:
    """Read one model call, whoever logged it. Raises `Unusable` when nobody understands it."""
    shown = observation.model_copy(update={"input": decoded(observation.input), "output": decoded(observation.output)})
    for kind, form in _formats():
        if form.mine(shown):
            return _call(shown, form.read(shown), kind)
    raise Unusable(Fate.UNREADABLE, "no known format")


@cache
def _formats() -> tuple[tuple[str, Format], ...]:
    package = "connector.formats"
    found = [(kind, load(Format, kind, package=package)()) for kind in kinds(Format, package=package)]
    return tuple(sorted(found, key=lambda pair: pair[1].rank))


def _call(observation: Observation, reading: Reading, kind: str) -> Call:
    return Call(
        trace_id=observation.trace_id,
        observation_id=observation.id,
        name=observation.name,
        started_at=observation.started_at,
        messages=reading.messages,
        tools=reading.tools,
        parameters=reading.parameters,
        answer=_answer(observation, reading),
        format=kind,
        repairs=reading.repairs,
    )


def _answer(observation: Observation, reading: Reading) -> Completion | None:
    if reading.answer is None:
        return None
    if reading.answer.role != "assistant":
        raise Unusable(Fate.UNREADABLE, "its output is not an assistant's")
    return Completion(
        message=reading.answer,
        model=observation.model,
        finish_reason=reading.finish_reason,
        usage=_usage(observation.usage),
        cost_usd=observation.cost_usd,
        latency_s=observation.latency_s,
        started_at=observation.started_at,
    )


def _usage(details: dict[str, float]) -> Usage:
    """Langfuse's `usageDetails` add up to a total: what came from a cache, or went there, is not in `input`."""

    def tokens(*names: str) -> int | None:
        known = (details[name] for name in names if name in details)
        return next((int(figure) for figure in known if math.isfinite(figure) and figure >= 0), None)

    fresh = tokens("input", "input_tokens")
    cached = tokens("input_cached_tokens", "cache_read_input_tokens", "input_cache_read")
    written = tokens("cache_creation_input_tokens", "input_cache_creation")
    return Usage(
        input_tokens=tokens("prompt_tokens") if fresh is None else fresh + (cached or 0) + (written or 0),
        output_tokens=tokens("output", "completion_tokens", "output_tokens"),
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=tokens("output_reasoning_tokens", "reasoning_tokens", "output_reasoning"),
    )
