"""Flue: `{systemPrompt, messages, tools}` with the messages of pi's agent: `toolCall` blocks, role `toolResult`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, malformed
from connector.formats.gathering import Gathering
from connector.formats.loose_chat import read_answer, read_messages
from connector.formats.parameters import read_parameters
from connector.formats.pieces import finish_reason, wires_of
from connector.formats.tool_definitions import read_tools
from connector.traces import Observation
from rollouts.types import Message

Wire = Mapping[str, Any]


class Flue(Format):
    """A context: system prompt, messages and tools side by side."""

    rank: ClassVar[int] = 11

    def mine(self, observation: Observation) -> bool:
        """`systemPrompt` beside messages, or pi's calls or results among them."""
        body = observation.input
        beside = isinstance(body, Mapping) and "systemPrompt" in body and "messages" in body
        return beside or any(map(_is_pi, wires_of(body)))

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        into = Gathering()
        with malformed("context"):
            told = body.get("systemPrompt")
            system = [{"role": "system", "content": told}] if told else []
            history = read_messages([*system, *wires_of(observation.input)], into)
            answer, reason = _answer(observation.output, into)
            return Reading(
                messages=history,
                answer=answer,
                finish_reason=reason,
                tools=read_tools(body.get("tools") or ()),
                parameters=read_parameters(observation.parameters, body),
                repairs=into.repairs,
            )


def _is_pi(wire: Wire) -> bool:
    content = wire.get("content")
    blocks = content if isinstance(content, list) else []
    called = any(isinstance(block, Mapping) and block.get("type") == "toolCall" for block in blocks)
    return wire.get("role") == "toolResult" or called


def _answer(output: Any, into: Gathering) -> tuple[Message | None, str | None]:
    if output in (None, "", {}, []):
        return None, None
    said = output if isinstance(output, Mapping) and "content" in output else {"content": output}
    return read_answer(said, into), finish_reason(said.get("stopReason"))
