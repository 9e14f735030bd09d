"""Anything that speaks OpenAI's chat completions: vLLM, LiteLLM, Bifrost, OpenRouter, Ollama and the like."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from openai import AsyncOpenAI

from rollouts.endpoint import Endpoint
from rollouts.openai_wire import chat, losses, open_client
from rollouts.provider import Provider
from rollouts.types import Completion, Request


class OpenAICompatible(Endpoint, Provider):
    """A model behind a gateway or a server of one's own. Without `api_key_env` no key is sent.

    A cost that the gateway reports is taken as it is.
    """

    max_tokens_key: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"
    """What the limit on output tokens is called; older servers know only this name."""

    @cached_property
    def _client(self) -> AsyncOpenAI:
        return open_client(self)

    async def complete(self, request: Request) -> Completion:
        """Answer once; see the port."""
        return await chat(self, self._client, self.model, request, max_tokens_key=self.max_tokens_key)

    def losses(self, request: Request) -> tuple[str, ...]:
        """Name what chat completions cannot hold, and what this model does not take."""
        return losses(self, self.model, request)

    async def aclose(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            await self._client.close()
