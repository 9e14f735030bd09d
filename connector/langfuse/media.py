"""Files that Langfuse keeps apart from its traces, fetched when a replay needs them.

A trace holds a token in place of each file. For its id Langfuse tells a signed link into its file store. The link is a
permission by itself: no key of ours goes along with it, and no error shows it.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections import OrderedDict
from typing import Any, NamedTuple
from urllib.parse import quote
from weakref import WeakValueDictionary

import httpx
import stamina

from connector.langfuse.client import Client, NotHere, worth_waiting
from rollouts.errors import Permanent, Retryable
from rollouts.types import Media

MOST_BYTES = 20 * 1024 * 1024
"""Of one file. Anthropic's requests end at 32 MB, and base64 makes four bytes of three."""
KEPT_CHARACTERS = 64 * 1024 * 1024
"""Of base64 held in memory for those who ask next: the other challengers, and the next turn of the conversation."""
AT_ONCE = 4
"""Files on their way at a time, because each of them is in memory twice."""

_TOKEN = re.compile(r"@@@langfuseMedia:type=(?P<kind>[^|@]*)\|id=(?P<id>[^|@]+)(\|source=[^|@]*)?@@@")
_ANYTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""Types by which a file store says that it does not know."""
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_REACH_HINT = "the address of Langfuse's file store (LANGFUSE_S3_MEDIA_UPLOAD_ENDPOINT) must be reachable from here"


class File(NamedTuple):
    """What a token stands for."""

    content: str
    """As base64."""
    mime_type: str


class _Link(NamedTuple):
    url: httpx.URL
    mime_type: str

    @property
    def store(self) -> str:
        """All of the link that an error may show."""
        return f"the file store of Langfuse at {self.url.host}"


class Files:
    """Files by id: each is fetched once for all who ask while it is held."""

    def __init__(self, client: Client, *, most_bytes: int = MOST_BYTES, kept: int = KEPT_CHARACTERS) -> None:
        self._client, self._most_bytes, self._most_kept = client, most_bytes, kept
        self._kept: OrderedDict[str, File] = OrderedDict()
        self._fetching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def by_value(self, media: Media) -> Media:
        """Return `media`, of which the log holds a token, by value.

        Raises `Permanent` ("unreplayable: …") for what is gone, too large or of another type, `Retryable` for what
        passes, and `Fatal` for refused keys.
        """
        token = _TOKEN.fullmatch(media.content.strip())
        if token is None:
            raise Permanent("unreplayable: media behind a token that nobody can read")
        async with self._fetching.setdefault(token["id"], asyncio.Lock()):
            file = self._kept.get(token["id"]) or await self._fetch(token["id"])
            self._keep(token["id"], file)
        _check_type(file.mime_type, token["kind"])
        return media.model_copy(update={"type": "blob", "content": file.content, "mime_type": file.mime_type})

    def _keep(self, media_id: str, file: File) -> None:
        """Hold a file, and let go of those that nobody asked for in the longest time."""
        self._kept[media_id] = file
        self._kept.move_to_end(media_id)
        while self._kept and sum(len(each.content) for each in self._kept.values()) > self._most_kept:
            self._kept.popitem(last=False)

    async def _fetch(self, media_id: str) -> File:
        async with self._slots:
            try:
                row = await self._client.get(f"/api/public/media/{quote(media_id, safe='')}")
            except NotHere:
                raise Permanent("unreplayable: media that Langfuse no longer has") from None
            link = self._link(row)
            async for attempt in stamina.retry_context(on=worth_waiting, attempts=4, timeout=60.0):
                with attempt:
                    content = await self._download(link)
            return File(b64encode(content).decode(), link.mime_type)

    def _link(self, row: Any) -> _Link:
        """Read where a file is, unless it is too large to be fetched."""
        try:
            link, length = _Link(httpx.URL(row["url"]), _plain(row["contentType"])), int(row.get("contentLength") or 0)
        except (KeyError, TypeError, ValueError, AttributeError, httpx.InvalidURL):
            raise Permanent("unreplayable: media of which Langfuse does not say where they are") from None
        if length > self._most_bytes:
            raise self._too_large()
        return link

    async def _download(self, link: _Link) -> bytes:
        content = bytearray()
        try:
            async with self._client.unsigned.stream("GET", link.url) as response:
                _check_answer(response, link)
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > self._most_bytes:
                        raise self._too_large()
        except httpx.HTTPError as error:  # its text and its traceback may hold the link
            raise Retryable(f"{link.store} cannot be reached: {type(error).__name__}", hint=_REACH_HINT) from None
        if not content:
            raise Permanent("unreplayable: media without content")
        return bytes(content)

    def _too_large(self) -> Permanent:
        return Permanent(f"unreplayable: a file of more than {self._most_bytes / 1024 / 1024:g} MiB")


def _check_answer(response: httpx.Response, link: _Link) -> None:
    if response.status_code in _PASSING:
        raise Retryable(f"{link.store} answered with {response.status_code}")
    if not response.is_success:  # S3 says 403 for what has expired and for what is gone
        raise Permanent(f"unreplayable: media whose signed link was refused with {response.status_code}")
    _check_type(_plain(response.headers.get("content-type", "")), link.mime_type)


def _check_type(found: str, expected: str) -> None:
    """An image may be of another type than was said, which is seen by its first bytes; a page in its place may not."""
    expected = _plain(expected)
    if not {found, expected} & _ANYTHING and found.partition("/")[0] != expected.partition("/")[0]:
        raise Permanent(f"unreplayable: media of type {found[:50]} where {expected[:50]} was logged")


def _plain(mime_type: str) -> str:
    return mime_type.partition(";")[0].strip().lower()
