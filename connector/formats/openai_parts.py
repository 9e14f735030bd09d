"""Content parts of the OpenAI family: chat's, the Responses API's, Mistral's; and Langfuse's tokens in any of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from connector.formats.format import Unusable
from connector.types import Fate
from rollouts.projections.openai_media import media_from
from rollouts.types import Media, Part, Reasoning, Text

Modality = Literal["image", "audio", "video", "document"]

_MODALITIES: dict[str, Modality] = {"image": "image", "audio": "audio", "video": "video"}
_TOKEN = re.compile(r"@@@langfuseMedia:type=([^|@]*)\|id=[^@]*@@@")
"""What Langfuse leaves where it moved a file to its media store."""
_TEXTS = ("text", "input_text", "output_text", "summary_text")
_OTHERS = ("refusal", "image_url", "input_image", "input_file", "input_audio", "file", "document_url")
_NOTHING = ("reference", "placeholder")
"""Mistral's citations, and places in a prompt that nobody filled."""


def read_parts(content: Any) -> Iterator[Part]:
    """Read what a message says: text, or a list of parts, bare strings among them. Blank texts say nothing.

    Raises `Unusable` for a part of an unknown type, and what a malformed one raises.
    """
    for wire in [content] if isinstance(content, str | Mapping) else content or ():
        part = _said(wire) if isinstance(wire, str) else None if wire is None else _part(wire)
        if part is not None and not (isinstance(part, Text) and not part.content.strip()):
            yield part


def is_part(value: Any) -> bool:
    """Tell a content part from any other value in a list."""
    return isinstance(value, str) or (isinstance(value, Mapping) and value.get("type") in (*_TEXTS, *_OTHERS))


def _said(text: str) -> Part:
    token = _TOKEN.fullmatch(text.strip())
    return Text(content=text) if token is None else by_token(text.strip(), token[1])


def _part(wire: Mapping[str, Any]) -> Part | None:
    match wire.get("type"):
        case kind if kind in _TEXTS:
            return _said(wire["text"])
        case "refusal":
            return Text(content=wire["refusal"])
        case "thinking":  # Mistral's: a list of texts
            return Reasoning(content="\n".join(inner["text"] for inner in wire["thinking"] if "text" in inner))
        case kind if kind in _NOTHING:
            return None
        case _:
            return _media(wire)


def _media(wire: Mapping[str, Any]) -> Media:
    media = media_from(_as_chat_has_it(wire))
    if media is None:
        raise Unusable(Fate.UNREADABLE, "a content part of an unknown type")
    token = _TOKEN.fullmatch(media.content)
    return media if token is None else by_token(media.content, token[1], media.modality)


def _as_chat_has_it(wire: Mapping[str, Any]) -> Mapping[str, Any]:
    """Spell the parts of others as chat does."""
    match wire.get("type"):
        case "input_image" | "image" if wire.get("image_url"):
            return {"type": "image_url", "image_url": wire["image_url"]}
        case "image" if isinstance(wire.get("image"), str):  # as chat templates have it
            return {"type": "image_url", "image_url": wire["image"]}
        case "input_image" if wire.get("file_id"):
            return {"type": "file", "file": {"file_id": wire["file_id"]}}
        case "input_file":
            data = wire.get("file_data") or wire.get("file_url")
            return {"type": "file", "file": {"file_data": data, "file_id": wire.get("file_id")}}
        case "document_url":
            return {"type": "file", "file": {"file_data": wire["document_url"]}}
        case _:
            return wire


def by_token(token: str, mime_type: str, modality: Any = None) -> Media:
    """Return a file of Langfuse's media store: its token stands for its address until someone needs the file."""
    return Media(type="uri", modality=modality or modality_of(mime_type), content=token, mime_type=mime_type or None)


def modality_of(mime_type: str) -> Modality:
    """Return what kind of media a MIME type is; what is no image, sound or film is a document."""
    return _MODALITIES.get(mime_type.partition("/")[0], "document")
