"""Anthropic, by its messages, and gateways that speak them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import anthropic
import httpx2
from pydantic import Field

from rollouts.endpoint import Endpoint, encoded, ended, unreachable
from rollouts.errors import Retryable
from rollouts.families import SAMPLING
from rollouts.projections.anthropic_messages import from_anthropic
from rollouts.projections.anthropic_request import anthropic_request
from rollouts.projections.asked import Asked
from rollouts.projections.ranges import without
from rollouts.projections.tool_names import renamed
from rollouts.provider import Provider
from rollouts.refusals import Refusal
from rollouts.types import Completion, Parameters, Request, Usage

LAST_WITH_SAMPLING = "2023-06-01"
"""The API version that still knows temperature and top_p."""

_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class Anthropic(Endpoint, Provider):
    """A model of Anthropic."""

    base_url: str = "https://api.anthropic.com"
    """Address of the provider's API, without `/v1`."""
    api_key_env: str | None = "ANTHROPIC_API_KEY"
    """The environment variable that holds the key; with `_FILE` added, one that names a file with the key."""
    anthropic_version: str | None = None
    """The header of that name. The default is the SDK's; gateways may know only `2023-06-01`, and the key then goes
    into `x-api-key` too, as it did at that time."""
    max_tokens: int = Field(default=4096, gt=0)
    """For requests that do not say, because Anthropic must know."""

    @cached_property
    def _client(self) -> anthropic.AsyncAnthropic:
        key = self.key()
        older = {"anthropic-version": self.anthropic_version, "x-api-key": key} if self.anthropic_version else None
        return anthropic.AsyncAnthropic(
            api_key=key,
            base_url=self.base_url,
            max_retries=0,  # every try is a purchase of its own, so `Model` does it
            default_headers=older,
            # Else each call becomes a span, which Langfuse would take for a trace of production.
            open_telemetry=False,
            http_client=self.transport(anthropic.DefaultAioHttpClient),
        )

    async def complete(self, request: Request) -> Completion:
        """Answer once; see the port."""
        asked = self._asked(request)
        body = encoded({"model": self.model, **asked.body, **self.extra_body})
        client = self._client
        options: Any = {"headers": {"content-type": "application/json"}, "timeout": client.timeout}
        try:
            async with self.within_time():
                # Past the SDK's signature, which has no temperature, and past its models, which cost time.
                response = await client.post("/v1/messages", content=body, cast_to=httpx2.Response, options=options)
        except anthropic.APIStatusError as error:
            refusal = Refusal.read(error.response)
        except anthropic.APIConnectionError as error:
            raise unreachable(self.base_url, error) from None
        else:
            return _completion(response, asked.names)
        # Out of the `except`, so that no traceback prints the request with the key in it.
        raise refusal.error(model=self.model, key_env=self.api_key_env, key=client.api_key)

    def losses(self, request: Request) -> tuple[str, ...]:
        """Name what Anthropic's messages cannot hold, and what this model does not take."""
        asked = self._asked(request)
        encoded(asked.body)
        return tuple(dict.fromkeys((*asked.losses, *self.refused(request))))

    def suited(self, request: Request) -> Parameters:
        """Return what models of this name take; Claude's API since 2026-10-21 samples as it likes, whatever the model.

        https://platform.claude.com/docs/en/api/versioning
        """
        known = super().suited(request)
        return without(known, *SAMPLING) if self.anthropic_version != LAST_WITH_SAMPLING and self._is_claude else known

    @property
    def _is_claude(self) -> bool:
        return "claude" in self.model.lower()

    def _asked(self, request: Request) -> Asked:
        return anthropic_request(request, self.wanted(request), max_tokens=self.max_tokens)

    async def aclose(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            await self._client.close()


def _completion(response: httpx2.Response, names: Mapping[str, str]) -> Completion:
    try:
        reply = json.loads(response.content)  # orjson would round long numbers in a call's arguments
        reason = reply.get("stop_reason")
        return Completion(
            message=renamed(from_anthropic(reply), names),
            model=reply.get("model"),
            finish_reason=_FINISH_REASONS.get(reason, reason),
            usage=_usage(reply.get("usage") or {}),
            **ended(response),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Retryable(f"the answer cannot be read: {type(error).__name__}: {error}", paid=True) from None


def _usage(usage: Mapping[str, Any]) -> Usage:
    """Anthropic counts what went through the cache apart from `input_tokens`; we count it in."""
    fresh, cached = usage.get("input_tokens"), usage.get("cache_read_input_tokens")
    written = usage.get("cache_creation_input_tokens")
    return Usage(
        input_tokens=None if fresh is None else fresh + (cached or 0) + (written or 0),
        output_tokens=usage.get("output_tokens"),
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=(usage.get("output_tokens_details") or {}).get("thinking_tokens"),
    )
