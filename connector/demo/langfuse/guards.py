"""Endpoints that not every server has.

A 404 means "not found" or "not in this mode"; only its text tells which.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from connector.demo.langfuse.modes import EVENTS_ONLY
from connector.demo.langfuse.replies import Refusal
from connector.demo.langfuse.state import STATE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_GONE = (
    "This endpoint is not available on deployments running in Langfuse v4 events_only mode. "
    "Learn more about Langfuse v4 at: https://langfuse.com/docs/v4"
)
_NOT_YET = "observations v2 API is only available in a Langfuse v4 write mode"
# What a path that never existed gets from the real server: the page of its web interface.
_NO_PAGE = "<!DOCTYPE html><html><head><title>404: This page could not be found</title></head></html>"


def legacy(handler: Handler) -> Handler:
    """An endpoint of v3, gone from servers that keep events only."""

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.app[STATE].mode in EVENTS_ONLY:
            raise Refusal(404, {"message": _GONE})
        return await handler(request)

    return guarded


def modern(handler: Handler) -> Handler:
    """An endpoint of v4, not yet on v3."""

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.app[STATE].mode == "v3":
            known = request.path.startswith("/api/public/v2/")
            raise Refusal(404, {"message": _NOT_YET} if known else _NO_PAGE)
        return await handler(request)

    return guarded
