"""Genkit: content is a list of parts told by their key: `text`, `toolRequest`, `toolResponse`, `media`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.attributes import scope
from connector.formats.format import Format, Reading, malformed
from connector.formats.gathering import Gathering
from connector.formats.loose_chat import read_answer, read_messages
from connector.formats.parameters import read_parameters
from connector.formats.pieces import finish_reason, wires_of
from connector.formats.tool_definitions import read_tools
from connector.traces import Observation
from rollouts.types import Message

Wire = Mapping[str, Any]

_KEYS = {"text", "toolRequest", "toolResponse", "media", "reasoning", "data", "custom", "metadata"}


class Genkit(Format):
    """Messages, alone or in a request `{messages, tools, config}`; the answer alone or in a response."""

    rank: ClassVar[int] = 13

    def mine(self, observation: Observation) -> bool:
        """Untyped parts throughout, and Genkit's scope, its role `model` or its calls somewhere."""
        wires = wires_of(observation.input)
        if not wires or not all(map(_is_ours, wires)):
            return False
        shown = [*wires, *([said] if (said := _said(observation.output)) else [])]
        return scope(observation).startswith("genkit") or any(map(_is_telling, shown))

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        into = Gathering()
        with malformed("Genkit messages"):
            history = read_messages(wires_of(observation.input), into)
            return Reading(
                messages=history,
                answer=_answer(observation.output, into),
                finish_reason=finish_reason(_finish(observation.output)),
                tools=read_tools(body.get("tools") or ()),
                parameters=read_parameters(observation.parameters, _table(body.get("config")), body),
                repairs=into.repairs,
            )


def _is_ours(wire: Wire) -> bool:
    content = wire.get("content")
    return (
        "role" in wire
        and isinstance(content, list)
        and all(isinstance(part, Mapping) and part.keys() and part.keys() <= _KEYS for part in content)
    )


def _is_telling(wire: Wire) -> bool:
    parts = wire.get("content") if isinstance(wire.get("content"), list) else []
    called = any(isinstance(part, Mapping) and part.keys() & {"toolRequest", "toolResponse"} for part in parts or ())
    return wire.get("role") == "model" or called


def _said(output: Any) -> Wire | None:
    """A response has a `message`; older ones had candidates."""
    if not isinstance(output, Mapping):
        return None
    candidates = output.get("candidates")
    whole = candidates[0] if isinstance(candidates, list) and candidates else output
    inner = whole.get("message", whole) if isinstance(whole, Mapping) else None
    return inner if isinstance(inner, Mapping) else None


def _finish(output: Any) -> Any:
    return output.get("finishReason") if isinstance(output, Mapping) else None


def _table(value: Any) -> Wire:
    return value if isinstance(value, Mapping) else {}


def _answer(output: Any, into: Gathering) -> Message | None:
    if output in (None, "", {}, []):
        return None
    said = _said(output)
    return read_answer(said if said and "content" in said else {"content": [{"text": output}]}, into)
