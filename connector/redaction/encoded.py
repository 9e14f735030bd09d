"""What a text holds in base64: words are read, files cannot be. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from connector.redaction.found import Found, Unmaskable

_BLOB: Final = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{16,}={0,2}")
_FILE: Final = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w=.+-]+)*,[\w+/%=-]{8}", re.IGNORECASE)
_FILE_CHARACTERS: Final = 1024
"""From this length on, base64 that is no text is taken for a file."""


def blobs(text: str) -> list[re.Match[str]]:
    """Return every run of letters that may be base64."""
    return list(_BLOB.finditer(text))


def in_base64(found: Iterable[re.Match[str]], find: Callable[[str], tuple[Found, ...]]) -> Iterator[Found]:
    """Yield those `blobs` whose text holds something that `find` finds; the whole of each stands for that."""
    for blob in found:
        said = _text_of(blob[0])
        if said and (inside := find(said)):
            yield Found(blob.start(), blob.end(), inside[0].label, said)


def refuse_files(text: str, found: Iterable[re.Match[str]]) -> None:
    """Raise `Unmaskable` for a text with a file inside: a data URI, or among its `blobs` much that is no text."""
    if "data:" in text and _FILE.search(text):
        raise Unmaskable("a file inside of a text")
    for blob in found:
        if len(blob[0]) >= _FILE_CHARACTERS and _mixed(blob[0]) and _text_of(blob[0]) is None:
            raise Unmaskable("a file inside of a text")


def _mixed(blob: str) -> bool:
    head = blob[:200]
    return any(map(str.isupper, head)) and any(map(str.islower, head)) and any(map(str.isdigit, head))


def _text_of(blob: str) -> str | None:
    plain = blob.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    try:
        said = base64.b64decode(plain + "=" * (-len(plain) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return said if all(letter.isprintable() or letter.isspace() for letter in said) else None
