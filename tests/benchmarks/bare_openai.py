"""The official SDK, as its README shows it, on either of its transports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import openai

from tests.benchmarks.bare_loop import Call, main


@asynccontextmanager
async def default(url: str) -> AsyncIterator[Call]:
    """On httpx2."""
    async with openai.AsyncOpenAI(api_key="none", base_url=url) as client:
        yield _through(client)


@asynccontextmanager
async def aiohttp(url: str) -> AsyncIterator[Call]:
    """On aiohttp."""
    transport = openai.DefaultAioHttpClient()
    async with openai.AsyncOpenAI(api_key="none", base_url=url, http_client=transport) as client:
        yield _through(client)


def _through(client: openai.AsyncOpenAI) -> Call:
    async def call(body: Mapping[str, Any]) -> str:
        answer = await client.chat.completions.create(**body)
        return str(answer.choices[0].message.content)

    return call


if __name__ == "__main__":
    main(default, aiohttp)
