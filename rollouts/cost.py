"""What a call costs, and about how long a prompt is. An unknown price is `None`, never 0."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, TieredPrices
from pydantic import Field

from rollouts.types import Media, Message, Reasoning, Record, Text, ToolCall, ToolDefinition, ToolResult, Usage

# fmt: off
PREFIXES = frozenset({
    "anthropic", "azure", "azure_ai", "bedrock", "cohere", "deepseek", "fireworks", "gemini", "google", "groq",
    "mistral", "mistralai", "openai", "openrouter", "together", "vertex_ai", "x-ai", "xai",
})
# fmt: on
"""Words before a model's name that gateways such as LiteLLM and OpenRouter add."""

BYTES_PER_TOKEN = 4
"""Of English text; JSON and code take up to twice as many tokens."""
TOKENS_PER_MESSAGE = 4
TOKENS_PER_MEDIA = 1_000
"""Providers charge an image of ordinary size between 250 and 1,600 tokens."""


class Price(Record):
    """USD per million tokens. `None` is unknown."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)
    """Of tokens read from a cache; unknown means as `input`."""
    cache_write: float | None = Field(default=None, ge=0)
    """Of tokens written to a cache; unknown means as `input`."""
    beyond_tokens: int | None = None
    """Above this many input tokens, all tokens of a call have the price `beyond`."""
    beyond: Price | None = None
    source: str = "config"
    """Who says so."""
    free: bool = False
    """Whether calls cost nothing, whatever else is written here: a model of one's own."""

    def worst_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Return the most that so many tokens can cost, which may include writing all of them to a cache."""
        plain = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
        written = plain.model_copy(update={"cache_write_tokens": input_tokens})
        return max(cost(self, plain) or 0.0, cost(self, written) or 0.0)


FREE = Price(input=0, output=0, free=True)


def price_of(model: str, configured: Price | None = None) -> Price | None:
    """Return the configured price, else that of genai-prices as installed (no network is asked), else `None`."""
    if configured is not None:
        return configured
    for name in _names(model):
        try:
            _, found = get_snapshot().find_provider_model(name, None, None, None)
        except LookupError:
            continue
        return _price(found.get_prices(datetime.now(UTC)))
    return None


def cost(price: Price | None, usage: Usage) -> float | None:
    """Return what `usage` costs in USD; `None` when the price or a number of tokens is unknown."""
    if price is not None and price.free:
        return 0.0
    if price is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    if price.beyond is not None and usage.input_tokens > (price.beyond_tokens or 0):
        return cost(price.beyond, usage)
    cached, written = usage.cached_input_tokens or 0, usage.cache_write_tokens or 0
    fresh = max(0, usage.input_tokens - cached - written)
    cached_price = price.input if price.cached_input is None else price.cached_input
    write_price = price.input if price.cache_write is None else price.cache_write
    # Reasoning is part of the output tokens, at their price.
    total = fresh * price.input + cached * cached_price + written * write_price + usage.output_tokens * price.output
    return total / 1_000_000


def estimate_tokens(messages: Sequence[Message], tools: Sequence[ToolDefinition] = ()) -> int:
    """Return about how many tokens a prompt has: four bytes of UTF-8 each. For planning; a tokenizer would differ."""
    written = sum(_bytes(part) for message in messages for part in message.parts)
    offered = sum(_length(tool.name + (tool.description or "")) + _schema_length(tool.parameters) for tool in tools)
    return (written + offered) // BYTES_PER_TOKEN + TOKENS_PER_MESSAGE * len(messages)


def _bytes(part: Text | Reasoning | ToolCall | ToolResult | Media) -> int:
    match part:
        case Text():
            return _length(part.content)
        case ToolCall():
            return _length(part.name) + _length(part.arguments)
        case ToolResult():
            return _length(part.response) + len(part.media) * TOKENS_PER_MEDIA * BYTES_PER_TOKEN
        case Media():
            return TOKENS_PER_MEDIA * BYTES_PER_TOKEN
        case Reasoning():
            return 0  # never sent


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _names(model: str) -> list[str]:
    """Return the name as it is, then without each gateway's prefix."""
    names = [model]
    while "/" in model and model.split("/", 1)[0].lower() in PREFIXES:
        model = model.split("/", 1)[1]
        names.append(model)
    return names


def _price(prices: ModelPrice) -> Price | None:
    """Turn the prices of genai-prices into ours, from the dearest tier down."""
    tiered = [value for value in vars(prices).values() if isinstance(value, TieredPrices)]
    beyond: Price | None = None
    beyond_tokens: int | None = None
    for start in sorted({int(tier.start) for value in tiered for tier in value.tiers} | {0}, reverse=True):
        figures = {
            ours: _at(getattr(prices, theirs, None), start)
            for ours, theirs in (
                ("input", "input_mtok"),
                ("output", "output_mtok"),
                ("cached_input", "cache_read_mtok"),
                ("cache_write", "cache_write_mtok"),
            )
        }
        if figures["input"] is None or figures["output"] is None:
            return None
        beyond = Price.model_validate(
            figures | {"beyond": beyond, "beyond_tokens": beyond_tokens, "source": "genai-prices"}
        )
        beyond_tokens = start
    return beyond


def _at(price: Decimal | TieredPrices | None, start: int) -> float | None:
    if isinstance(price, TieredPrices):
        reached = [tier.price for tier in price.tiers if tier.start <= start]
        return float(reached[-1] if reached else price.base)
    return None if price is None else float(price)


def _schema_length(schema: dict[str, Any] | None) -> int:
    try:
        return len(orjson.dumps(schema))
    except TypeError:  # a whole number beyond 64 bits
        return len(json.dumps(schema))
