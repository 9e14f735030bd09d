"""Items of the OpenAI Responses API → messages: what one response consists of is one assistant message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connector.formats.format import Unusable
from connector.formats.openai_messages import ChatReader, read_result
from connector.formats.openai_parts import read_parts
from connector.formats.repairs import Repair
from connector.types import Fate
from rollouts.types import Message, Part, Reasoning, Text, ToolResult

Wire = Mapping[str, Any]

CALLS = ("function_call", "custom_tool_call")
RESULTS = ("function_call_output", "custom_tool_call_output")
_RUN_BY_THE_PROVIDER = (
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_call",
    "mcp_list_tools",
    "mcp_approval_request",
    "mcp_approval_response",
)
_KEPT_BY_THE_PROVIDER = ("item_reference", "compaction")
_ELSEWHERE = ("computer_call", "local_shell_call", "shell_call", "apply_patch_call")


def is_item(value: Any) -> bool:
    """Tell an item of the Responses API from messages of other forms."""
    if not isinstance(value, Mapping):
        return False
    kind = value.get("type")
    if kind == "message" or (kind is None and "role" in value):
        return _has_typed_parts(value)
    if kind == "reasoning":
        return isinstance(value.get("summary"), list) or "encrypted_content" in value
    known = (*CALLS, *RESULTS, *_RUN_BY_THE_PROVIDER, *_ELSEWHERE)
    return isinstance(kind, str) and (
        kind in known or kind.removesuffix("_output") in _ELSEWHERE or kind in _KEPT_BY_THE_PROVIDER
    )


def _has_typed_parts(value: Wire) -> bool:
    """Anthropic's answers are of type `message` too; only the parts tell."""
    content = value.get("content")
    blocks = content if isinstance(content, list) else []
    return any(
        isinstance(b, Mapping) and str(b.get("type")).startswith(("input_text", "input_image", "input_file", "output_"))
        for b in blocks
    ) or (value.get("type") == "message" and isinstance(content, str))


def read_items(items: Iterable[Wire], reader: ChatReader) -> Iterator[Message]:
    """Yield messages. Reasoning, calls and words of the assistant that follow each other are pieces of one response.

    Two messages are two turns. Raises `Unusable`, or what a broken structure raises.
    """
    response = list[Part]()
    for item in items:
        message = _whole(item, reader)
        if response and (message is not None or _starts_anew(item, response)):
            yield Message(role="assistant", parts=tuple(response))
            response = []
        if message is not None:
            yield message
        else:
            response += _pieces(item, reader)
    if response:
        yield Message(role="assistant", parts=tuple(response))


def read_response(items: Iterable[Wire], reader: ChatReader) -> Message | None:
    """Read the items of one response, which are one message; `None` where they say nothing."""
    parts = tuple(part for item in items for part in _pieces(item, reader))
    return Message(role="assistant", parts=parts) if parts else None


def _whole(item: Wire, reader: ChatReader) -> Message | None:
    """Return a message that stands for itself: all but the assistant's, and whatever is written as chat has it."""
    kind, role = item.get("type"), item.get("role")
    if kind in RESULTS:
        return Message(role="tool", parts=(_result(item, reader),))
    if kind in (None, "message") and (role != "assistant" or item.get("tool_calls") or item.get("function_call")):
        return reader.message(item)
    return None


def _starts_anew(item: Wire, response: list[Part]) -> bool:
    return item.get("role") == "assistant" and any(isinstance(part, Text) for part in response)


def _pieces(item: Wire, reader: ChatReader) -> Iterator[Part]:
    kind = item.get("type")
    if kind in (None, "message"):
        yield from read_parts(item["content"])
    elif kind == "reasoning":
        yield _reasoning(item)
    elif kind in CALLS:
        yield reader.call(item["name"], item.get("arguments", item.get("input")), item.get("call_id") or item.get("id"))
    elif kind in _RUN_BY_THE_PROVIDER:
        reader.mended(Repair.PROVIDER_TOOLS)
    else:
        raise _unknown(str(kind))


def _unknown(kind: str) -> Unusable:
    if kind in _KEPT_BY_THE_PROVIDER:
        return Unusable(Fate.UNREADABLE, "a part of its history is with its provider")
    if kind.removesuffix("_output") in _ELSEWHERE:
        return Unusable(Fate.UNREPLAYABLE, "it uses tools that only its provider offers")
    return Unusable(Fate.UNREADABLE, "an item of an unknown type")


def _reasoning(item: Wire) -> Reasoning:
    shown = [*(item.get("summary") or ()), *(item.get("content") or ())]
    return Reasoning(content="\n".join(part["text"] for part in shown), signature=item.get("encrypted_content"))


def _result(item: Wire, reader: ChatReader) -> ToolResult:
    said, shown = read_result(item.get("output"))
    return reader.result(said, item.get("call_id")).model_copy(update={"media": shown})
