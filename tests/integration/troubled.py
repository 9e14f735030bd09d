"""A world in which things go wrong: models that answer by what they are asked, and a Langfuse that is watched."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from inspect import isawaitable
from pathlib import Path
from typing import Any, Self

import orjson

from connector.demo.langfuse import Mode, Served, SmallLangfuse
from connector.demo.model_dialects import Wire
from connector.demo.models import ModelServer
from tests.integration.world import BIN, Ran, keys_of

LABELS = ("[[A>>B]]", "[[A>B]]", "[[A=B]]", "[[B>A]]", "[[B>>A]]", "I cannot tell.")
CONFIG = """
[poll]
every = "0.3s"
publish_every = "1s"
confirm = "3s"
overlap = "1h"
grace = "10s"
[server]
listen = ""
[retry]
first_wait_s = 0.2
[judge.model]
kind = "openai_compatible"
base_url = "MODELS/v1"
model = "judge-1"
concurrency = 64
price = { input = 1.0, output = 2.0 }
[challengers.good]
kind = "openai_compatible"
base_url = "MODELS/v1"
model = "good-1"
concurrency = 3
price = { input = 1.0, output = 2.0 }
[challengers.fair]
kind = "openai_compatible"
base_url = "MODELS/v1"
model = "fair-1"
concurrency = 3
price = { input = 0.5, output = 1.0 }
"""
"""The judge has room for every call at once, so that a call that was begun was also sent."""


FROM_LATENCY = {"weighted", "pareto", "advice", "switching"}
"""Figures of a row that rest on what a clock has measured."""


class Watched(list[Served]):
    """What Langfuse has served; somebody is told before the answer leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.tell: Callable[[Served], None] = lambda _: None

    def append(self, served: Served) -> None:
        """Note it, and tell."""
        super().append(served)
        self.tell(served)


@dataclass
class World:
    """One production, its Langfuse, its models and its folder."""

    langfuse: SmallLangfuse
    models: ModelServer
    folder: Path
    served: Watched
    latency_s: float = 0.02
    asked: int = 0
    """Model calls that have arrived."""
    under_way: Counter[str] = field(default_factory=Counter)
    """Model calls that are not answered yet, by body."""
    spent_usd: float = 0.0
    """What all answers have cost, at the prices of the configuration."""
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is clear, no model answers."""
    background: set[asyncio.Task[None]] = field(default_factory=set)
    """What nobody waits for."""
    tell: Callable[[int], None] = lambda _: None
    """Called with the number of each model call as it arrives."""

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "config.toml"

    def configure(self, **changes: str) -> None:
        """Write the configuration, with some keys of it changed."""
        text = CONFIG.replace("MODELS", self.models.url)
        for old, new in changes.items():
            text, count = re.subn(rf"(?m)^{old} = .*$", f"{old} = {new}", text)
            assert count, old
        self.config.write_text(text, encoding="utf-8")

    async def start(
        self, *arguments: str, config: Path | None = None, base_url: str | None = None
    ) -> asyncio.subprocess.Process:
        """Start the command line on this world."""
        return await asyncio.create_subprocess_exec(
            str(BIN),
            *arguments,
            "-c",
            str(config or self.config),
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "PYTHONWARNINGS": "error::RuntimeWarning",
                **keys_of(self.langfuse),
                **({"LANGFUSE_BASE_URL": base_url} if base_url else {}),
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str) -> Ran:
        """Run the command line to its end."""
        return await ended(await self.start(*arguments))

    async def leaderboard(self) -> dict[str, Any]:
        """Return the leaderboard, without what a clock has measured."""
        ran = await self.run("leaderboard", "--json")
        board: dict[str, Any] = json.loads(ran.out)
        for row in board["standings"]:
            for timed in [name for name in row if "latency" in name or name in FROM_LATENCY]:
                del row[timed]
        return board

    async def answer(self, body: Wire) -> str:
        """Answer as a challenger: sometimes with production's own words."""
        question = body["messages"][-1]["content"]
        number = await self._arrived(body)
        said = question.replace("question", "answer") if number % 7 == 0 else f"my own words {number}"
        return self._paid(body, str(said))

    async def judge(self, body: Wire) -> str:
        """Answer as a judge: the label follows from what it sees, and now and then there is none."""
        return self._paid(body, f"I have looked. {LABELS[await self._arrived(body) % len(LABELS)]}")

    def _paid(self, body: Wire, said: str) -> str:
        asked, answered = len(orjson.dumps(body)) // 4 + 1, len(said) // 4 + 1
        self.spent_usd += (asked + 2 * answered) * (0.5 if body["model"] == "fair-1" else 1.0) / 1e6
        return said

    async def _arrived(self, body: Wire) -> int:
        key = sha256(orjson.dumps(body)).hexdigest()
        self.asked += 1
        self.under_way[key] += 1
        self.tell(self.asked)
        # Some are slow: of two rounds one is often answered while the other is still under way.
        await asyncio.sleep(self.latency_s * (1 + 9 * (int(key[:8], 16) % 2)))
        await self.flowing.wait()
        self.under_way -= Counter((key,))
        return int(key[:8], 16)


async def ended(process: asyncio.subprocess.Process, *, within_s: float = 60) -> Ran:
    """Wait for the end of a process; one that does not end is killed, and the test fails."""
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout=within_s)
    except TimeoutError:
        process.kill()
        raise
    return Ran(process.returncode if process.returncode is not None else 0, out.decode(), err.decode())


async def until(holds: Callable[[], object | Awaitable[object]], *, within_s: float = 20) -> None:
    """Wait until something holds; fail when it does not in time."""
    async with asyncio.timeout(within_s):
        while True:
            found = holds()
            if await found if isawaitable(found) else found:
                return
            await asyncio.sleep(0.03)


@asynccontextmanager
async def troubled(folder: Path, mode: Mode = "events_only", *, visible_after_s: float = 0.0) -> AsyncIterator[World]:
    """Open a world in `folder`. Its models answer."""
    async with SmallLangfuse(mode, visible_after_s=visible_after_s) as langfuse, ModelServer({}) as models:
        served = langfuse.state.requests = Watched()
        world = World(langfuse, models, folder, served)
        models.models = {"good-1": world.answer, "fair-1": world.answer, "judge-1": world.judge}
        world.flowing.set()
        world.configure()
        yield world
        world.flowing.set()


class Line:
    """A line to a server that can be held up: what is sent goes no further, and nobody hangs up."""

    def __init__(self, url: str) -> None:
        self._host, self._port = url.removeprefix("http://").split(":")
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.flowing.set()
        self._server.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._host, int(self._port))
        await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await self.flowing.wait()
                writer.write(data)
        writer.close()
