"""OpenLLMetry until 0.53: `gen_ai.prompt.N` and `gen_ai.completion.N`, with flat tool calls and blocks as JSON in text.

Thoughts are a completion of their own, of role `thinking`. Streams lose their tool calls. Tools are in attributes,
`llm.request.functions.N` (see `completed`). Newer versions write parts, which `otel_genai` reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from connector.formats.attributes import scope
from connector.formats.format import Format, Reading, malformed
from connector.formats.gathering import Gathering
from connector.formats.loose_chat import read_answer, read_messages
from connector.formats.parameters import read_parameters
from connector.formats.pieces import finish_reason, wires_of
from connector.formats.repairs import Repair
from connector.traces import Observation
from rollouts.types import Message

Wire = Mapping[str, Any]

_FLAT = {"id", "name", "arguments"}
_SCOPES = ("opentelemetry.instrumentation.", "@traceloop/")


class OpenLLMetry(Format):
    """Messages that were indexed attributes."""

    rank: ClassVar[int] = 14

    def mine(self, observation: Observation) -> bool:
        """Flat calls, a message of role `thinking`, or its scope above messages that have roles and no parts."""
        wires, said = wires_of(observation.input), wires_of(observation.output)
        if not wires or any("parts" in wire or _is_foreign(wire) for wire in wires):
            return False
        ours = scope(observation).startswith(_SCOPES) and all("role" in wire or "user" in wire for wire in wires)
        return ours or any(_has_flat_calls(wire) or wire.get("role") == "thinking" for wire in (*wires, *said))

    def read(self, observation: Observation) -> Reading:
        """Read history, answer and parameters."""
        into = Gathering()
        with malformed("indexed attributes"):
            history = read_messages(_thoughtful(wires_of(observation.input)), into, blocks=True)
            answer, reason = _answer(observation.output, into)
            return Reading(
                messages=history,
                answer=answer,
                finish_reason=reason,
                parameters=read_parameters(observation.parameters),
                repairs=into.repairs,
            )


def _is_foreign(wire: Wire) -> bool:
    """Lists are content blocks of an SDK: indexed attributes hold text."""
    return isinstance(wire.get("content"), list)


def _has_flat_calls(wire: Wire) -> bool:
    """Others have calls with a name at once too, but `args`, a `type`, or no role beside them."""
    calls = wire.get("tool_calls") if "role" in wire else None
    return isinstance(calls, list) and any(
        isinstance(call, Mapping) and call.keys() <= _FLAT and {"name", "arguments"} <= call.keys() for call in calls
    )


def _thoughtful(wires: Sequence[Wire]) -> Iterator[Wire]:
    """Give each thought to the message after it; the first completion API had `{"user": prompt}` for a message."""
    thought = ""
    for wire in wires:
        if wire.get("role") == "thinking":
            thought = wire["content"]
        elif "role" not in wire and isinstance(wire.get("user"), str):
            yield {"role": "user", "content": wire["user"]}
        else:
            yield {**wire, "reasoning_content": thought} if thought else wire
            thought = ""


def _answer(output: Any, into: Gathering) -> tuple[Message | None, str | None]:
    if output in (None, "", {}, []):
        return None, None
    wires = wires_of(output)
    if not wires:
        return read_answer({"content": output}, into, blocks=True), None
    stopped = next((wire["finish_reason"] for wire in wires if wire.get("finish_reason")), None)
    said = list(_thoughtful(wires)) or [{}]
    if len(said) > 1:
        into.mended(Repair.ALTERNATIVES)
    answer = read_answer({"finish_reason": stopped, **said[0]}, into, blocks=True)
    return answer, finish_reason(stopped)
