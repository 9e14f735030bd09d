"""Content blocks as Anthropic defined them; LangChain and others write them too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.formats.format import Unusable
from connector.formats.gathering import Gathering
from connector.formats.pieces import media, unknown_part
from connector.types import Fate
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
        yield read_block(block, into)


def read_block(block: Wire, into: Gathering) -> Part:
    """Read one block. Raises `Unusable`, or what a malformed one raises."""
    kind = block["type"]
    match kind:
        case "text":
            return Text(content=block["text"])
        case "tool_use":
            return into.call(block["name"], block.get("input") or {}, block.get("id"))
        case "tool_result":
            return _result(block, into)
        case "thinking":
            return Reasoning(content=block["thinking"], signature=block.get("signature"))
        case "redacted_thinking":
            return Reasoning(content="", signature=block.get("data"))
        case "image" | "document":
            return _shown(block)
        case _ if kind.startswith(("server_", "mcp_tool_")) or kind.endswith("_tool_result"):
            raise Unusable(Fate.UNREPLAYABLE, "it uses tools that only its provider runs")
        case _:
            raise unknown_part()


def _shown(block: Wire) -> Media | Text:
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
        case _:
            raise unknown_part()


def _result(block: Wire, into: Gathering) -> ToolResult:
    inner = [read_block(part, Gathering()) for part in blocks(block.get("content"))]
    said = "\n".join(part.content for part in inner if isinstance(part, Text))
    result = into.result(said, block.get("tool_use_id"), is_error=block.get("is_error"))
    return result.model_copy(update={"media": tuple(part for part in inner if isinstance(part, Media))})
