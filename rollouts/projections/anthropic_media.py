"""Media as Anthropic writes them: images and documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rollouts.types import Media

Wire = dict[str, Any]

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_VALUES = {"image": _IMAGES, "document": frozenset({"application/pdf"})}
_USUAL_TYPES = {"image": "image/png", "document": "application/pdf"}
"""For media whose type nobody wrote down."""


def takes(media: Media) -> bool:
    """Tell whether Anthropic can be shown this: a file by handle only where the handle is one of its own."""
    return media_to(media) is not None and (media.type != "file" or media.content.startswith("file_"))


def media_to(media: Media) -> Wire | None:
    """Return the content block, or `None` where Anthropic has no place for it."""
    if media.modality not in _VALUES:
        return None
    source: Wire
    match media.type:
        case "uri":
            source = {"type": "url", "url": media.content}
        case "file":
            source = {"type": "file", "file_id": media.content}
        case "blob":
            kind = media.mime_type or _USUAL_TYPES[media.modality]
            if kind not in _VALUES[media.modality]:
                return None
            source = {"type": "base64", "media_type": kind, "data": media.content}
    return {"type": media.modality, "source": source}


def media_from(block: Mapping[str, Any]) -> Media | None:
    """Read a content block, or `None` if it is none that we know."""
    modality = block["type"]
    if modality not in _VALUES:
        return None
    source = block["source"]
    match source["type"]:
        case "url":
            return Media(type="uri", modality=modality, content=source["url"])
        case "file":
            return Media(type="file", modality=modality, content=source["file_id"])
        case "base64":
            return Media(type="blob", modality=modality, content=source["data"], mime_type=source["media_type"])
        case _:
            return None
