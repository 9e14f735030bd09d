"""Chat messages as tracers retell them: calls flat, wrapped or as JSON in text; blocks in text; results by any id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.formats.blocks import blocks_in_text, read_blocks
from connector.formats.format import Unusable, decoded
from connector.formats.gathering import Gathering, role_of
from connector.formats.repairs import Repair
from connector.types import Fate
from rollouts.types import Message, Part, Reasoning, ToolCall, ToolResult

Wire = Mapping[str, Any]

LOST_CALLS = "its tool calls were not logged"


def read_messages(wires: Iterable[Wire], into: Gathering, *, blocks: bool = False) -> tuple[Message, ...]:
    """Read a history. With `blocks`, text may be a list of content blocks as JSON."""
    return tuple(message for wire in wires for message in read_message(wire, into, blocks=blocks))


def read_message(wire: Wire, into: Gathering, *, blocks: bool = False) -> Iterator[Message]:
    """Read one message, which may hold several results."""
    role, parts = role_of(wire.get("role")), list(_parts(wire, into, blocks=blocks))
    if role == "tool" and not any(isinstance(part, ToolResult) for part in parts):
        known = wire.get("tool_call_id") or wire.get("id") or wire.get("toolCallId") or wire.get("call_id")
        failed = wire.get("is_error") is True or wire.get("isError") is True
        named = wire.get("name") or wire.get("toolName")
        parts = [into.result(wire.get("content"), known, named, is_error=failed or None)]
    yield from into.messages(role, parts)


def read_answer(wire: Wire, into: Gathering, *, blocks: bool = False) -> Message:
    """Read an answer. Raises `Unusable` where the model called tools and the calls are gone."""
    if "role" in wire and role_of(wire["role"]) != "assistant":
        raise Unusable(Fate.UNREADABLE, "its output is not an assistant's")
    answer = into.answer(_parts(wire, into, blocks=blocks))
    stopped = wire.get("finish_reason") or wire.get("stop_reason") or wire.get("stopReason")
    if not answer.text and not answer.tool_calls and "tool" in str(stopped).lower():
        raise Unusable(Fate.UNREADABLE, LOST_CALLS)
    return answer


def read_said(output: Any, wires: Sequence[Wire], into: Gathering) -> tuple[tuple[Message, ...], Message | None]:
    """Read an output that is the messages `wires`, or one text: what comes before the answer, and the answer."""
    if output in (None, "", {}, []):
        return (), None
    *before, answer = wires or [output if isinstance(output, Mapping) else {"content": output}]
    return read_messages(before, into), read_answer(answer, into)


def _parts(wire: Wire, into: Gathering, *, blocks: bool) -> Iterator[Part]:
    thought = wire.get("reasoning_content")
    if isinstance(thought, str) and thought:
        yield Reasoning(content=thought)
    content = wire.get("content", wire.get("contents"))
    hidden = blocks_in_text(content) if blocks else None
    if hidden is not None:
        into.mended(Repair.JSON_IN_TEXT)
    if role_of(wire.get("role", "assistant")) != "tool" or hidden is not None or _has_results(content):
        yield from read_blocks(hidden or content or wire.get("contents"), into)
    yield from _calls(wire, into)


def _has_results(content: Any) -> bool:
    return isinstance(content, list) and any(
        isinstance(block, Mapping)
        and (block.get("type") == "tool_result" or block.keys() & {"toolResult", "toolResponse"})
        for block in content
    )


def _calls(wire: Wire, into: Gathering) -> Iterator[ToolCall]:
    logged = wire.get("tool_calls")
    if isinstance(logged, str) and logged:
        into.mended(Repair.JSON_IN_TEXT)
    for entry in decoded(logged) or ():
        call = entry.get("tool_call", entry)
        function = call.get("function", call)
        yield into.call(function.get("name"), function.get("arguments"), call.get("id"))
