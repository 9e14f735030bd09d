"""HTTP to one Langfuse project, and what its refusals mean.

The official SDK is used where it fits every server: datasets and score configs. Observations, scores and spans go over
plain httpx: SDK 5 writes scores in a form that servers before 4.59 refuse, and then drops them; it has no call for what
v3 can do; and it acknowledges nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import httpx
import orjson
import stamina
from langfuse.api import AsyncLangfuseAPI
from langfuse.api.core import ApiError

from connector.clock import Clock
from connector.langfuse.answers import said, told_at, wait_s
from rollouts.errors import Fatal, Permanent, Retryable, UnderstudyError

_TIMEOUT_S = 60.0  # the SDK's own 5 s is too short for reads over a busy ClickHouse
_PATIENCE_S = 90.0  # longer than the minute in which Langfuse counts requests
_LAST_PORT = 65535
_KEYS_HINT = "check LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY and LANGFUSE_BASE_URL: project keys, of this host"
_ADDRESS_HINT = "LANGFUSE_BASE_URL is the address of Langfuse itself, such as https://cloud.langfuse.com"


class Overloaded(Retryable):
    """The server gave up on a query: a narrower one may do."""


class TooMany(Retryable):
    """Refused for now, before anything was done."""


class NotHere(Permanent):
    """Not found, or not offered in this server's mode; only the message tells."""


class Client:
    """Requests against `base_url`, signed with a project's keys. Raises `Fatal` for what is no address or no key."""

    def __init__(self, base_url: str, public_key: str, secret_key: str, *, clock: Clock | None = None) -> None:
        self.base_url = _address(base_url)
        if not (public_key.isascii() and public_key.isprintable()):
            raise Fatal("the public key of Langfuse holds characters that no key has", hint=_KEYS_HINT)
        self.clock = clock or Clock()
        self.server_ahead_s = 0.0
        """How far the server's clock was ahead of ours at its last answer; its Date header counts whole seconds."""
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            auth=(public_key, secret_key),
            timeout=httpx.Timeout(_TIMEOUT_S, connect=30.0),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
            headers={"x-langfuse-sdk-name": "understudy", "x-langfuse-public-key": public_key},
        )
        self.sdk = AsyncLangfuseAPI(
            base_url=self.base_url,
            username=public_key,
            password=secret_key,
            httpx_client=self._http,
            timeout=_TIMEOUT_S,
        )

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Return the JSON answer. Raises as `send` does."""
        return await self.send("GET", path, query=query)

    async def post(self, path: str, body: Any, *, repeatable: bool = True) -> Any:
        """Send `body` as JSON; return the JSON answer. Raises as `send` does."""
        content, headers = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), {"content-type": "application/json"}
        return await self.send("POST", path, content=content, headers=headers, repeatable=repeatable)

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> Any:
        """Send one request, and again while that may help within a minute and a half.

        One that is not `repeatable` leaves a second trace of itself when only its answer was lost: it is not sent again
        unless the server says that it did nothing.

        Raises `Fatal` for refused keys, `NotHere` for 404, `Permanent` for other refusals with the server's words,
        `Overloaded` where a narrower query may do, `Retryable` for what passes by itself.
        """
        on = worth_waiting if repeatable else _nothing_was_done
        async for attempt in stamina.retry_context(on=on, attempts=6, timeout=_PATIENCE_S):
            with attempt:
                return await self._once(method, path, query, content, headers)
        raise AssertionError("stamina returns or raises")

    @cached_property
    def unsigned(self) -> httpx.AsyncClient:
        """For addresses that are a permission by themselves: no key goes along."""
        return httpx.AsyncClient(timeout=httpx.Timeout(_TIMEOUT_S, connect=30.0))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        if "unsigned" in self.__dict__:
            await self.unsigned.aclose()

    async def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> Any:
        try:
            response = await self._http.request(method, path, params=query, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise Retryable(f"Langfuse at {self.base_url} cannot be reached: {error!r}") from error
        self._note_time(response)
        if response.is_success:
            return said(response)
        raise refusal(response.status_code, response.text, response.headers, f"{method} {path}")

    def _note_time(self, response: httpx.Response) -> None:
        if moment := told_at(response.headers):
            self.server_ahead_s = max(0.0, (moment - self.clock.now()).total_seconds())


def refusal(status: int, text: str, headers: Mapping[str, str], what: str) -> UnderstudyError:
    """Return the error that a refused request means."""
    message = f"Langfuse answered {what} with {status}: {headers.get('location') or text[:500]}"
    match status:
        case 301 | 302 | 307 | 308 | 401 | 403:
            return Fatal(message, hint=_KEYS_HINT)
        case 404 | 410:
            return NotHere(message)
        case 422 | 500 | 502 | 503 | 504 | 524:
            return Overloaded(message)
        case 429:
            return TooMany(message, retry_after_s=wait_s(headers))
        case 408 | 409:
            return Retryable(message, retry_after_s=wait_s(headers))
        case _:
            return Permanent(message)


def from_sdk(error: ApiError, what: str) -> UnderstudyError:
    """Translate the official SDK's error at the edge."""
    return refusal(error.status_code or 500, str(error.body), error.headers or {}, what)


def worth_waiting(error: Exception) -> bool | float:
    """Tell stamina whether to try again, and when: as the server asks, if that is within reason, else by its backoff.

    A heavy query is not repeated as it is.
    """
    if isinstance(error, Overloaded) or not isinstance(error, Retryable):
        return False
    if error.retry_after_s is None:
        return True
    return error.retry_after_s if error.retry_after_s <= _PATIENCE_S else False


def _nothing_was_done(error: Exception) -> bool | float:
    return isinstance(error, TooMany) and worth_waiting(error)


def _address(base_url: str) -> str:
    """Return an address without its last slash, and without a user and password, which no error may show."""
    try:
        url = httpx.URL(base_url.strip())
    except httpx.InvalidURL as error:
        raise Fatal(f"the address of Langfuse is none: {error}", hint=_ADDRESS_HINT) from None
    if url.scheme not in {"http", "https"} or not url.host or (url.port or 0) > _LAST_PORT:
        raise Fatal(f"{url.copy_with(userinfo=b'')} is no address of a Langfuse", hint=_ADDRESS_HINT)
    return str(url.copy_with(userinfo=b"")).rstrip("/")
