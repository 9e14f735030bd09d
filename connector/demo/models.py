"""Scripted models behind real HTTP, in this process or in one of their own.

    python -m connector.demo.models --port 0 --latency 0.05

prints its address and answers until it is interrupted. It speaks OpenAI chat completions and Anthropic messages on
loopback, counts what it is asked, and fails, hangs or answers nonsense on demand.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from hashlib import sha256
from inspect import isawaitable
from typing import Any, NamedTuple, Self

import orjson
from aiohttp import web

from connector.demo.model_dialects import ANTHROPIC, OPENAI, Dialect, Reply, Wire
from connector.demo.rationing import Ration
from connector.demo.weather import REFUSED, Weather

Behaviour = Callable[[Wire], "Reply | str | Awaitable[Reply | str]"]
"""From the request's body, in the dialect it came in, to what the model answers."""

REMEMBERED = 256
"""How many of the last requests `ModelServer.seen` holds."""


class Seen(NamedTuple):
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: Wire


class Fault(NamedTuple):
    """An answer that no model gives on purpose."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    """`None`: the dialect's own error."""
    hangs: bool


class ModelServer:
    """An async context manager: the server runs inside it, on a free port unless one is given."""

    def __init__(
        self,
        models: Mapping[str, Behaviour],
        *,
        otherwise: Behaviour | None = None,
        latency_s: float = 0.0,
        port: int = 0,
    ) -> None:
        self.models = dict(models)
        self.otherwise = otherwise
        """Answers for every model that has no behaviour of its own; without it such a model is not found."""
        self.latency_s = latency_s
        self.weather: Weather | None = None
        """Whether calls fail by chance, and are billed."""
        self.ration: Ration | None = None
        """How often all models together may be asked."""
        self.calls: Counter[str] = Counter()
        """Requests by model, failed ones included."""
        self.bodies: Counter[str] = Counter()
        """Requests by the SHA-256 of their body, in hex: what was asked twice was paid twice."""
        self.seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self.most_in_flight = 0
        self._in_flight = 0
        self._faults: dict[str, deque[Fault]] = {}
        self._lasting: dict[str, Fault] = {}
        self._stopping = asyncio.Event()
        self._port = port

    @property
    def url(self) -> str:
        """The address to configure, for either dialect; `/v1` may follow it."""
        return f"http://127.0.0.1:{self._port}"

    def fail(
        self,
        model: str,
        status: int = 500,
        *,
        times: int | None = 1,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> None:
        """Answer the next `times` requests for `model` like this, or all of them when `times` is `None`.

        With status 200 the body is a malformed answer; without a body the dialect's own error is sent.
        """
        self._plan(model, Fault(status, headers or {}, body, hangs=False), times)

    def hang(self, model: str, *, times: int | None = 1) -> None:
        """Never answer the next `times` requests for `model`, or any of them when `times` is `None`."""
        self._plan(model, Fault(0, {}, None, hangs=True), times)

    def heal(self, model: str) -> None:
        """Forget every planned fault of `model`."""
        self._faults.pop(model, None)
        self._lasting.pop(model, None)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post(r"/{v1:(v1/)?}chat/completions", partial(self._serve, dialect=OPENAI))
        app.router.add_post(r"/{v1:(v1/)?}messages", partial(self._serve, dialect=ANTHROPIC))
        app.router.add_get(r"/{v1:(v1/)?}models", self._list)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=4096)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        await self._runner.cleanup()

    def _plan(self, model: str, fault: Fault, times: int | None) -> None:
        if times is None:
            self._lasting[model] = fault
        else:
            self._faults.setdefault(model, deque()).extend([fault] * times)

    async def _serve(self, request: web.Request, dialect: Dialect) -> web.Response:
        raw = await request.read()
        try:
            body: Wire = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            return _json(400, dialect.error(400, f"the body is not JSON: {error}"))
        self._count(request, raw, body)
        if self.ration and not self.ration.take():
            return _json(429, dialect.error(429, "rate limit reached"), self.ration.headers())
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            answer = await (
                self._weathered(request, body, self.weather, dialect)
                if self.weather
                else self._answer(body, len(raw), dialect)
            )
            answer.headers.update(self.ration.headers() if self.ration else {})
            return answer
        finally:
            self._in_flight -= 1

    def _count(self, request: web.Request, raw: bytes, body: Wire) -> None:
        self.calls[str(body.get("model"))] += 1
        self.bodies[sha256(raw).hexdigest()] += 1
        self.seen.append(Seen(request.path, request.headers, body))

    async def _answer(self, body: Wire, request_bytes: int, dialect: Dialect) -> web.Response:
        model = str(body.get("model"))
        if fault := self._fault(model):
            return await self._misbehave(fault, dialect)
        behaviour = self.models.get(model, self.otherwise)
        if behaviour is None:
            return _json(404, dialect.error(404, f"model: {model} does not exist"))
        if body.get("stream"):
            return _json(400, dialect.error(400, "these models do not stream"))
        reply = behaviour(body)
        said = await reply if isawaitable(reply) else reply
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        number = str(self.calls.total())
        return _json(200, dialect.answer(number, model, Reply(said) if isinstance(said, str) else said, request_bytes))

    async def _weathered(self, request: web.Request, body: Wire, weather: Weather, dialect: Dialect) -> web.Response:
        storm = weather.draw()
        if status := REFUSED.get(storm):
            return _json(status, dialect.error(status, "bad weather"))
        answer = dialect.answer(str(self.calls.total()), str(body.get("model")), weather.charge(storm), 0)
        await asyncio.sleep(weather.slow_s if storm == "slow" else self.latency_s)
        if storm == "dropped" and request.transport is not None:
            request.transport.abort()
        return web.Response(body=orjson.dumps(answer)[:40]) if storm == "garbled" else _json(200, answer)

    def _fault(self, model: str) -> Fault | None:
        planned = self._faults.get(model)
        return planned.popleft() if planned else self._lasting.get(model)

    async def _misbehave(self, fault: Fault, dialect: Dialect) -> web.Response:
        if fault.hangs:
            await self._stopping.wait()
            return _json(503, dialect.error(503, "the server is stopping"))
        body = fault.body
        if body is None:
            body = orjson.dumps(dialect.error(fault.status, f"a planned failure with status {fault.status}"))
        return web.Response(
            status=fault.status, headers={"content-type": "application/json", **fault.headers}, body=body
        )

    async def _list(self, request: web.Request) -> web.Response:
        del request
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "demo"} for name in self.models]
        return _json(200, {"object": "list", "data": listed})


def _json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)


async def _serve_for_ever(port: int, latency_s: float, answer: str) -> None:
    async with ModelServer({}, otherwise=lambda _: answer, latency_s=latency_s, port=port) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serve one answer under every model's name until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m connector.demo.models", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--answer", default="All is well. " * 60, help="what every model says")
    options = parser.parse_args()
    try:
        asyncio.run(_serve_for_ever(options.port, options.latency, options.answer))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
