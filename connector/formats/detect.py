"""Observation → call: find the format that understands it."""

from __future__ import annotations

from functools import cache

from connector.formats.format import Format, Reading, Unusable
from connector.types import Call, Fate, Observation
from rollouts.plugins import kinds, load
from rollouts.types import Completion, Usage


def read_call(observation: Observation) -> Call:
    """Read one model call, whoever logged it. Raises `Unusable` when nobody understands it."""
    for kind, form in _formats():
        if form.mine(observation):
            return _call(observation, form.read(observation), kind)
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
    """Langfuse's `usageDetails`: `input` and `output`, cached and reasoning tokens under the providers' names."""

    def tokens(*names: str) -> int | None:
        return next((int(details[name]) for name in names if name in details), None)

    return Usage(
        input_tokens=tokens("input", "prompt_tokens", "input_tokens"),
        output_tokens=tokens("output", "completion_tokens", "output_tokens"),
        cached_input_tokens=tokens("input_cached_tokens", "cache_read_input_tokens", "input_cache_read"),
        cache_write_tokens=tokens("cache_creation_input_tokens", "input_cache_creation"),
        reasoning_tokens=tokens("output_reasoning_tokens", "reasoning_tokens", "output_reasoning"),
    )
