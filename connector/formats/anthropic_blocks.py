"""Content blocks as Anthropic defined them; LangChain and others write them too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connector.formats.gathering import Gathering
from connector.formats.pieces import media, unknown_part
from connector.formats.repairs import Repair
from rollouts.types import Media, Part, Reasoning, Text, ToolResult

Wire = Mapping[str, Any]

BLOCKS = frozenset({"tool_use", "tool_result", "thinking", "redacted_thinking", "server_tool_use", "mcp_tool_use"})
"""Types that nobody else has."""


def blocks(content: Any) -> Iterator[Wire]:
    """Yield the blocks of a message's content, which may be text or blocks among bare strings."""
    for block in [content] if isinstance(content, str | Mapping) else content or ():
        yield {"type": "text", "text": block} if isinstance(block, str) else block


def read_blocks(content: Any, into: Gathering) -> Iterator[Part]:
    """Read a message's content. Raises `Unusable` for a block that would be left out unseen."""
    for block in blocks(content):
        part = read_block(block, into)
        if part is not None:
            yield part


def read_block(block: Wire, into: Gathering) -> Part | None:
    """Read one block; `None` for what its provider ran. Raises `Unusable`, or what a malformed one raises."""
    kind = block["type"]
    if runs_at_its_provider(kind):
        into.mended(Repair.PROVIDER_TOOLS)
        return None
    if kind not in _READERS:
        raise unknown_part()
    return _READERS[kind](block, into)


def runs_at_its_provider(kind: str) -> bool:
    """Tell the calls of tools that Anthropic runs, and their results."""
    return kind.startswith(("server_tool", "mcp_tool_")) or (kind.endswith("_tool_result") and kind != "tool_result")


def _text(block: Wire, _: Gathering) -> Part:
    return Text(content=block["text"])


def _call(block: Wire, into: Gathering) -> Part:
    return into.call(block["name"], block.get("input") or {}, block.get("id"))


def _thought(block: Wire, _: Gathering) -> Part:
    return Reasoning(content=block["thinking"], signature=block.get("signature"))


def _redacted(block: Wire, _: Gathering) -> Part:
    return Reasoning(content="", signature=block.get("data"))


def _found(block: Wire, _: Gathering) -> Part:
    return Text(content="\n".join((block["title"], *(part["text"] for part in block["content"]))))


def _shown(block: Wire, _: Gathering) -> Part:
    """Read an image or a document; one that holds nothing but text is text."""
    source, modality = block["source"], block["type"]
    match source["type"]:
        case "url":
            return media(source["url"]).model_copy(update={"modality": modality})
        case "file":
            return Media(type="file", modality=modality, content=source["file_id"])
        case "base64":
            found = media(source["data"], source.get("media_type"))
            return found.model_copy(update={"modality": modality, "mime_type": source.get("media_type")})
        case "text":
            return Text(content=source["data"])
        case "content":
            return Text(content="\n".join(part["text"] for part in blocks(source["content"])))
        case _:
            raise unknown_part()


def _result(block: Wire, into: Gathering) -> ToolResult:
    inner = [read_block(part, Gathering()) for part in blocks(block.get("content"))]
    said = "\n".join(part.content for part in inner if isinstance(part, Text))
    result = into.result(said, block.get("tool_use_id"), is_error=block.get("is_error"))
    return result.model_copy(update={"media": tuple(part for part in inner if isinstance(part, Media))})


_READERS: dict[str, Callable[[Wire, Gathering], Part]] = {
    "text": _text,
    "tool_use": _call,
    "tool_result": _result,
    "thinking": _thought,
    "redacted_thinking": _redacted,
    "image": _shown,
    "document": _shown,
    "search_result": _found,
}
