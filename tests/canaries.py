"""Canaries: strings that must never be seen again, planted wherever production logs, and where they are looked for."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
import zlib
from collections.abc import Collection, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import unquote

import httpx
from aiohttp import web

from connector.demo.langfuse import SmallLangfuse
from tests.integration.world import generation, span

STEMS = {
    "email": (b"zqmail", rb"zqmail"),
    "base64": (b"enftywls", rb"enftywls"),
    "password": (b"zqpass", rb"zqpass"),
    "credential": (b"zqcred", rb"zqcred"),
    "token": (b"zqtok", rb"zqtok"),
    "key": (b"zqkey", rb"zqkey"),
    "name": (b"zqname", rb"zqname"),
    "pattern": (b"tck-zq", rb"tck-zq"),
    "phone": (b"1590", rb"(?<![0-9a-f])(?:\+49|0049|0)[ -]?1590[ -]?55\d{5}"),
    "card": (b"4539", rb"(?<![0-9a-f])4539[ -]?5555[ -]?\d{4}[ -]?\d{4}(?![0-9a-f])"),
    "iban": (b"1002", rb"de\d\d ?1002 ?0030"),
    "ip": (b"198.51.", rb"(?<![\d.])198\.51\.\d+\.\d+"),
    "ipv6": (b"2001:db8:ca", rb"2001:db8:ca"),
    "id": (b"57", rb"(?<![\w-])57\d-\d\d-\d{4}(?![\w-])"),
}
"""What every canary of a kind begins with, and nothing else does, in small letters; first a part that is found fast."""

REDACTION = """
[redaction]
names = ["Zqname Zqfamily"]
patterns = { ticket = "TCK-zq[0-9]+" }
"""


class Planted(NamedTuple):
    """The canaries of one conversation, by kind, each in several spellings."""

    email: str
    phone: str
    phone_again: str
    card: str
    card_again: str
    iban: str
    ip: str
    ipv6: str
    credential: str
    token: str
    key: str
    password: str
    id: str
    name: str
    ticket: str
    base64: str
    encoded: str

    @classmethod
    def of(cls, number: int) -> Self:
        """Return the canaries of one conversation; no other conversation has any of them, but for the name."""
        card, address = f"45395555{number:07}", f"zqmail{number}@example.com"
        card += str(_luhn(card))
        account = f"100200300000{number:06}"
        iban = f"DE{98 - int(account + '131400') % 97:02}{account}"
        return cls(
            email=address,
            phone=f"+49 1590 55{number:05}",
            phone_again=f"0049159055{number:05}",
            card=card,
            card_again=" ".join(card[at : at + 4] for at in range(0, 16, 4)),
            iban=" ".join(iban[at : at + 4] for at in range(0, 22, 4)),
            ip=f"198.51.{number // 250}.{number % 250}",
            ipv6=f"2001:db8:ca::{number:x}",
            credential=f"https://zqcred{number}:zqcred{number}x9@db.example.org/main",
            token=f"https://files.example.org/a.pdf?X-Amz-Signature=zqtok{number}f00&v=2",
            key=f"sk-proj-zqkey{number:020}",
            password=f"my password is zqpass{number}!",
            id=f"57{number % 9 + 1}-{number % 89 + 10}-{number % 8999 + 1000}",
            name="ZQNAME Zqfamily",
            ticket=f"TCK-zq{number}",
            base64=base64.b64encode(f"zqmail{number}@example.com wrote".encode()).decode(),
            encoded=f"zqmail{number}%40example.com",
        )


def _words(number: int) -> str:
    """Return what makes a conversation one of its own, however it is masked."""
    return " ".join(
        ("red", "blue", "green", "grey", "pink")[int(digit) % 5] + "abcdefghij"[int(digit)] for digit in str(number)
    )


def _luhn(digits: str) -> int:
    doubled = (int(d) * (2 - place % 2) for place, d in enumerate(reversed(digits)))
    return -sum(d - 9 if d > 9 else d for d in doubled) % 10


def conversation(number: int, begun: datetime) -> list[dict[str, Any]]:
    """Return the spans of one conversation with canaries in every place that is ever read."""
    p = Planted.of(number)
    trace = hashlib.sha256(f"canary {number}".encode()).hexdigest()[:32]
    tool = {
        "name": "find",
        "description": f"Finds orders; ask {p.email} for more.",
        "parameters": {"type": "object", "properties": {"card": {"type": "integer", "examples": [int(p.card)]}}},
    }
    arguments = json.dumps({"card": int(p.card), p.email: [p.phone_again], "deep": json.dumps({"k": p.key})})
    result = json.dumps({"rows": [{"mail": p.email, "n": int(p.card), "ip": p.ip}], "url": p.token, "raw": p.encoded})
    call = {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": arguments}}
    history: list[dict[str, Any]] = [
        {"role": "system", "content": f"You serve {p.name}. Database: {p.credential}. Key: {p.key}."},
        {"role": "user", "content": f"I am {p.email}, {p.phone}, SSN {p.id}; {p.password} Card {p.card_again}."},
        {"role": "assistant", "content": f"Looking for {p.ticket} at {p.ip}.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": result},
        {
            "role": "user",
            "name": f"zqmail{number}_example",
            "content": f"Case {_words(number)}: {p.iban} {p.ipv6} {p.base64} {p.encoded}",
        },
    ]
    answer = {"role": "assistant", "content": f"Sent to {p.email.upper()} for {p.name} ({p.card}), see {p.token}"}
    history[-1]["name"] = "visitor"
    about = {
        "langfuse.environment": "production",
        "langfuse.trace.name": f"chat with {p.email}",
        "user.id": p.email,
        "session.id": f"session of {p.email}",
        "langfuse.trace.metadata.who": p.email,
        "langfuse.observation.metadata.who": p.phone,
    }
    root = span(trace, f"{number + 1:015x}0", begun, 9.0, {**about, "langfuse.internal.is_app_root": True})
    logged = generation({"messages": history, "tools": [{"type": "function", "function": tool}]}, answer)
    asked = span(trace, f"{number + 1:015x}1", begun, 0.5, about | logged, parent=f"{number + 1:015x}0")
    tags = {"key": "langfuse.trace.tags", "value": {"arrayValue": {"values": [{"stringValue": f"from {p.email}"}]}}}
    for each in (root, asked):
        each["attributes"].append(tags)
    return [root, asked]


async def plant(server: SmallLangfuse, count: int) -> set[str]:
    """Let production answer `count` conversations full of canaries; return the ids of their traces."""
    begun, ids = datetime.now(UTC) - timedelta(minutes=40), set[str]()
    async with httpx.AsyncClient(auth=(server.public_key, server.secret_key), timeout=60) as client:
        for start in range(0, count, 50):
            numbers = range(start, min(start + 50, count))
            spans = [each for n in numbers for each in conversation(n, begun + timedelta(seconds=n % 600))]
            ids.update(each["traceId"] for each in spans)
            scope = {"scope": {"name": "langfuse-sdk", "version": "5"}, "spans": spans}
            body = {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [scope]}]}
            headers = {"x-langfuse-ingestion-version": "4"}
            answer = await client.post(f"{server.base_url}/api/public/otel/v1/traces", json=body, headers=headers)
            answer.raise_for_status()
    return ids


class Wire:
    """A wire that is tapped: it forwards every request and remembers all of it. Some it answers itself, badly."""

    def __init__(self, to: str, *, refuses_every: int = 0) -> None:
        self._to, self._refuses_every = to, refuses_every
        self.sent: list[bytes] = []

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=64))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._client.aclose()

    async def _pass(self, request: web.Request) -> web.Response:
        body = await request.read()
        heads = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        self.sent.append(f"{request.method} {request.path_qs}\n{unquote(request.path_qs)}\n{heads}\n".encode() + body)
        if self._refuses_every and len(self.sent) % self._refuses_every == 0:
            said = f"zqmail7@example.com may not ask: {body.decode()[:3000]}"
            return web.json_response({"error": {"message": said, "type": "invalid_request_error"}}, status=400)
        skipped = {"host", "content-length", "connection", "accept-encoding"}
        headers = {name: value for name, value in request.headers.items() if name.lower() not in skipped}
        answer = await self._client.request(request.method, self._to + request.path_qs, content=body, headers=headers)
        kept = {name: answer.headers[name] for name in ("content-type", "date") if name in answer.headers}
        return web.Response(status=answer.status_code, body=answer.content, headers=kept)


def kinds_in(content: bytes) -> set[str]:
    """Return the kinds of the canaries that `content` holds."""
    low = content.lower()
    return {kind for kind, (part, stem) in STEMS.items() if part in low and re.search(stem, low)}


def files_of(folder: Path, *, but: Collection[str] = ()) -> Iterator[bytes]:
    """Yield the bytes of the store's and the cache's files, and their values, unpacked, `but` those of some tables."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("understudy"):
            yield path.read_bytes()
        if path.suffix == ".db":
            yield from _values(path, but)


def _values(path: Path, but: Collection[str]) -> Iterator[bytes]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        tables = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
        for table in (each for each in tables if each not in but):
            for row in db.execute(f'select * from "{table}"'):
                yield from (_unpacked(value) for value in row if value is not None)


def _unpacked(value: Any) -> bytes:
    if not isinstance(value, bytes):
        return str(value).encode()
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


def objects_of(server: SmallLangfuse, production: set[str]) -> bytes:
    """Return everything that the server holds beside the traces that production wrote."""
    ours = [row for row in server.observations() if row.trace_id not in production]
    held = (ours, server.scores(), server.experiments(), server.datasets, server.dataset_items, server.dashboards)
    return repr(held).encode()
