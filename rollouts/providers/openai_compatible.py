"""Anything that speaks OpenAI's chat completions: vLLM, LiteLLM, Bifrost, OpenRouter, Ollama and the like."""

from __future__ import annotations

from typing import Literal

from rollouts.openai_wire import ChatCompletions


class OpenAICompatible(ChatCompletions):
    """A model behind a gateway or a server of one's own. Without `api_key_env` no key is sent.

    A cost that the gateway reports is taken as it is.
    """

    max_tokens_key: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"
    """What the limit on output tokens is called; older servers know only this name."""
