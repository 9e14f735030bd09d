"""OpenAI, by chat completions."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from openai import AsyncOpenAI

from rollouts.endpoint import Endpoint
from rollouts.openai_wire import chat, losses, open_client
from rollouts.provider import Provider
from rollouts.types import Completion, Request


class OpenAI(Endpoint, Provider):
    """A model of OpenAI."""

    base_url: str = "https://api.openai.com/v1"
    """Address of the provider's API."""
    api_key_env: str | None = "OPENAI_API_KEY"
    """The environment variable that holds the key; with `_FILE` added, one that names a file with the key."""
    max_tokens_key: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """What the limit on output tokens is called."""

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
