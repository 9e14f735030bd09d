"""Parts as they can be sent to anybody: data addresses taken apart, types of images seen, nothing unresolved."""

from __future__ import annotations

import binascii
import operator
from collections.abc import Iterator, Sequence
from typing import Any

from rollouts.errors import Permanent
from rollouts.types import Media, Message, Part, Text, ToolCall, ToolResult
from rollouts.whole import without_halves

TOKEN = "@@@langfuseMedia:"  # noqa: S105 - what Langfuse writes in place of a file that it moved to its media store
_MAGIC = {
    "/9j/": "image/jpeg",
    "iVBORw0KGgo": "image/png",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "JVBERi0": "application/pdf",
}
"""How the base64 text of a file begins. Both providers refuse an image under another type's name."""
_MODALITIES = {"image": "image", "audio": "audio", "video": "video", "application": "document", "text": "document"}
_URL_SAFE = str.maketrans("-_", "+/", "\r\n ")
_SAID = {Text: "content", ToolCall: "arguments", ToolResult: "response"}


def plain(messages: Sequence[Message]) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Return the messages in plain form, and what was lost. Raises `Permanent` for what is not at hand."""
    losses: list[str] = []
    return tuple(_message(message, losses) for message in messages), tuple(dict.fromkeys(losses))


def media_of(messages: Sequence[Message]) -> Iterator[tuple[str, Media]]:
    """Yield every image, sound or document that somebody said or a tool answered, and the role that did."""
    for message in messages:
        for part in message.parts:
            if isinstance(part, Media):
                yield message.role, part
            elif isinstance(part, ToolResult):
                yield from (("tool", media) for media in part.media)


def _message(message: Message, losses: list[str]) -> Message:
    parts = [_part(part, losses) for part in message.parts]
    if all(map(operator.is_, parts, message.parts)):
        return message
    return message.model_copy(update={"parts": tuple(parts)})


def _part(part: Part, losses: list[str]) -> Part:
    if isinstance(part, Media):
        return _media(part)
    if (field := _SAID.get(type(part))) is None:
        return part
    said = getattr(part, field)
    whole = _whole(said, losses)
    changed: dict[str, Any] = {} if whole is said else {field: whole}
    if isinstance(part, ToolResult) and part.media:
        changed["media"] = tuple(_media(media) for media in part.media)
    return part.model_copy(update=changed) if changed else part


def _whole(said: str, losses: list[str]) -> str:
    """Refuse what stands for a file; replace halves of characters, which no JSON may hold."""
    if TOKEN in said:
        raise Permanent("unreplayable: media that Langfuse took out of the log")
    if said.isascii():
        return said
    try:
        said.encode()
    except UnicodeEncodeError:
        losses.append("halves of broken characters")
        return without_halves(said)
    return said


def _media(media: Media) -> Media:
    """By address only on the web; by value in base64 with the type that it really has."""
    if TOKEN in media.content:
        raise Permanent("unreplayable: media that Langfuse took out of the log")
    head, comma, data = media.content.partition(",")
    if media.type != "file" and head.startswith("data:") and comma:
        kind = head.removeprefix("data:").partition(";")[0] or media.mime_type
        return _valued(media.model_copy(update={"type": "blob", "content": data, "mime_type": kind}))
    if media.type == "blob":
        return _valued(media)
    scheme = media.content.partition(":")[0].lower()
    if media.type == "uri" and scheme not in {"http", "https"}:
        raise Permanent(f"unreplayable: a model cannot fetch {media.modality} from {scheme[:20] or 'nowhere'!r}")
    return media


def _valued(media: Media) -> Media:
    content = _base64(media)
    seen = next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), None)
    sound = media.modality in {"audio", "video"}  # RIFF is an image as WebP, and a sound as WAV
    kind = media.mime_type if sound or not seen else seen
    kind = kind and {"image/jpg": "image/jpeg"}.get(kind.lower(), kind.lower())
    modality = _MODALITIES.get((kind or "").partition("/")[0], media.modality)
    changed = {"content": content, "mime_type": kind, "modality": modality}
    return media if media.model_copy(update=changed) == media else media.model_copy(update=changed)


def _base64(media: Media) -> str:
    """Google's SDK logs the alphabet for addresses, and some leave the padding out."""
    content = media.content
    for text in (content, content.translate(_URL_SAFE)):
        padded = text if text.endswith("=") else text + "=" * (-len(text) % 4)
        try:
            binascii.a2b_base64(padded, strict_mode=True)
        except ValueError:
            continue
        if padded:
            return content if padded == content else padded
    raise Permanent(f"unreplayable: {media.modality} whose content was not logged")
