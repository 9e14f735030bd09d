"""What stands beside a question and cannot be put into words for a challenger: whether the model was told it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LEFT_OUT = "other keys of its input hold what the model was also told"

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
# fmt: off
_TOLD = {
    "article", "articles", "attachment", "attachments", "background", "chunk", "chunks", "context", "contexts",
    "conversation", "dialog", "dialogue", "doc", "docs", "document", "documents", "evidence", "excerpts", "facts",
    "file", "files", "history", "image", "images", "knowledge", "memories", "memory", "messages", "passage",
    "passages", "references", "results", "retrieved", "snippets", "sources", "transcript",
}
_CARRIERS = {"base64", "block", "content", "contents", "data", "json", "list", "str", "string", "text", "texts", "url"}
# fmt: on
"""Words that say how something is held, not what: `context_text`, `image_url`."""


def left_out(body: Mapping[str, Any], known: set[str], said: tuple[str, ...]) -> dict[str, Any]:
    """Return what of `body` is neither `known` nor empty, nor repeated in what is `said`."""
    rest = {key: value for key, value in body.items() if key not in known and value not in (None, "", [], {})}
    return {key: value for key, value in rest.items() if not _is_repeated(value, said)}


def is_told(key: str, value: Any) -> bool:
    """Tell documents, histories and files from an application's own figures, names and settings."""
    words = [word.lower() for word in _WORDS.findall(key)]
    while len(words) > 1 and words[-1] in _CARRIERS:
        words.pop()
    return isinstance(value, str | list | Mapping) and ("retrieved" in words or (words or [""])[-1] in _TOLD)


def _is_repeated(value: Any, said: tuple[str, ...]) -> bool:
    return isinstance(value, str) and any(value.strip() in text for text in said)
