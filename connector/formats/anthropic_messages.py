"""Anthropic messages: a request body with `system` beside `messages`, or messages that hold Anthropic's blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connector.formats.anthropic_blocks import BLOCKS, blocks, read_blocks
from connector.formats.event_streams import anthropic_message, is_anthropic
from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.gathering import Gathering
from connector.formats.outputs import as_text, is_message
from connector.formats.parameters import read_parameters
from connector.formats.pieces import finish_reason, wires_of
from connector.formats.repairs import Repair
from connector.formats.tool_definitions import read_tools
from connector.traces import Observation
from rollouts.types import Message, Text, ToolResult

Wire = Mapping[str, Any]


class AnthropicMessages(Format):
    """Messages as the Anthropic SDK sends and receives them."""

    rank: ClassVar[int] = 20

    def mine(self, observation: Observation) -> bool:
        """`system` beside `messages`, an answer of `type: message`, or Anthropic's blocks somewhere."""
        body, output = observation.input, observation.output
        messages = wires_of(body)
        if not messages or not all(message.get("role") in ("system", "user", "assistant") for message in messages):
            return False
        answered = (isinstance(output, Mapping) and output.get("type") == "message") or is_anthropic(output)
        shown = [*messages, *([output] if isinstance(output, Mapping) else []), {"content": output}]
        beside = isinstance(body, Mapping) and "system" in body
        return answered or beside or any(_has_blocks(message) for message in shown)

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        messages, into = wires_of(observation.input), Gathering()
        with malformed("Anthropic messages"):
            output = anthropic_message(observation.output, into)
            said = [message for message in messages if message["role"] != "system"]
            told = [body.get("system"), *(message["content"] for message in messages if message["role"] == "system")]
            system = [block for content in told for block in blocks(content)]
            history = [{"role": "system", "content": system}] * bool(system) + [*said]
            return Reading(
                messages=tuple(message for wire in history for message in _read(wire, into)),
                answer=_answer(output, into),
                finish_reason=finish_reason(output.get("stop_reason")) if isinstance(output, Mapping) else None,
                tools=read_tools(_client_tools(body.get("tools"), into)),
                parameters=read_parameters(observation.parameters, body, _one_at_a_time(body)),
                repairs=into.repairs,
            )


def _has_blocks(message: Wire) -> bool:
    content = message.get("content")
    listed = content if isinstance(content, list) else []
    return any(
        str(block["type"]) in BLOCKS or isinstance(block.get("source"), Mapping)
        for block in listed
        if isinstance(block, Mapping) and "type" in block and not isinstance(block.get("thinking"), list)  # Mistral's
    )


def _read(wire: Wire, into: Gathering) -> Iterator[Message]:
    """Tool results answer the calls right before them, whatever else a user's message says."""
    parts = list(read_blocks(wire["content"], into))
    yield from into.messages(wire["role"], sorted(parts, key=lambda part: not isinstance(part, ToolResult)))


def _client_tools(tools: Any, into: Gathering) -> list[Any]:
    """Leave out tools that Anthropic runs, or whose schema nobody else knows."""
    listed = [decoded(tool) for tool in decoded(tools) or ()]
    known = [t for t in listed if not isinstance(t, Mapping) or t.get("type") in (None, "custom", "function")]
    if len(known) < len(listed):
        into.mended(Repair.PROVIDER_TOOLS)
    return known


def _one_at_a_time(body: Wire) -> dict[str, Any]:
    choice = decoded(body.get("tool_choice"))
    banned = isinstance(choice, Mapping) and choice.get("disable_parallel_tool_use") is True
    return {"parallel_tool_calls": False} if banned else {}


def _answer(output: Any, into: Gathering) -> Message | None:
    if output in (None, "", {}, []):
        return None
    if isinstance(output, list) and all(isinstance(block, Mapping) and "role" in block for block in output):
        return _answer(output[-1], into)
    content = output["content"] if is_message(output) and "content" in output else output
    if not isinstance(content, list | str) or not all(isinstance(b, Mapping) and "type" in b for b in blocks(content)):
        return Message(role="assistant", parts=(Text(content=as_text(output)),))
    answer = into.answer(read_blocks(content, into))
    said = output.get("role") if isinstance(output, Mapping) else None
    return answer if said in (None, "assistant") else answer.model_copy(update={"role": said})
