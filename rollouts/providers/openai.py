"""OpenAI, by chat completions."""

from __future__ import annotations

from typing import Literal

from rollouts.openai_wire import ChatCompletions


class OpenAI(ChatCompletions):
    """A model of OpenAI."""

    base_url: str = "https://api.openai.com/v1"
    """Address of the provider's API."""
    api_key_env: str | None = "OPENAI_API_KEY"
    """The environment variable that holds the key; with `_FILE` added, one that names a file with the key."""
    max_tokens_key: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """What the limit on output tokens is called."""
