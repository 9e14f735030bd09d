"""Content blocks of many hands: typed as Anthropic's and OpenAI's, or told by their key as Bedrock's and Genkit's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connector.formats.anthropic_blocks import runs_at_its_provider
from connector.formats.format import Unusable, decoded
from connector.formats.gathering import Gathering
from connector.formats.pieces import as_json, media
from connector.formats.repairs import Repair
from connector.formats.semconv_parts import read_media
from connector.types import Fate
from rollouts.projections import anthropic_media, openai_media
from rollouts.types import Part, Reasoning, Text

Wire = Mapping[str, Any]


def read_blocks(content: Any, into: Gathering) -> Iterator[Part]:
    """Read what a message says: text, one block, or a list of both. Raises `Unusable` for an unknown block."""
    for block in content if isinstance(content, list) else [content]:
        part = Text(content=block) if isinstance(block, str) else block and _read(block, into)
        if part:
            yield part


def blocks_in_text(content: Any) -> list[Wire] | None:
    """Return the blocks that text holds as JSON, or `None` where it is anything else."""
    found = decoded(content) if isinstance(content, str) else None
    return found if isinstance(found, list) and found and all(map(is_block, found)) else None


def is_block(value: Any) -> bool:
    """Tell a content block from any other table."""
    return isinstance(value, Mapping) and _kind(value) is not None


def _kind(block: Wire) -> str | None:
    kind = block.get("type", block.get("kind"))
    if isinstance(kind, str):
        return kind if kind in _TYPED or runs_at_its_provider(kind) else None
    return next((key for key in _UNTYPED if key in block), None)


def _read(block: Wire, into: Gathering) -> Part | None:
    kind = _kind(block)
    if kind is None:
        raise Unusable(Fate.UNREADABLE, "a content part of an unknown type")
    if runs_at_its_provider(kind):
        into.mended(Repair.PROVIDER_TOOLS)
        return None
    return (_TYPED if block.keys() & {"type", "kind"} else _UNTYPED)[kind](block, into)


def _text(block: Wire, _: Gathering) -> Part:
    said = block["text"]
    return Text(content=as_json(said))  # Genkit has a table here when it asked for JSON


def _thinking(block: Wire, _: Gathering) -> Part | None:
    said = block.get("thinking", block.get("text"))
    signature = block.get("signature") or block.get("thinkingSignature")
    return Reasoning(content=said, signature=signature) if said else None


def _nothing(_: Wire, __: Gathering) -> Part | None:
    return None


def _image(block: Wire, into: Gathering) -> Part | None:
    """Anthropic's have a `source`, Bedrock's a `format` too, pi's their data at once, OpenInference's an address."""
    inner = block.get("image")
    if isinstance(inner, Mapping):
        source = inner.get("image", inner)
        return media(source.get("url") or source["source"]["bytes"], f"image/{inner.get('format', 'png')}")
    if "source" not in block:
        return media(block["data"], block["mimeType"])
    return anthropic_media.media_from(block) or _unknown(block, into)


def _older_media(block: Wire, _: Gathering) -> Part:
    """PydanticAI's first version had a `kind` and not a type."""
    return read_media(block.get("kind", block.get("type")), block)


def _chat_media(block: Wire, into: Gathering) -> Part:
    return openai_media.media_from(block) or _unknown(block, into)


def _unknown(_: Wire, __: Gathering) -> Part:
    raise Unusable(Fate.UNREADABLE, "media of an unknown form")


def _tool_use(block: Wire, into: Gathering) -> Part:
    return into.call(block["name"], block.get("input", block.get("arguments")), block.get("id"))


def _tool_result(block: Wire, into: Gathering) -> Part:
    return into.result(block.get("content"), block.get("tool_use_id"), is_error=block.get("is_error") or None)


def _bedrock_call(block: Wire, into: Gathering) -> Part:
    call = block["toolUse"]
    return into.call(call["name"], call.get("input"), call.get("toolUseId"))


def _bedrock_result(block: Wire, into: Gathering) -> Part:
    result = block["toolResult"]
    said = [{"text": as_json(inner["json"])} if "json" in inner else inner for inner in result.get("content") or ()]
    return into.result(said, result.get("toolUseId"), is_error=result.get("status") == "error" or None)


def _bedrock_reasoning(block: Wire, _: Gathering) -> Part | None:
    said = block["reasoningContent"].get("reasoningText", {})
    return Reasoning(content=said["text"], signature=said.get("signature")) if said.get("text") else None


def _genkit_call(block: Wire, into: Gathering) -> Part:
    call = block["toolRequest"]
    return into.call(call["name"], call.get("input"), call.get("ref"))


def _genkit_result(block: Wire, into: Gathering) -> Part:
    result = block["toolResponse"]
    return into.result(result.get("output"), result.get("ref"), result.get("name"))


def _genkit_media(block: Wire, _: Gathering) -> Part:
    return media(block["media"]["url"], block["media"].get("contentType"))


def _genkit_reasoning(block: Wire, _: Gathering) -> Part | None:
    return Reasoning(content=block["reasoning"]) if block["reasoning"] else None


def _wrapped(block: Wire, into: Gathering) -> Part | None:
    return _read(block["message_content"], into)


_Reader = Callable[[Wire, Gathering], Part | None]
_TYPED: dict[str, _Reader] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "thinking": _thinking,
    "reasoning": _thinking,
    "redacted_thinking": _nothing,
    "tool_use": _tool_use,
    "toolCall": _tool_use,
    "tool_result": _tool_result,
    "image": _image,
    "document": _image,
    "image_url": _chat_media,
    "input_audio": _chat_media,
    "file": _chat_media,
    "image-url": _older_media,
    "audio-url": _older_media,
    "video-url": _older_media,
    "document-url": _older_media,
    "binary": _older_media,
}
_UNTYPED: dict[str, _Reader] = {
    "toolUse": _bedrock_call,
    "toolResult": _bedrock_result,
    "reasoningContent": _bedrock_reasoning,
    "toolRequest": _genkit_call,
    "toolResponse": _genkit_result,
    "media": _genkit_media,
    "message_content": _wrapped,
    "image": _image,
    "reasoning": _genkit_reasoning,
    "cachePoint": _nothing,
    "text": _text,
}
