"""Chat messages, as OpenAI defined them and everybody else bends them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from connector.formats.call_ids import CallIds
from connector.formats.format import Unusable, decoded
from connector.formats.openai_parts import is_part, read_parts
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
}


class ChatReader:
    """Reads one history message by message, in its order, and remembers what it mended."""

    def __init__(self) -> None:
        self.ids = CallIds()
        self._mended = dict[str, None]()

    @property
    def repairs(self) -> tuple[str, ...]:
        """What was mended so far."""
        return (*self._mended, *([Repair.CALL_IDS] if self.ids.mended else []))

    def note(self, *repairs: str) -> None:
        """Remember what was mended elsewhere."""
        self._mended |= dict.fromkeys(repairs)

    def messages(self, wires: Iterable[Wire]) -> tuple[Message, ...]:
        """Read several. Raises what `message` raises."""
        return tuple(map(self.message, wires))

    def message(self, wire: Wire) -> Message:
        """Read one. Raises `Unusable`, or whatever a broken structure raises."""
        role: Any = ROLES[wire["role"]]
        if role == "tool":
            return Message(role="tool", parts=(self._result(wire),))
        said = list(read_parts(wire.get("content"))) or list(self._unsaid(wire))
        calls = [self.call(call) for call in self._calls(wire)]
        name = wire.get("name")
        return Message(
            role=role, parts=(*_thoughts(wire), *said, *calls), name=name if isinstance(name, str) and name else None
        )

    def call(self, wire: Wire) -> ToolCall:
        """Read one tool call; a custom tool's input stands for its arguments."""
        function = wire.get("function") or wire.get("custom") or wire
        name = function["name"]
        arguments = function.get("arguments", function.get("input"))
        return ToolCall(id=self.ids.of_call(wire.get("id"), name), name=name, arguments=self.arguments(arguments))

    def arguments(self, given: Any) -> str:
        """Return arguments as JSON text, which may be broken. Raises `Unusable` for several calls run together."""
        if given is None:
            return ""
        if isinstance(given, str):
            if _run_together(given):
                raise Unusable(Fate.UNREADABLE, "parallel tool calls that its logger ran together")
            return given
        self.note(Repair.ARGUMENTS)
        return as_json(given)

    def _calls(self, wire: Wire) -> list[Wire]:
        logged = decoded(wire.get("tool_calls") or wire.get("toolCalls")) or []
        if not logged and isinstance(wire.get("function_call"), Mapping):
            logged = [{"function": wire["function_call"]}]
        if None in logged:
            self.note(Repair.NULLS)
        return [call for call in logged if call is not None]

    def _result(self, wire: Wire) -> ToolResult:
        name = wire.get("name") or wire.get("tool_name")
        parts = list(read_result(wire.get("content")))
        return ToolResult(
            id=self.ids.of_result(wire.get("tool_call_id") or wire.get("toolCallId"), name),
            response="\n".join(part.content for part in parts if isinstance(part, Text)),
            media=tuple(part for part in parts if isinstance(part, Media)),
        )

    def _unsaid(self, wire: Wire) -> Iterable[Part]:
        """Yield what stands beside an empty `content`."""
        audio = wire.get("audio")
        if wire.get("refusal"):
            yield Text(content=wire["refusal"])
        elif isinstance(audio, Mapping) and audio.get("transcript"):
            self.note(Repair.TRANSCRIPT)
            yield Text(content=audio["transcript"])


def read_result(content: Any) -> Iterable[Part]:
    """Read what a tool answered: text, parts, or any other value as JSON."""
    blocks = content if isinstance(content, list) else []
    if content is None or isinstance(content, str) or (blocks and all(map(is_part, blocks))):
        return [Text(content=content)] if isinstance(content, str) else read_parts(content)
    return [Text(content=as_json(content))]


def as_json(value: Any) -> str:
    """Return JSON without spaces; unlike orjson it takes numbers beyond 64 bits."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


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
