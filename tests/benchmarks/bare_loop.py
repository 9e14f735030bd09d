"""A loop that makes calls and does nothing with the answers but read them: what the route is compared with.

It imports nothing of the product, so that memory is the client's own; the requests come from a file.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import orjson

from tests.benchmarks.measuring import Span, measured, say

Call = Callable[[Mapping[str, Any]], Awaitable[str]]
"""From a request's body to the answer's text."""
Client = Callable[[str], AbstractAsyncContextManager[Call]]
"""From the server's address to a client that is open for as long as the context."""


def main(*clients: Client) -> None:
    """Make the calls with that one of `clients` which the command line names, and say what they took."""
    named = {client.__name__: client for client in clients}
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=named)
    parser.add_argument("--url", required=True)
    parser.add_argument("--bodies", type=Path, required=True, help="a file of JSON, sent in turn")
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    options = parser.parse_args()
    bodies = orjson.loads(options.bodies.read_bytes())
    span = asyncio.run(_run(named[options.client](options.url), bodies, options.calls, options.concurrency))
    say(span, options.calls)


async def _run(
    client: AbstractAsyncContextManager[Call], bodies: list[dict[str, Any]], calls: int, concurrency: int
) -> Span:
    async with client as call:
        await call(bodies[0])  # imports on first use are nobody's daily work
        waiting = islice(cycle(bodies), calls)

        async def worker() -> None:
            for body in waiting:
                await call(body)

        with measured() as span:
            await asyncio.gather(*(worker() for _ in range(concurrency)))
    return span
