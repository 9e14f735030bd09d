"""Anthropic messages: a request body with `system` beside `messages`, or messages that hold Anthropic's blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.openai_chat import read_tools
from connector.formats.parameters import read_parameters
from connector.types import Observation
from rollouts.projections.anthropic_messages import from_anthropic, messages_from_anthropic
from rollouts.types import Message, Text

_BLOCKS = ("tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use")
_FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}


class AnthropicMessages(Format):
    """Messages as the Anthropic SDK sends and receives them."""

    rank: ClassVar[int] = 20

    def mine(self, observation: Observation) -> bool:
        """`system` beside `messages`, an answer of `type: message`, or Anthropic's blocks somewhere."""
        body, output = observation.input, observation.output
        messages = _messages(body)
        if not messages or not all(message.get("role") in ("system", "user", "assistant") for message in messages):
            return False
        answered = isinstance(output, Mapping) and output.get("type") == "message"
        shown = [*messages, *([output] if isinstance(output, Mapping) else [])]
        beside = isinstance(body, Mapping) and "system" in body
        return answered or beside or any(_has_blocks(message) for message in shown)

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        messages = _messages(observation.input)
        first = [message["content"] for message in messages if message["role"] == "system"]
        said = [message for message in messages if message["role"] != "system"]
        system = body.get("system") or "\n".join(text for text in first if isinstance(text, str))
        output = observation.output
        with malformed("Anthropic messages"):
            return Reading(
                messages=messages_from_anthropic({"system": system, "messages": said}),
                answer=_answer(output),
                finish_reason=_FINISH.get(str(output.get("stop_reason"))) if isinstance(output, Mapping) else None,
                tools=read_tools(body.get("tools") or ()),
                parameters=read_parameters(observation.parameters, body, observation.metadata),
            )


def _messages(value: Any) -> list[Any]:
    found = decoded(value.get("messages")) if isinstance(value, Mapping) else value
    return found if isinstance(found, list) and all(isinstance(message, Mapping) for message in found) else []


def _has_blocks(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return any(isinstance(block, Mapping) and block.get("type") in _BLOCKS for block in blocks)


def _answer(output: Any) -> Message | None:
    if output in (None, "", {}, []):
        return None
    if isinstance(output, str):
        return Message(role="assistant", parts=(Text(content=output),))
    if isinstance(output, list):
        whole = all(isinstance(block, Mapping) and "role" in block for block in output)
        return _answer(output[-1]) if whole else from_anthropic({"role": "assistant", "content": output})
    return from_anthropic({"role": "assistant", "content": output["content"]})
