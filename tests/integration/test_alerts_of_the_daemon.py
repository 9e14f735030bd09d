"""Alerts through the whole product: a real daemon or a real cycle, real HTTP, and what the receiver got."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.app import build
from connector.clock import Clock
from connector.config_file import read
from connector.demo.langfuse import SmallLangfuse
from connector.demo.model_dialects import Wire
from connector.demo.models import ModelServer
from connector.langfuse.annotation import PREFERENCE
from connector.langfuse.own import PAIRS
from connector.watch import Watch
from tests.integration.receiving import SECRET, Receiver, genuine, receiving
from tests.integration.test_alerts import CONFIG, judging
from tests.integration.troubled import ended, until
from tests.integration.world import BIN, config, keys_of, produce, understudy

DAEMON = """
[poll]
every = "0.3s"
publish_every = "1s"
confirm = "5s"
overlap = "1h"
grace = "5s"
[retry]
first_wait_s = 0.2
[server]
listen = ""
[alerts]
every = "0.3s"
webhooks = [{ url_env = "HOOK", secret_env = "HOOK_SECRET" }]
BUDGET
[judge.model]
kind = "scripted"
model = "judge-1"
answers = ["Better. [[B>A]]"]
[challengers.good]
kind = "openai_compatible"
base_url = "MODELS/v1"
model = "good-1"
price = { input = 1.0, output = 2.0 }
parameters = { max_tokens = 50 }
"""


@asynccontextmanager
async def daemon(path: Path, langfuse: SmallLangfuse, receiver: Receiver) -> AsyncIterator[None]:
    """Let a daemon run meanwhile; it ends cleanly."""
    told = {"HOOK": receiver.url, "HOOK_SECRET": SECRET, "PATH": os.environ["PATH"], "HOME": str(path.parent)}
    process = await asyncio.create_subprocess_exec(
        *(str(BIN), "run", "-c", str(path)),
        env={**told, **keys_of(langfuse)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        ran = await ended(process)
    assert ran.code == 0, ran.err


def kinds(receiver: Receiver) -> list[tuple[str, str]]:
    """Return kind and title of what arrived."""
    told = [json.loads(payload) for _, payload in receiver.arrived]
    return [(each["kind"], each["title"]) for each in told]


def configured(folder: Path, models: ModelServer, budget: str = "") -> Path:
    """Write the daemon's configuration."""
    return config(folder, DAEMON.replace("MODELS", models.url).replace("BUDGET", budget))


async def test_a_daemon_tells_once_that_money_runs_out(tmp_path: Path) -> None:
    """At its share of the limit, and when calls are refused for want of it: each once, with a link to the project."""

    def long(_: Wire) -> str:
        return "mine " * 40

    async with SmallLangfuse() as langfuse, receiving() as receiver, ModelServer({"good-1": long}) as models:
        await produce(langfuse, 6, 1)
        path = configured(tmp_path, models, "[budget]\nper_day_usd = 0.0004")
        async with daemon(path, langfuse, receiver):
            await until(lambda: receiver.arrived, within_s=40)
            await asyncio.sleep(1.5)  # some looks more
        assert len(set(receiver.ids)) == len(receiver.ids)
        assert {kind for kind, _ in kinds(receiver)} == {"budget"}
        assert ("budget", "The budget is exhausted") in kinds(receiver)
        for headers, payload in receiver.arrived:
            assert genuine(headers, payload)
            assert json.loads(payload)["link"] == f"{langfuse.base_url}/project/local-project"


async def test_a_daemon_tells_once_who_does_not_answer(tmp_path: Path) -> None:
    """A provider that is down at two looks is one event, and no word of it."""
    async with SmallLangfuse() as langfuse, receiving() as receiver, ModelServer({}) as models:
        await produce(langfuse, 2, 1)
        path = configured(tmp_path, models)
        path.write_text(path.read_text().replace(f"{models.url}/v1", "http://127.0.0.1:9/v1"))
        async with daemon(path, langfuse, receiver):
            await until(lambda: receiver.arrived, within_s=40)
            await asyncio.sleep(1.5)
        assert kinds(receiver) == [("stopped", "No answer: good")]


async def test_a_cycle_tells_that_people_disagree_with_the_judge(tmp_path: Path) -> None:
    """Once an epoch, whatever is run again; its link opens the leaderboard."""
    async with SmallLangfuse() as langfuse, receiving() as receiver, ModelServer({"judge-1": judging}) as models:
        await produce(langfuse, 60, 1)
        told_nobody = "\n".join(line for line in CONFIG.splitlines() if not line.startswith("webhooks"))
        path = config(tmp_path, told_nobody.replace("MODELS", models.url))
        told = {"HOOK": receiver.url, "HOOK_SECRET": SECRET}
        for verb in (("once", "--yes"), ("calibrate", "--pick", "60")):
            ran = await understudy(*verb, "-c", str(path), server=langfuse, **told)
            assert ran.code == 0, ran.err
        for row in [row for row in langfuse.observations() if row.environment == PAIRS]:
            shown = str(row.output)
            poor_is_first = max(shown.find("poor answer"), shown.find("bad answer")) < len(shown) / 2
            langfuse.annotate(row.id, f"{'A' if poor_is_first else 'B'} much better", name=PREFERENCE)
        config(tmp_path, CONFIG.replace("MODELS", models.url))
        for asked in (["calibrate"], ["once", "--yes"], ["once", "--yes"]):
            ran = await understudy(*asked, "-c", str(path), server=langfuse, **told)
            assert ran.code == 0, ran.err
        [judge] = [json.loads(payload) for _, payload in receiver.arrived if b'"kind":"judge"' in payload]
        assert judge["title"].startswith("The judge is not trusted in ")
        assert "/traces/" in judge["link"]


async def test_lag_is_told_at_the_second_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has just begun is behind; one that is still behind at the next look is late, once a day."""
    async with SmallLangfuse() as langfuse, receiving() as receiver:
        for name, value in {**keys_of(langfuse), "HOOK": receiver.url, "HOOK_SECRET": SECRET}.items():
            monkeypatch.setenv(name, value)
        path = config(tmp_path, CONFIG.replace("MODELS", "http://127.0.0.1:9"))
        async with build(read(path), path, spending=True) as app:
            name, now = app.engine.arena.source.name, datetime.now(UTC)
            app.engine.clock = Clock(now=lambda: now)
            await app.store.move_mark(name, now - timedelta(hours=7))
            watch = Watch(app)
            await watch.tick()
            assert receiver.arrived == []
            await app.store.move_mark(name, now)
            await watch.tick()
            await app.store.move_mark(name, now - timedelta(hours=7))
            await watch.tick()
            assert receiver.arrived == []
            for _ in range(3):
                await watch.tick()
            assert kinds(receiver) == [("lag", "Traces are read too late")]
            now += timedelta(days=1)
            await Watch(app).tick(last=True)
            assert len(receiver.arrived) == 2
