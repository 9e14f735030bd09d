"""Chat messages, as OpenAI defined them and everybody else bends them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from connector.formats.format import Unusable, decoded
from connector.formats.gathering import Gathering
from connector.formats.openai_parts import is_part, read_parts
from connector.formats.pieces import as_json
from connector.formats.repairs import Repair
from connector.types import Fate
from rollouts.types import Media, Message, Part, Reasoning, Text, ToolCall, ToolResult

Wire = Mapping[str, Any]

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "bot": "assistant",
    "tool": "tool",
    "function": "tool",
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "context": "system",
}
"""In lower case. What applications call `context` is what they tell the model, not what a person says."""
_OF_CHAT = ("system", "developer", "user", "assistant", "tool", "function")


class ChatReader(Gathering):
    """Reads one history message by message, in its order, and remembers what it mended."""

    def read(self, wires: Iterable[Wire]) -> tuple[Message, ...]:
        """Read several, but for those that say nothing. Raises what `message` raises."""
        found = tuple(map(self.message, wires))
        if not all(message.parts for message in found):
            self.mended(Repair.EMPTY)
        return tuple(message for message in found if message.parts)

    def message(self, wire: Wire) -> Message:
        """Read one. Raises `Unusable`, or whatever a broken structure raises."""
        role: Any = ROLES[wire["role"].lower()]
        if wire["role"] not in _OF_CHAT:
            self.mended(Repair.ROLES)
        if role == "tool":
            return Message(role="tool", parts=(self._result(wire),))
        said = list(read_parts(wire.get("content"))) or list(self._unsaid(wire))
        calls = [self._call(call) for call in self._calls(wire)]
        name = wire.get("name")
        return Message(
            role=role, parts=(*_thoughts(wire), *said, *calls), name=name if isinstance(name, str) and name else None
        )

    def arguments(self, given: Any) -> str:
        """Return arguments as JSON text, which may be broken. Raises `Unusable` for several calls run together."""
        if isinstance(given, str) and _run_together(given):
            raise Unusable(Fate.UNREADABLE, "parallel tool calls that its logger ran together")
        if given is not None and not isinstance(given, str):
            self.mended(Repair.ARGUMENTS)
        return super().arguments("" if given is None else given)

    def _call(self, wire: Wire) -> ToolCall:
        """Read one tool call; a custom tool's input stands for its arguments."""
        function = wire.get("function") or wire.get("custom") or wire
        return self.call(function["name"], function.get("arguments", function.get("input")), wire.get("id"))

    def _calls(self, wire: Wire) -> list[Wire]:
        logged = decoded(wire.get("tool_calls") or wire.get("toolCalls")) or []
        if not logged and isinstance(wire.get("function_call"), Mapping):
            logged = [{"function": wire["function_call"]}]
        if None in logged:
            self.mended(Repair.NULLS)
        return [call for call in logged if call is not None]

    def _result(self, wire: Wire) -> ToolResult:
        said, shown = read_result(wire.get("content"))
        known, name = wire.get("tool_call_id") or wire.get("toolCallId"), wire.get("name") or wire.get("tool_name")
        return self.result(said, known, name).model_copy(update={"media": shown})

    def _unsaid(self, wire: Wire) -> Iterable[Part]:
        """Yield what stands beside an empty `content`."""
        audio = wire.get("audio")
        if wire.get("refusal"):
            yield Text(content=wire["refusal"])
        elif isinstance(audio, Mapping) and audio.get("transcript"):
            self.mended(Repair.TRANSCRIPT)
            yield Text(content=audio["transcript"])


def read_result(content: Any) -> tuple[str, tuple[Media, ...]]:
    """Read what a tool answered: text, parts, or any other value as JSON; and what it showed."""
    blocks = content if isinstance(content, list) else []
    if isinstance(content, str):
        return content, ()
    if content is not None and not (blocks and all(map(is_part, blocks))):
        return as_json(content), ()
    parts = list(read_parts(content))
    said = "\n".join(part.content for part in parts if isinstance(part, Text))
    return said, tuple(part for part in parts if isinstance(part, Media))


def _thoughts(wire: Wire) -> list[Reasoning]:
    """Servers call it `reasoning_content`, `reasoning` or, Ollama, `thinking`; LiteLLM repeats Anthropic's blocks."""
    thoughts = next(
        (t for key in ("reasoning_content", "reasoning", "thinking") if isinstance(t := wire.get(key), str) and t), None
    )
    blocks = wire.get("thinking_blocks")
    if thoughts is None and isinstance(blocks, list):
        thoughts = "\n".join(b["thinking"] for b in blocks if isinstance(b, Mapping) and b.get("thinking"))
    return [Reasoning(content=thoughts)] if thoughts else []


def _run_together(text: str) -> bool:
    """`{…}{…}`: a streamed answer's calls under one name; JSON values follow each other with nothing between."""
    if "}{" not in text:
        return False
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return text[end : end + 1] == "{"
