"""Media as OpenAI chat writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollouts.types import Media

Wire = dict[str, Any]

_SOUNDS = {"audio/wav": "wav", "audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav", "audio/mp3": "mp3"}
_SOUND_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_USUAL_TYPES = {"image": "image/png", "document": "application/pdf"}
"""For media whose type nobody wrote down."""
_IMAGES = frozenset({None, "image/png", "image/jpeg", "image/webp", "image/gif"})
_DOCUMENTS = frozenset({None, "application/pdf"})


def takes(media: Media) -> bool:
    """Tell whether OpenAI can be shown this: a file by handle only where the handle is one of its own."""
    match media.modality, media.type:
        case "image", "blob":
            return media.mime_type in _IMAGES
        case "document", "blob":
            return media.mime_type in _DOCUMENTS
        case _, "file":
            return media.content.startswith("file-") and media_to(media) is not None
        case _:
            return media_to(media) is not None


def media_to(media: Media) -> Wire | None:
    """Return the content part, or `None` where chat has no place for it."""
    match media.modality, media.type:
        case "image", "uri":
            return {"type": "image_url", "image_url": {"url": media.content}}
        case "image", "blob":
            return {"type": "image_url", "image_url": {"url": _data_url(media)}}
        case "audio", "blob" if media.mime_type in _SOUNDS:
            sound = {"data": media.content, "format": _SOUNDS[media.mime_type]}
            return {"type": "input_audio", "input_audio": sound}
        case "document", "blob":
            return {"type": "file", "file": {"filename": "document", "file_data": _data_url(media)}}
        case "image" | "document", "file":
            return {"type": "file", "file": {"file_id": media.content}}
        case _:
            return None


def media_from(wire: Mapping[str, Any]) -> Media | None:
    """Read a content part, or `None` if it is none that we know."""
    match wire.get("type"):
        case "image_url":
            image = wire["image_url"]
            return _by_url("image", image if isinstance(image, str) else image["url"])
        case "input_audio":
            sound = wire["input_audio"]
            kind = _SOUND_TYPES.get(sound["format"], f"audio/{sound['format']}")
            return Media(type="blob", modality="audio", content=sound["data"], mime_type=kind)
        case "file":
            file = wire["file"]
            if file.get("file_data"):
                return _by_url("document", file["file_data"])
            return Media(type="file", modality="document", content=file["file_id"])
        case _:
            return None


def _data_url(media: Media) -> str:
    return f"data:{media.mime_type or _USUAL_TYPES[media.modality]};base64,{media.content}"


def _by_url(modality: Any, url: str) -> Media:
    head, comma, data = url.partition(",")
    if head.startswith("data:") and comma and head.endswith(";base64"):
        kind = head.removeprefix("data:").removesuffix(";base64")
        return Media(type="blob", modality=modality, content=data, mime_type=kind or None)
    return Media(type="uri", modality=modality, content=url)
