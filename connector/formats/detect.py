"""Observation → call: find the format that understands it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from connector.formats.completed import completed
from connector.formats.decorated import given
from connector.formats.expected import expected
from connector.formats.format import Format, Reading, Unusable, decoded, is_twice_encoded
from connector.formats.integration import integration
from connector.formats.no_conversation import reject, reject_redacted
from connector.formats.repairs import Repair
from connector.formats.response_ids import follows, response_id
from connector.traces import Call, Observation
from connector.types import Fate
from rollouts.plugins import kinds, load
from rollouts.types import Completion, Usage
from rollouts.whole import whole

NO_FORMAT = "no known format"


def read_call(observation: Observation, configured: tuple[Format, ...] = ()) -> Call:
    """Read one model call, whoever logged it; `configured` formats stand for those of their kind.

    Raises `Unusable` when it is no part of a conversation, or when nobody understands it.
    """
    asked = given(decoded(observation.input))
    shown = observation.model_copy(update={"input": asked.body, "output": decoded(observation.output)})
    reject(shown)
    for kind, form in _formats(configured):
        if form.mine(shown):
            try:
                return whole(_call(shown, _reading(form, shown, observation, asked.repairs), kind))
            except Unusable as error:
                error.kind = kind
                raise
    raise Unusable(Fate.UNREADABLE, NO_FORMAT)


@cache
def _formats(configured: tuple[Format, ...]) -> tuple[tuple[str, Format], ...]:
    package, own = "connector.formats", {type(form): form for form in configured}
    classes = {kind: load(Format, kind, package=package) for kind in kinds(Format, package=package)}
    found = [(kind, own.get(form) or form()) for kind, form in classes.items()]
    return tuple(sorted(found, key=lambda pair: pair[1].rank))


def _reading(form: Format, shown: Observation, logged: Observation, mended: tuple[str, ...]) -> Reading:
    reading = completed(form.read(shown), shown)
    reject_redacted(reading)
    if not reading.messages:
        raise Unusable(Fate.UNREADABLE, "no message in its input")
    twice = is_twice_encoded(logged.input) or is_twice_encoded(logged.output)
    repairs = (*mended, *reading.repairs, *([Repair.TEXT_TWICE] if twice else []))
    return reading.model_copy(update={"repairs": repairs})


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
        lacks=reading.lacks,
        integration=integration(observation, kind),
        response_id=response_id(observation),
        follows=follows(observation),
        expected=expected(observation),
    )


def _answer(observation: Observation, reading: Reading) -> Completion | None:
    if reading.answer is None:
        return None
    if reading.answer.role != "assistant":
        raise Unusable(Fate.UNREADABLE, "its output is not an assistant's")
    return Completion(
        message=reading.answer,
        model=observation.model or _model(observation.input),
        finish_reason=reading.finish_reason,
        usage=_usage(observation.usage),
        cost_usd=observation.cost_usd,
        latency_s=observation.latency_s,
        started_at=observation.started_at,
    )


def _model(asked: Any) -> str | None:
    """A request's body names its model, too."""
    model = asked.get("model") if isinstance(asked, Mapping) else None
    return model if isinstance(model, str) and model else None


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
