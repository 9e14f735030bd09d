"""Anthropic messages: a request body with `system` beside `messages`, or messages that hold Anthropic's blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, Unusable, decoded, malformed
from connector.formats.openai_chat import read_tools
from connector.formats.outputs import as_text
from connector.formats.parameters import read_parameters
from connector.types import Fate, Observation
from rollouts.projections.anthropic_messages import from_anthropic, messages_from_anthropic
from rollouts.types import Message, Text

_BLOCKS = ("tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use")
_KNOWN = ("text", "tool_use", "tool_result", "thinking", "redacted_thinking", "image", "document")
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
        messages, output = _messages(observation.input), observation.output
        with malformed("Anthropic messages"):
            said = [message for message in messages if message["role"] != "system"]
            told = [body.get("system"), *(message["content"] for message in messages if message["role"] == "system")]
            system = [block for content in told for block in _blocks(content)]
            for block in (*system, *(block for message in said for block in _blocks(message["content"]))):
                _check(block)
            return Reading(
                messages=messages_from_anthropic({"system": system, "messages": said}),
                answer=_answer(output),
                finish_reason=_FINISH.get(str(output.get("stop_reason"))) if isinstance(output, Mapping) else None,
                tools=read_tools(body.get("tools") or ()),
                parameters=read_parameters(observation.parameters, body),
            )


def _messages(value: Any) -> list[Any]:
    found = decoded(value.get("messages")) if isinstance(value, Mapping) else value
    return found if isinstance(found, list) and all(isinstance(message, Mapping) for message in found) else []


def _has_blocks(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    return any(isinstance(block, Mapping) and (block.get("type") in _BLOCKS or "source" in block) for block in blocks)


def _blocks(content: Any) -> Iterator[Mapping[str, Any]]:
    yield from [{"type": "text", "text": content}] if isinstance(content, str) else content or ()


def _check(block: Mapping[str, Any]) -> None:
    """Raise `Unusable` for a block that would be left out unseen."""
    kind = block["type"]
    if kind.startswith("server_") or kind.endswith("_tool_result"):
        raise Unusable(Fate.UNREPLAYABLE, "it uses tools that only its provider runs")
    if kind not in _KNOWN:
        raise Unusable(Fate.UNREADABLE, "a content block of an unknown type")
    if kind == "tool_result":
        for inner in _blocks(block.get("content")):
            _check(inner)


def _answer(output: Any) -> Message | None:
    if output in (None, "", {}, []):
        return None
    if isinstance(output, list) and all(isinstance(block, Mapping) and "role" in block for block in output):
        return _answer(output[-1])
    blocks = output["content"] if isinstance(output, Mapping) and "content" in output else output
    if not isinstance(blocks, list | str) or not all(isinstance(b, Mapping) and "type" in b for b in _blocks(blocks)):
        return Message(role="assistant", parts=(Text(content=as_text(output)),))
    for block in _blocks(blocks):
        _check(block)
    return from_anthropic(
        {"role": output.get("role", "assistant") if isinstance(output, Mapping) else "assistant", "content": blocks}
    )
