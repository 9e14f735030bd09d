"""What a text holds in base64: words are read, files cannot be. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Final

from connector.redaction.found import Finder, Found, Unmaskable

_BLOB: Final = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{16,}={0,2}")
_FILE: Final = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w=.+-]+)*,[\w+/%=-]{8}", re.IGNORECASE)
_FILE_CHARACTERS: Final = 1024
"""From this length on, base64 that is no text is taken for a file."""


def in_base64(find: Callable[[str], tuple[Found, ...]]) -> Finder:
    """Find base64 whose text holds something that `find` finds; the whole of it stands for that."""

    def search(text: str) -> Iterator[Found]:
        for blob in _BLOB.finditer(text):
            said = _text_of(blob[0])
            if said and (inside := find(said)):
                yield Found(blob.start(), blob.end(), inside[0].label, said)

    return search


def refuse_files(text: str) -> None:
    """Raise `Unmaskable` for a text with a file inside: a data URI, or much base64 that is no text."""
    if "data:" in text and _FILE.search(text):
        raise Unmaskable("a file inside of a text")
    if len(text) >= _FILE_CHARACTERS:
        for blob in _BLOB.finditer(text):
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
