"""How a model is asked to answer, in Anthropic's words."""

from __future__ import annotations

from typing import Any

from rollouts.projections.ranges import within, worth_naming
from rollouts.types import NamedTool, Parameters

Wire = dict[str, Any]

WITHOUT_A_PLACE = ("seed", "presence_penalty", "frequency_penalty")
RANGES = {"temperature": (0, 1), "top_p": (0, 1)}
EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def parameters_to(parameters: Parameters, *, max_tokens: int, with_tools: bool) -> Wire:
    """Return the body's parameters; `max_tokens` is for requests that do not say, because Anthropic must know."""
    parameters, _ = within(parameters, RANGES)
    # 0 would fill a cache and answer nothing.
    body: Wire = {"max_tokens": parameters.max_tokens if (parameters.max_tokens or 0) > 0 else max_tokens}
    if parameters.temperature is not None:
        body["temperature"] = parameters.temperature
    if parameters.top_p is not None:
        body["top_p"] = parameters.top_p
    if parameters.stop is not None:
        body["stop_sequences"] = list(parameters.stop)
    if with_tools and (choice := _tool_choice(parameters)):
        body["tool_choice"] = choice
    if output := _output(parameters):
        body["output_config"] = output
    return body


def lost_parameters(parameters: Parameters) -> tuple[str, ...]:
    """Name what `parameters_to` leaves behind or changes."""
    found = [name for name in WITHOUT_A_PLACE if worth_naming(parameters, name)]
    found += within(parameters, RANGES)[1]
    if parameters.max_tokens is not None and parameters.max_tokens < 1:
        found.append(f"max_tokens {parameters.max_tokens}")
    if parameters.reasoning_effort is not None and parameters.reasoning_effort not in EFFORTS:
        found.append(f"reasoning_effort {parameters.reasoning_effort}")
    kind = (parameters.response_format or {}).get("type")
    if kind not in {None, "text"} and _schema(parameters) is None:
        found.append(f"response_format {kind}")
    return tuple(found)


def _tool_choice(parameters: Parameters) -> Wire | None:
    choice = parameters.tool_choice
    if choice is None and parameters.parallel_tool_calls is None:
        return None
    wire: Wire = (
        {"type": _CHOICES[choice or "auto"]}
        if not isinstance(choice, NamedTool)
        else {"type": "tool", "name": choice.name}
    )
    if parameters.parallel_tool_calls is not None and choice != "none":
        wire["disable_parallel_tool_use"] = not parameters.parallel_tool_calls
    return wire


def _output(parameters: Parameters) -> Wire:
    output: Wire = {}
    if parameters.reasoning_effort in EFFORTS:
        output["effort"] = parameters.reasoning_effort
    if (schema := _schema(parameters)) is not None:
        output["format"] = {"type": "json_schema", "schema": schema}
    return output


def _schema(parameters: Parameters) -> Wire | None:
    asked = parameters.response_format or {}
    schema = (asked.get("json_schema") or {}).get("schema") if asked.get("type") == "json_schema" else None
    return schema if isinstance(schema, dict) else None
