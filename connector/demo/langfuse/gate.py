"""What every request passes: planned failures, the key pair, writes that fell due, and the log of what was answered."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from aiohttp import web

from connector.demo.langfuse.media import STORE
from connector.demo.langfuse.replies import Refusal, reply, time_of
from connector.demo.langfuse.state import STATE, Served, State

if TYPE_CHECKING:
    from connector.demo.langfuse.faults import Failure
    from connector.demo.langfuse.guards import Handler

_OPEN = frozenset({"/api/public/health", "/api/public/ready"})
_WINDOWS = (("fromStartTime", "toStartTime"), ("fromTimestamp", "toTimestamp"))


@web.middleware
async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every request, also those that fail, and note that it was answered."""
    state = request.app[STATE]
    failure = state.faults.take(request.method, request.path, request.query_string)
    if failure is None or failure.after:
        response = await _answer(state, request, handler)
    if failure is not None:
        response = _broken(failure)
    response.headers["Date"] = format_datetime(datetime.fromtimestamp(state.clock.now_ms() / 1000, UTC), usegmt=True)
    state.requests.append(Served(request.method, request.path, response.status))
    return response


async def _answer(state: State, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        _check_keys(state, request)
        _check_window(state, request)
        state.settle()
        return await handler(request)
    except Refusal as refusal:
        if isinstance(refusal.body, str):
            return web.Response(text=refusal.body, status=refusal.status, content_type="text/html")
        return reply(refusal.body, refusal.status)
    except web.HTTPException as error:
        return web.Response(text=f"<!DOCTYPE html>{error.status}", status=error.status, content_type="text/html")


def _check_keys(state: State, request: web.Request) -> None:
    if request.path in _OPEN or request.path.startswith(STORE):
        return
    sent = request.headers.get("Authorization")
    if sent is None:
        raise Refusal(401, {"message": "No authorization header"})
    pair = f"{state.public_key}:{state.secret_key}".encode()
    if sent != f"Basic {base64.b64encode(pair).decode()}":
        message = "Invalid credentials. Confirm that you've configured the correct host."
        raise Refusal(401, {"message": message})


def _check_window(state: State, request: web.Request) -> None:
    """Give up on a span of time that is too long, as the database of a real server does when it takes too long."""
    for start, end in _WINDOWS:
        start_ms, end_ms = time_of(request, start), time_of(request, end)
        if start_ms is not None and end_ms is not None and end_ms - start_ms > state.faults.widest_window_s * 1000:
            raise Refusal(422, {"message": "Request timed out", "error": "Unprocessable Content"})


def _broken(failure: Failure) -> web.Response:
    if isinstance(failure.body, str):
        return web.Response(text=failure.body, status=failure.status, headers=failure.headers)
    body = {"message": f"planned failure {failure.status}"} if failure.body is None else failure.body
    return reply(body, failure.status, failure.headers)
