"""Pieces that many dialects share: JSON as text, why a model stopped, media by their type, what a transcript adds."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from connector.formats.format import Unusable, decoded
from connector.formats.openai_parts import modality_of
from connector.types import Fate
from rollouts.canonical import fingerprint
from rollouts.types import Media, Message

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "end": "stop",
    "max_tokens": "length",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "tooluse": "tool_calls",
    "function_call": "tool_calls",
    "safety": "content_filter",
    "recitation": "content_filter",
    "blocklist": "content_filter",
    "prohibited_content": "content_filter",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "refusal": "content_filter",
}
_TOKEN = "@@@langfuseMedia:type="  # noqa: S105 - what Langfuse leaves where it moved a file to its media store
_WEB = ("http://", "https://")
_HANDLES = ("gs://", "s3://", "https://generativelanguage.googleapis.com/")
"""Addresses that only their provider can open."""


def wires_of(value: Any) -> list[Mapping[str, Any]]:
    """Return the messages of an input: a list of tables, alone or under `messages`; one table is a list of one."""
    found = decoded(value.get("messages", [value])) if isinstance(value, Mapping) else value
    return found if isinstance(found, list) and all(isinstance(wire, Mapping) for wire in found) else []


def as_json(value: Any) -> str:
    """Return text as it is, and anything else as JSON without spaces; nothing is an empty table."""
    if isinstance(value, str):
        return value
    return json.dumps({} if value is None else value, separators=(",", ":"), ensure_ascii=False)


def finish_reason(said: Any) -> str | None:
    """Return why a model stopped, in OpenAI's words where it has one."""
    if not isinstance(said, str) or not said:
        return None
    word = said.rpartition(".")[2].lower().replace("-", "_")
    return _FINISH.get(word, word)


def unknown_part() -> Unusable:
    """Return what to raise for a part that would be left out unseen."""
    return Unusable(Fate.UNREADABLE, "a content part of an unknown type")


def media(content: Any, mime_type: Any = None) -> Media:
    """Return media given by address, by `data:` address, by value or by handle; `TypeError` if lost."""
    if not isinstance(content, str):
        raise TypeError("media are text in a log")
    head, comma, data = content.partition(",")
    if content.startswith("data:") and comma:
        return media(data, head.removeprefix("data:").partition(";")[0] or mime_type)
    if content.startswith(_TOKEN):
        mime_type = content.removeprefix(_TOKEN).partition("|")[0]
    where: Literal["uri", "blob", "file"] = "uri" if content.startswith((*_WEB, _TOKEN)) else "blob"
    where = "file" if content.startswith(_HANDLES) else where
    shown = mime_type or (mimetypes.guess_type(content)[0] if where == "uri" else None) or ""
    return Media(type=where, modality=modality_of(shown), content=content, mime_type=mime_type or None)


def beyond(said: Iterable[Message], history: Iterable[Message]) -> tuple[Message, ...]:
    """Return what a transcript adds to `history`, which it may repeat from its beginning; system prompts aside."""
    new = [message for message in said if message.role != "system"]
    known = [fingerprint(message) for message in history if message.role != "system"]
    repeats = [fingerprint(message) for message in new[: len(known)]] == known
    return tuple(new[len(known) :] if repeats else new)
