"""Files that were taken out of traces: what the API says of one, and the file store behind it.

The store is another machine in a real deployment: it knows signed links, and refuses whoever sends a key besides.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from aiohttp import web

from connector.demo.langfuse.clock import iso
from connector.demo.langfuse.replies import missing, reply
from connector.demo.langfuse.state import STATE, Stored

if TYPE_CHECKING:
    from connector.demo.langfuse.state import State

STORE = "/file-store/"
_VALID_S = 3600
_EXPIRED = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
_TWO_PERMISSIONS = "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>"
routes = web.RouteTableDef()


def keep(state: State, content: bytes, mime_type: str) -> str:
    """Store a file as an SDK does; return the token that stands for it in a trace."""
    media_id = urlsafe_b64encode(hashlib.sha256(content).digest()).decode()[:22]
    state.media[media_id] = Stored(content, mime_type, state.clock.now_ms())
    return f"@@@langfuseMedia:type={mime_type}|id={media_id}|source=base64_data_uri@@@"


@routes.get("/api/public/media/{id}")
async def link(request: web.Request) -> web.Response:
    """What is known of a file, and a signed link to it."""
    state, media_id = request.app[STATE], request.match_info["id"]
    if (stored := state.media.get(media_id)) is None:
        raise missing("Media asset not found")
    signature = _signature(state, media_id)
    return reply(
        {
            "mediaId": media_id,
            "contentType": stored.mime_type,
            "contentLength": len(stored.content),
            "uploadedAt": iso(stored.uploaded_ms),
            "url": f"http://{request.host}{STORE}{media_id}?X-Amz-Expires={_VALID_S}&X-Amz-Signature={signature}",
            "urlExpiry": iso(state.clock.now_ms() + _VALID_S * 1000),
        }
    )


@routes.get(STORE + "{id}")
async def file(request: web.Request) -> web.Response:
    """Give out a file to whoever has its link, and nothing but the link."""
    state, media_id = request.app[STATE], request.match_info["id"]
    if "Authorization" in request.headers:
        return web.Response(text=_TWO_PERMISSIONS, status=400, content_type="application/xml")
    stored = state.media.get(media_id)
    if stored is None or request.query.get("X-Amz-Signature") != _signature(state, media_id):
        return web.Response(text=_EXPIRED, status=403, content_type="application/xml")
    return web.Response(body=stored.content, content_type=stored.mime_type)


def _signature(state: State, media_id: str) -> str:
    return hashlib.sha256(f"{state.secret_key} {media_id}".encode()).hexdigest()
