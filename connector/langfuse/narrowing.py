"""Reading a span of time in pieces that the server can bear.

A query that is too heavy costs the server its whole time limit, half a minute, before it says so. So what it could bear
is remembered for the rest of the span, rather than found out again for every piece.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from connector.langfuse.client import Overloaded
from connector.traces import Window

Rows = list[dict[str, Any]]

_NARROWEST = timedelta(minutes=1)


async def piecewise(window: Window, listing: Callable[[Window], Awaitable[Rows]]) -> Rows:
    """List all of `window`, newest piece first. Raises `Overloaded` when even a minute is too much."""
    rows, end, width = Rows(), window.end, window.end - window.start
    while end > window.start:
        piece = Window(start=max(window.start, end - width), end=end)
        try:
            rows += await listing(piece)
        except Overloaded:
            if width <= _NARROWEST:
                raise
            width /= 2
        else:
            end = piece.start
    return rows
