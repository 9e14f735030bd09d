"""The content of LangChain's messages: blocks of OpenAI, Anthropic and Google, and LangChain's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.formats.anthropic_blocks import read_block, runs_at_its_provider
from connector.formats.gathering import Gathering
from connector.formats.openai_parts import read_parts
from connector.formats.pieces import media
from connector.formats.repairs import Repair
from rollouts.types import Media, Part, Reasoning, Text

Wire = Mapping[str, Any]

_CALLS = ("tool_use", "tool_call", "function_call")
_PIECES = ("input_json_delta", "tool_call_chunk", "invalid_tool_call", "non_standard")
"""What is left of a stream, or repeated in a field of its own."""
_OF_GOOGLE = ("executable_code", "code_execution_result")


def is_call(block: Any) -> bool:
    """Tell a call among the content's blocks."""
    return isinstance(block, Mapping) and block.get("type") in _CALLS


def read_content(content: Any, into: Gathering) -> Iterator[Part]:
    """Read text or blocks, calls apart. Raises `Unusable` for a block that would be left out unseen."""
    for block in [content] if isinstance(content, str | Mapping) else content or ():
        if isinstance(block, str):
            yield from read_parts(block)
        elif not is_call(block) and block.get("type") not in _PIECES:
            yield from _read(block, into)


def _read(block: Wire, into: Gathering) -> Iterator[Part]:
    kind = str(block.get("type"))
    if kind in _OF_GOOGLE or runs_at_its_provider(kind):
        into.mended(Repair.PROVIDER_TOOLS)
    elif kind in ("thinking", "reasoning", "reasoning_content"):
        yield from _reasoning(block)
    elif kind in ("tool_result", "redacted_thinking") or isinstance(block.get("source"), Mapping):
        part = read_block(block, into)
        yield from () if part is None else (part,)
    elif kind in ("image", "audio", "video", "file", "media") and (content := _content(block)) is not None:
        yield _media(kind, content, block)
    elif kind == "text-plain":
        yield Text(content=block["text"])
    else:
        yield from read_parts([block])


def _content(block: Wire) -> Any:
    """LangChain's own media, of both versions, and Google's."""
    return next((block[key] for key in ("url", "base64", "data", "file_uri") if block.get(key)), None)


def _media(kind: str, content: Any, block: Wire) -> Media:
    found = media(content, block.get("mime_type"))
    return found.model_copy(update={"modality": kind}) if kind in ("image", "audio", "video") else found


def _reasoning(block: Wire) -> Iterator[Reasoning]:
    """Anthropic's, LangChain's own, the Responses API's summary, and Bedrock's."""
    said = block.get("thinking", block.get("reasoning", block.get("text", block.get("reasoning_content"))))
    said = said.get("text") if isinstance(said, Mapping) else said
    pieces = [piece["text"] for piece in block.get("summary") or () if isinstance(piece, Mapping) and piece.get("text")]
    signature = block.get("signature")
    if said or pieces:
        yield Reasoning(content=said or "\n".join(pieces), signature=signature if isinstance(signature, str) else None)
