"""A small Langfuse in a process of its own, filled with benchmark traffic.

    python -m tests.benchmarks.langfuse_server --traces 100

prints its address once everything is in it, and serves until it is ended.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

import aiohttp

from connector.demo.langfuse import SmallLangfuse
from tests.benchmarks import traffic


async def main() -> None:
    """Fill the server over HTTP, as an application would, and serve."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--traces", type=int, default=100)
    parser.add_argument("--messages", type=int, default=2, help="length of every history")
    options = parser.parse_args()
    async with SmallLangfuse() as langfuse:
        keys = aiohttp.encode_basic_auth(langfuse.public_key, langfuse.secret_key)
        headers = {"authorization": keys, "x-langfuse-ingestion-version": "4"}
        async with aiohttp.ClientSession(langfuse.base_url, headers=headers) as session:
            for trace in traffic.traces(options.traces, options.messages):
                async with session.post("/api/public/otel/v1/traces", json=traffic.export(trace)) as response:
                    response.raise_for_status()
        sys.stdout.write(langfuse.base_url + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
