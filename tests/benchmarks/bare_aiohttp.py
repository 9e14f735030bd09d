"""aiohttp by itself: one session, JSON out and JSON in. Nothing in Python is much cheaper."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.benchmarks.bare_loop import Call, main


@asynccontextmanager
async def session(url: str) -> AsyncIterator[Call]:
    """Without a limit on connections."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as opened:

        async def call(body: Mapping[str, Any]) -> str:
            async with opened.post(f"{url}/chat/completions", json=body) as response:
                return str((await response.json())["choices"][0]["message"]["content"])

        yield call


if __name__ == "__main__":
    main(session)
