"""The parts of OpenTelemetry's GenAI messages, as the conventions, PydanticAI and Microsoft's frameworks write them.

The conventions say `response` where PydanticAI says `result`; .NET adds types of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.formats.format import Unusable, decoded
from connector.formats.gathering import Gathering, role_of
from connector.formats.repairs import Repair
from connector.types import Fate
from rollouts.projections.openai_chat import from_openai
from rollouts.types import Media, Message, Part, Reasoning, Text

Wire = Mapping[str, Any]

_MODALITIES = ("image", "audio", "video", "document")
_THOUGHTS = ("reasoning", "thinking", "redacted_thinking")
_RAN = ("server_tool_call", "server_tool_call_response", "builtin_tool_call", "builtin_tool_return")


def has_parts(message: Any) -> bool:
    """Tell whether a message holds typed parts; Gemini's have no type."""
    parts = message.get("parts") if isinstance(message, Mapping) else None
    return (
        isinstance(parts, list) and bool(parts) and all(isinstance(p, Mapping) and _type(p) is not None for p in parts)
    )


def read_message(wire: Wire, into: Gathering) -> Iterator[Message]:
    """Read one message; what the server put in front of the parts, and AI SDK 7, have `content` instead."""
    role = role_of(wire.get("role"))
    if "parts" in wire:
        yield from into.messages(role, read_parts(wire["parts"], into))
    elif isinstance(blocks := decoded(wire.get("content")), list) and all(_is_text(block) for block in blocks):
        yield from into.messages(role, read_parts(blocks, into))
    elif role == "tool":
        yield from into.messages(role, [into.result(wire.get("content"), wire.get("tool_call_id"), wire.get("name"))])
    else:
        read = from_openai({**wire, "role": role})
        calls = [into.call(call.name, call.arguments, call.id) for call in read.tool_calls]
        yield from into.messages(role, [*(p for p in read.parts if p.type != "tool_call"), *calls])


def read_parts(wires: Any, into: Gathering) -> Iterator[Part]:
    """Read parts in order. Raises `Unusable` for one of an unknown type, and where contents were not logged."""
    for wire in wires:
        part = read_part(wire, into)
        if part is not None:
            yield part


def read_part(wire: Wire, into: Gathering) -> Part | None:
    """Read one part; `None` for what has no place in a message: an empty thought, a tool that the provider ran."""
    kind = _type(wire) or ""
    if kind in _RAN or wire.get("builtin") is True:
        into.mended(Repair.PROVIDER_TOOLS)
        return None
    if kind == "text":
        return Text(content=_contents(wire, "content", "text"))
    if kind == "tool_call":
        return into.call(wire.get("name"), wire.get("arguments"), wire.get("id"))
    if kind == "tool_call_response":
        return into.result(_response(wire), wire.get("id"), wire.get("name"))
    if kind in _THOUGHTS or kind.endswith("ReasoningContent"):
        return _reasoning(wire)
    return read_media(kind, wire)


def _type(wire: Wire) -> str | None:
    kind = wire.get("type", wire.get("kind"))
    return kind if isinstance(kind, str) else None


def _is_text(block: Any) -> bool:
    return isinstance(block, Mapping) and block.get("type") == "text"


def _contents(wire: Wire, *keys: str) -> str:
    said = next((wire[key] for key in keys if wire.get(key) is not None), None)
    if not isinstance(said, str):
        raise Unusable(Fate.UNREADABLE, "logged without its contents")
    return said


def _response(wire: Wire) -> Any:
    if "result" not in wire and "response" not in wire:
        raise Unusable(Fate.UNREADABLE, "logged without its contents")
    return wire.get("result", wire.get("response"))


def _reasoning(wire: Wire) -> Reasoning | None:
    said = wire.get("content")
    said = said.get("text") if isinstance(said, Mapping) else said
    signature = wire.get("signature")
    if not isinstance(said, str) or not said:
        return None
    return Reasoning(content=said, signature=signature if isinstance(signature, str) else None)


def read_media(kind: str, wire: Wire) -> Media:
    """Read `uri`, `blob` and `file`, or PydanticAI's older `image-url` and `binary`. Raises `Unusable` for others."""
    mime = wire.get("mime_type") or wire.get("media_type")
    modality: Any = wire.get("modality") or kind.removesuffix("-url") if kind.endswith("-url") else wire.get("modality")
    if modality not in _MODALITIES:
        family = str(mime).partition("/")[0]
        modality = family if family in _MODALITIES else "document"
    match kind:
        case "uri" | "image-url" | "audio-url" | "video-url" | "document-url":
            return Media(type="uri", modality=modality, content=_contents(wire, "uri", "url"), mime_type=mime)
        case "blob" | "binary":
            return Media(type="blob", modality=modality, content=_contents(wire, "content", "data"), mime_type=mime)
        case "file":
            return Media(type="file", modality=modality, content=_contents(wire, "file_id"), mime_type=mime)
        case _:
            raise Unusable(Fate.UNREADABLE, "a content part of an unknown type")
