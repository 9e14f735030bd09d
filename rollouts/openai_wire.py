"""One call in the dialect of OpenAI chat completions, for every provider that speaks it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

import httpx2
import openai
import orjson

from rollouts.endpoint import Endpoint, encoded, ended, unreachable
from rollouts.errors import Retryable
from rollouts.families import MISTRAL
from rollouts.projections.asked import Asked
from rollouts.projections.openai_chat import IDS, from_openai
from rollouts.projections.openai_request import openai_request
from rollouts.projections.tool_names import renamed
from rollouts.provider import Provider
from rollouts.refusals import Refusal
from rollouts.types import Completion, Request, Usage

_NO_KEY = "never-sent"
"""The SDK wants a key even where its header is left out."""
MISTRAL_IDS = re.compile(r"[a-zA-Z0-9]{9}")
_WITH_KEY: Any = {"headers": {"content-type": "application/json"}}
_WITHOUT_KEY: Any = {"headers": {"content-type": "application/json", "authorization": openai.Omit()}}


class ChatCompletions(Endpoint, Provider):
    """What every provider of this dialect does; they differ in their fields' defaults alone."""

    max_tokens_key: str
    """What the limit on output tokens is called."""

    @cached_property
    def _client(self) -> openai.AsyncOpenAI:
        return open_client(self)

    async def complete(self, request: Request) -> Completion:
        """Answer once; see the port."""
        return await _chat(self, self._client, self.model, request, max_tokens_key=self.max_tokens_key)

    def losses(self, request: Request) -> tuple[str, ...]:
        """Name what chat completions cannot hold, and what this model does not take."""
        return _losses(self, self.model, request)

    async def aclose(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            await self._client.close()


def open_client(endpoint: Endpoint) -> openai.AsyncOpenAI:
    """Open a client; this takes some 50 ms, so keep it. Raises `Fatal` without a key."""
    return openai.AsyncOpenAI(
        api_key=endpoint.key() or _NO_KEY,
        base_url=endpoint.base_url,
        max_retries=0,  # every try is a purchase of its own, so `Model` does it
        http_client=endpoint.transport(openai.DefaultAioHttpClient),
    )


async def _chat(
    endpoint: Endpoint, client: openai.AsyncOpenAI, model: str, request: Request, *, max_tokens_key: str
) -> Completion:
    """Ask once, through the SDK's client but without its models: that takes a third to an eighth of the time."""
    asked = _asked(endpoint, model, request, max_tokens_key)
    body = {"model": model, **asked.body, **endpoint.extra_body}
    response = await posted(endpoint, client, model, "/chat/completions", body)
    reply = _read(response)
    if refusal := _refusal(reply):
        raise refusal.error(model=model, key_env=endpoint.api_key_env, key=client.api_key)
    return _completion(reply, response, asked.names)


async def posted(
    endpoint: Endpoint, client: openai.AsyncOpenAI, model: str, path: str, body: Mapping[str, Any]
) -> httpx2.Response:
    """Return what the server answers to `body`. Raises what its refusal means, or that nothing came back."""
    content, options = encoded(body), _WITH_KEY if endpoint.api_key_env else _WITHOUT_KEY
    try:
        async with endpoint.within_time():
            return await client.post(path, content=content, cast_to=httpx2.Response, options=options)
    except openai.APIStatusError as error:
        refusal = Refusal.read(error.response)
    except openai.APIConnectionError as error:
        raise unreachable(endpoint.base_url, error) from None
    # Out of the `except`, so that no traceback prints the request with the key in it.
    raise refusal.error(model=model, key_env=endpoint.api_key_env, key=client.api_key)


def _losses(endpoint: Endpoint, model: str, request: Request) -> tuple[str, ...]:
    """Name what is lost on the way to this model. Raises `Permanent` for what cannot be asked at all."""
    asked = _asked(endpoint, model, request)
    encoded(asked.body)
    return tuple(dict.fromkeys((*asked.losses, *endpoint.refused(request))))


def _asked(endpoint: Endpoint, model: str, request: Request, max_tokens_key: str = "max_completion_tokens") -> Asked:
    ids = MISTRAL_IDS if MISTRAL.search(model) else IDS
    return openai_request(request, endpoint.wanted(request), max_tokens_key=max_tokens_key, ids=ids)


def _read(response: httpx2.Response) -> Any:
    for read in (orjson.loads, json.loads):  # half a Unicode pair is JSON to the slower one alone
        with suppress(ValueError, RecursionError):
            return read(response.content)
    raise Retryable(f"the answer is no JSON: {response.text[:200]!r}", paid=True)


def _refusal(reply: Any) -> Refusal | None:
    """Gateways such as OpenRouter send an error with status 200, in place of the choices or inside of one."""
    try:
        failed = [choice for choice in reply.get("choices") or () if choice["finish_reason"] == "error"]
        if reply.get("choices") and not failed:
            return None
        error = (failed[0] if failed else reply).get("error")
        status = int(error["code"]) if error and str(error.get("code")).isdigit() else 502
    except (AttributeError, KeyError, TypeError, IndexError):
        return Refusal(502, "the answer has no choices", paid=True)
    refusal = Refusal.worded(status, {"error": error or "the answer has no choices"})
    return refusal._replace(paid=bool(failed) or not error)


def _completion(reply: Mapping[str, Any], response: httpx2.Response, names: Mapping[str, str]) -> Completion:
    try:
        choice = reply["choices"][0]
        usage = reply.get("usage") or {}
        return Completion(
            message=renamed(from_openai({"role": "assistant", **choice["message"]}), names),
            model=reply.get("model"),
            finish_reason=choice.get("finish_reason"),
            usage=_usage(usage),
            cost_usd=usage.get("cost"),  # OpenRouter
            **ended(response),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Retryable(f"the answer cannot be read: {type(error).__name__}: {error}", paid=True) from None


def _usage(usage: Mapping[str, Any]) -> Usage:
    read = usage.get("prompt_tokens_details") or {}
    written = usage.get("completion_tokens_details") or {}
    return Usage(
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=_written(usage),
        cached_input_tokens=read.get("cached_tokens"),
        cache_write_tokens=read.get("cache_write_tokens"),
        reasoning_tokens=written.get("reasoning_tokens"),
    )


def _written(usage: Mapping[str, Any]) -> int | None:
    """Return all that was written: xAI and Gemini leave reasoning out of the completion, but not out of the total."""
    read, total = usage.get("prompt_tokens"), usage.get("total_tokens")
    written: int | None = usage.get("completion_tokens")
    if read is None or written is None or total is None:
        return written
    return max(written, int(total) - int(read))
