"""A small production: traces in a small Langfuse, a configuration, and the command line as a user runs it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from connector.demo.langfuse import SmallLangfuse
from connector.epochs import begins, epoch_of

BIN = Path(sys.executable).parent / "understudy"

CONFIG = """
[poll]
confirm = "5s"
[server]
listen = ""
[judge.model]
kind = "scripted"
model = "judge-1"
answers = ["Better. [[B>A]]"]
[challengers.good]
kind = "scripted"
model = "good-1"
answers = ["a fine answer"]
usage = { input_tokens = 10, output_tokens = 5 }
[challengers.copy]
kind = "scripted"
model = "kestrel-2"
answers = ["answer 0 0"]
control = true
"""
"""The judge prefers seat B whatever it sees: with swapped seats that is a tie."""

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


async def understudy(*arguments: str, server: SmallLangfuse | None = None, **environment: str) -> Ran:
    """Run the command line as a process of its own."""
    keys = {} if server is None else keys_of(server)
    process = await asyncio.create_subprocess_exec(
        str(BIN),
        *arguments,
        env={**_bare_environment(), **keys, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Ran(process.returncode or 0, out.decode(), err.decode())


def keys_of(server: SmallLangfuse) -> dict[str, str]:
    """Return the environment of somebody who has the keys of `server`."""
    return {
        "LANGFUSE_PUBLIC_KEY": server.public_key,
        "LANGFUSE_SECRET_KEY": server.secret_key,
        "LANGFUSE_BASE_URL": server.base_url,
    }


def config(folder: Path, text: str = CONFIG) -> Path:
    """Write a configuration."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


async def produce(server: SmallLangfuse, conversations: int = 2, turns: int = 2, **attributes: str) -> list[str]:
    """Let production answer: one trace per conversation, one generation per turn with the growing history."""
    now, ids = datetime.now(UTC), list[str]()
    begun = max(now - timedelta(minutes=30), begins(epoch_of(now)))  # what is asked now is of the present epoch
    for number in range(conversations):
        trace = hashlib.md5(f"{attributes}{number}".encode()).hexdigest()
        ids.append(trace)
        await send(server, conversation(trace, number, turns, begun + timedelta(seconds=number), attributes))
    return ids


def conversation(
    trace: str, number: int, turns: int, begun: datetime, attributes: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """Return the spans of one conversation."""
    about = {"langfuse.environment": "production", "langfuse.trace.name": "chat", **(attributes or {})}
    root = f"{number + 1:015x}0"
    spans = [span(trace, root, begun, 9.0, {**about, "langfuse.internal.is_app_root": True})]
    history: list[dict[str, Any]] = [{"role": "system", "content": "Be brief."}]
    for turn in range(turns):
        history.append({"role": "user", "content": f"question {number} {turn}"})
        answer = {"role": "assistant", "content": f"answer {number} {turn}"}
        logged = generation({"messages": history, "tools": [TOOL]}, answer)
        moment = begun + timedelta(seconds=turn + 1)
        spans.append(span(trace, f"{number + 1:015x}{turn + 1}", moment, 0.5, about | logged, parent=root))
        history = [*history, answer]
    return spans


def generation(asked: Any, answered: Any, **more: Any) -> dict[str, Any]:
    """Return the attributes of a logged model call."""
    return {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "kestrel-2",
        "langfuse.observation.model.parameters": '{"temperature": 0.2}',
        "langfuse.observation.usage_details": '{"input": 100, "output": 20}',
        "langfuse.observation.cost_details": '{"total": 0.001}',
        "langfuse.observation.input": asked if isinstance(asked, str) else json.dumps(asked),
        "langfuse.observation.output": answered if isinstance(answered, str) else json.dumps(answered),
        **more,
    }


def span(
    trace: str, span_id: str, begun: datetime, seconds: float, attributes: dict[str, Any], *, parent: str | None = None
) -> dict[str, Any]:
    """Return a span as OTLP/JSON has it."""
    start = int(begun.timestamp() * 1000) * 1_000_000
    values = {
        key: {"boolValue": v} if isinstance(v, bool) else {"stringValue": str(v)} for key, v in attributes.items()
    }
    found = {
        "traceId": trace,
        "spanId": span_id,
        "name": "span",
        "kind": 1,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(seconds * 1e9)),
        "attributes": [{"key": key, "value": value} for key, value in values.items()],
        "status": {"code": 0},
    }
    return found | ({"parentSpanId": parent} if parent else {})


async def send(server: SmallLangfuse, spans: Sequence[dict[str, Any]]) -> None:
    """Post spans as an instrumented application does."""
    scope = {"scope": {"name": "langfuse-sdk", "version": "5"}, "spans": list(spans)}
    body = {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [scope]}]}
    async with httpx.AsyncClient(auth=(server.public_key, server.secret_key)) as client:
        answer = await client.post(
            f"{server.base_url}/api/public/otel/v1/traces", json=body, headers={"x-langfuse-ingestion-version": "4"}
        )
    answer.raise_for_status()


async def fetch(server: SmallLangfuse, path: str, **query: Any) -> Any:
    """Read from the public API as anybody may."""
    async with httpx.AsyncClient(auth=(server.public_key, server.secret_key)) as client:
        answer = await client.get(f"{server.base_url}{path}", params=query)
    answer.raise_for_status()
    return answer.json()


def _bare_environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
