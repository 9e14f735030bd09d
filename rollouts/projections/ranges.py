"""Numbers brought into the range that a provider takes, and what that changed."""

from __future__ import annotations

from collections.abc import Mapping

from rollouts.types import Parameters

NEUTRAL: Mapping[str, float | bool] = {
    "temperature": 1.0,
    "top_p": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "parallel_tool_calls": True,
}
"""What providers do anyhow: to leave these values out loses nothing. Many loggers write them unasked."""


def within(parameters: Parameters, ranges: Mapping[str, tuple[float, float]]) -> tuple[Parameters, tuple[str, ...]]:
    """Return the parameters with numbers no lower and no higher than `ranges` say, and names for what changed."""
    changed: dict[str, float] = {}
    losses = list[str]()
    for name, (lowest, highest) in ranges.items():
        value = getattr(parameters, name)
        if value is not None and not lowest <= value <= highest:
            changed[name] = highest if value > highest else lowest
            losses.append(f"{name} above {highest:g}" if value > highest else f"{name} below {lowest:g}")
    return (parameters.model_copy(update=changed) if changed else parameters), tuple(losses)


def without(parameters: Parameters, *names: str) -> Parameters:
    """Return the parameters with `names` left to the model."""
    return parameters.model_copy(update=dict.fromkeys(names))


def worth_naming(parameters: Parameters, name: str) -> bool:
    """Tell whether leaving this parameter out changes anything."""
    value = getattr(parameters, name)
    return value is not None and value != NEUTRAL.get(name)
