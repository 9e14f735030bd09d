"""A receiver of webhooks, as anybody may write one from what the headers promise."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

SECRET = "correct-horse"


@dataclass
class Receiver:
    """What arrived, and what is answered."""

    port: int = 0
    arrived: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    elsewhere: int = 0
    """Requests at the address that redirects lead to."""
    answers: Callable[[int], web.Response] = lambda _: web.Response()
    """The answer to the request of this number, from 0 on."""

    @property
    def url(self) -> str:
        """Where it listens; the path is a secret."""
        return f"http://127.0.0.1:{self.port}/hooks/T0K3N"

    @property
    def ids(self) -> list[str]:
        """The ids of the events, in the order of their arrival."""
        return [headers["X-Understudy-Event"] for headers, _ in self.arrived]

    async def take(self, request: web.Request) -> web.Response:
        """Note it, and answer."""
        self.arrived.append((dict(request.headers), await request.read()))
        return self.answers(len(self.arrived) - 1)

    async def lead(self, request: web.Request) -> web.Response:
        """Nobody should come here."""
        self.elsewhere += 1
        return web.Response()


def genuine(headers: dict[str, str], payload: bytes, secret: str = SECRET) -> bool:
    """Whether it comes from who knows the secret, and is as it was sent."""
    said = headers["X-Understudy-Timestamp"].encode() + b"." + payload
    wanted = "v1=" + hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()
    return hmac.compare_digest(headers["X-Understudy-Signature"], wanted)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Listen on a free port."""
    receiver, app = Receiver(), web.Application()
    app.router.add_post("/hooks/T0K3N", receiver.take)
    app.router.add_route("*", "/elsewhere", receiver.lead)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        await runner.cleanup()
