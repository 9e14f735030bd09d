"""What every provider over HTTP has in common: its address, its key, its patience."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self

import aiohttp
import httpx2
import orjson
from pydantic import Field, model_validator

from rollouts.errors import Fatal, Permanent, Unanswered
from rollouts.families import differences, suited
from rollouts.headroom import exhausted_s
from rollouts.secrets import read_secret
from rollouts.types import Options, Parameters, Request

CONNECT_S = 30.0
"""A burst of first calls needs longer than the SDKs' 5 s on a busy machine. Never more than half of the time there is,
so that a server that takes no connection is told from one that took the question: only that one may send a bill."""

_UNSENT = (
    aiohttp.ClientConnectorError,  # refused, no such name, no route, a certificate that does not fit
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientSSLError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
"""What can only happen before a request is sent. httpx's own classes do not tell: the transport calls a hang-up by the
server a time-out of the connection."""

PATIENCE_S = 5.0
"""A longer Retry-After is not waited for inside a call: the duel is put off instead."""


class Endpoint(Options):
    """Fields of providers over HTTP. A provider inherits them beside its port."""

    base_url: Annotated[str, Field(pattern=r"^https?://")]
    """Address of the provider's API."""
    api_key_env: str | None = None
    """The environment variable that holds the key; with `_FILE` added, one that names a file with the key."""
    timeout_s: float = Field(default=300.0, gt=0)
    """How long one try of a call may take."""
    connections: int = Field(default=1000, gt=0)
    """The most calls at once; a limit on concurrency belongs into the model's limits, and must not be higher."""
    max_retries: int = Field(default=2, ge=0, le=5)
    """How often a call is tried again within seconds, if it may work then. Each try is a purchase of its own."""
    unsupported: tuple[str, ...] = ()
    """Parameters that this model refuses, such as `temperature`: never sent, and named as lost. What is known of the
    models of OpenAI and Anthropic by their names need not be said."""
    supported: tuple[str, ...] = ()
    """Parameters that this model takes, although models of its name are known not to."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Laid over each request's body as it is."""

    OPERATIONAL: ClassVar = frozenset({"api_key_env", "timeout_s", "connections", "max_retries"})
    """The fields that do not change what the model answers."""

    LENGTHENING: ClassVar = ("max_tokens", "max_completion_tokens", "n")
    """The keys of a body that say how much is written; what is laid over them, nobody who sets money aside knows."""

    @model_validator(mode="after")
    def _knows_what_is_unsupported(self) -> Self:
        for key in ("unsupported", "supported"):
            if unknown := set(getattr(self, key)) - set(Parameters.model_fields):
                raise ValueError(f"{key}: {', '.join(sorted(unknown))} is no parameter")
        return self

    @property
    def unbounded(self) -> str | None:
        """The key that keeps a limit on the length of answers from the server; `None` where it arrives as it is."""
        if "max_tokens" in self.unsupported:
            return "unsupported"
        return next((f"extra_body.{key}" for key in self.LENGTHENING if key in self.extra_body), None)

    def key(self) -> str:
        """Read the key; empty without `api_key_env`. Raises `Fatal` when there is none."""
        if self.api_key_env is None:
            return ""
        key = read_secret(self.api_key_env)
        if key is None or not key.isascii():
            raise Fatal(
                f"there is no usable key in {self.api_key_env}",
                hint=f"set {self.api_key_env}, or {self.api_key_env}_FILE to the path of a file that holds it",
            )
        return key

    def transport(self, client: type[httpx2.AsyncClient]) -> httpx2.AsyncClient:
        """Open an SDK's HTTP client, of its aiohttp kind: that needs half the processor time of the default."""
        return client(
            limits=httpx2.Limits(max_connections=self.connections, max_keepalive_connections=self.connections),
            timeout=httpx2.Timeout(self.timeout_s, connect=min(CONNECT_S, self.timeout_s / 2)),
        )

    def suited(self, request: Request) -> Parameters:
        """Return the request's parameters as far as models of this name are known to take them."""
        return suited(getattr(self, "model", ""), request.parameters, with_tools=bool(request.tools))

    def wanted(self, request: Request) -> Parameters:
        """Return the request's parameters without the unsupported ones."""
        kept = {name: getattr(request.parameters, name) for name in self.supported}
        return self.suited(request).model_copy(update={**kept, **dict.fromkeys(self.unsupported)})

    def refused(self, request: Request) -> tuple[str, ...]:
        """Name what `wanted` took away or changed."""
        return differences(request.parameters, self.wanted(request))

    @asynccontextmanager
    async def within_time(self) -> AsyncIterator[None]:
        """Turn what goes wrong on the way into `Unanswered`; the SDK's own errors are the caller's to read."""
        try:
            async with asyncio.timeout(self.timeout_s):
                yield
        except TimeoutError:
            raise Unanswered(f"{self.base_url} did not answer within {self.timeout_s:g} s", paid=True) from None
        except (aiohttp.ClientError, httpx2.HTTPError) as error:
            raise unreachable(self.base_url, error) from None


def unreachable(base_url: str, error: BaseException) -> Unanswered:
    """Return what to raise when nothing came back, with the root of the SDK's chain of causes.

    Whoever was connected may have read the question, and bill it.
    """
    causes = list(_causes(error))
    paid = not any(isinstance(cause, _UNSENT) for cause in causes)
    root = causes[-1]
    return Unanswered(f"{base_url} could not be reached: {type(root).__name__}: {root}", paid=paid)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return `body` as JSON. orjson and raw bytes take a tenth of the SDKs' time on long histories.

    Whole numbers beyond 64 bits only Python's own writer knows. Raises `Permanent` for what neither can write.
    """
    try:
        return orjson.dumps(body)
    except TypeError:
        pass
    try:
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Permanent(f"unreplayable: {error}") from None


def ended(response: httpx2.Response) -> dict[str, Any]:
    """Return latency and start of a call, and what the server says is left.

    The clock starts when the request is handed to the connection: no line, pause or earlier try is in it.
    """
    return {
        "latency_s": response.elapsed.total_seconds(),
        "started_at": datetime.now(UTC) - response.elapsed,
        "exhausted_s": exhausted_s(response.headers.raw),
    }
