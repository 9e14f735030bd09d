"""A draw by clusters may have to buy vectors first: that is planned and asked like everything that costs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connector.cache import answers, file
from connector.demo.langfuse import SmallLangfuse
from tests.integration.world import CONFIG, config, produce, understudy

SAMPLING = """
[sampling]
strategy = "cluster"
challenges = 100000
[sampling.embedding]
kind = "openai_compatible"
model = "vectors-1"
base_url = "URL"
price = { input = 0.02, output = 0 }
"""


@dataclass
class Endpoint:
    """Counts what it is asked."""

    url: str = ""
    texts: list[list[str]] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with vectors of some kind."""
        body: dict[str, Any] = await request.json()
        self.texts.append(body["input"])
        rows = [{"index": n, "embedding": [float(len(text)), 1.0]} for n, text in enumerate(body["input"])]
        return web.json_response({"data": rows, "model": body["model"], "usage": {"prompt_tokens": 7}})


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    """Serve on loopback."""
    found, app = Endpoint(), web.Application()
    app.router.add_post("/v1/embeddings", found.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield found
    await runner.cleanup()


async def test_vectors_are_planned_and_asked_before_they_are_bought(tmp_path: Path, endpoint: Endpoint) -> None:
    """Off a terminal and without `--yes` not even they are bought; `plan` names them, and how many turns wait."""
    path = config(tmp_path, CONFIG + SAMPLING.replace("URL", endpoint.url))
    async with SmallLangfuse() as server:
        await produce(server, 6, 1)
        refused = await understudy("once", "-c", str(path), server=server)
        assert refused.code == 3, refused.err
        assert "Plan for the draw" in refused.err
        planned = json.loads((await understudy("plan", "--json", "-c", str(path), server=server)).out)
        [line] = [each for each in planned["lines"] if each["role"] == "embedding"]
        assert (line["model"], line["calls"], planned["held"], planned["duels"]) == ("vectors-1", 1, 6, 0)
        assert 0 < line["expected_usd"] < line["longest_usd"] <= line["maximum_usd"] <= planned["maximum_usd"]
        shown = await understudy("plan", "-c", str(path), server=server)
        assert "6 turns are held" in shown.out
        assert endpoint.texts == []
        ran = await understudy("once", "--yes", "-c", str(path), server=server)
        assert ran.code == 0, ran.err
        assert [len(each) for each in endpoint.texts] == [6]
        assert ran.err.index("Plan for the draw") < ran.err.index("Plan for 12 duels")
        after = json.loads((await understudy("plan", "--json", "-c", str(path), server=server)).out)
        assert ([each["role"] for each in after["lines"]].count("embedding"), after["held"]) == (0, 0)
    with file.opened(tmp_path / "understudy.cache.db") as db:  # vectors of many traces, which nobody could forget
        assert {shelf.model for shelf in answers.shelves(db)} == {"good-1", "kestrel-2", "judge-1"}
