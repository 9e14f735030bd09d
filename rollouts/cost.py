"""What a call costs, to the picodollar, and about how long a prompt is. An unknown price is `None`, never 0."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import orjson
from pydantic import Field

from rollouts.ledger import dollars
from rollouts.types import Media, Message, Reasoning, Record, Text, ToolCall, ToolDefinition, ToolResult, Usage

BYTES_PER_TOKEN = 4
"""Of English text; JSON and code take up to twice as many tokens."""
DEAREST = 1_000_000
"""A dollar a token. Sums at higher prices would soon be too large for SQLite's integers."""
MOST_TOKENS = 10**9
"""No call has more."""
TOKENS_PER_MESSAGE = 4
TOKENS_PER_MEDIA = 1_000
"""Providers charge an image of ordinary size between 250 and 1,600 tokens."""
TOKENS_FOR_TOOLS = 150
"""Providers tell a model how tools are called, once for all of them: Anthropic in 159 to 530 tokens, never more than
four times this (https://docs.anthropic.com/en/docs/tool-use-pricing-and-tokens)."""


class Price(Record):
    """USD per million tokens. `None` is unknown."""

    input: float = Field(ge=0, le=DEAREST)
    output: float = Field(ge=0, le=DEAREST)
    cached_input: float | None = Field(default=None, ge=0, le=DEAREST)
    """Of tokens read from a cache; unknown means as `input`."""
    cache_write: float | None = Field(default=None, ge=0, le=DEAREST)
    """Of tokens written to a cache; unknown means as `input`."""
    beyond_tokens: int | None = None
    """Above this many input tokens, all tokens of a call have the price `beyond`."""
    beyond: Price | None = None
    source: str = "config"
    """Who says so."""
    as_of: date | None = None
    """When it was last known to hold."""
    free: bool = False
    """Whether calls cost nothing, whatever else is written here: a model of one's own."""

    def worst(self, input_tokens: int, output_tokens: int) -> int:
        """Return the most picodollars that up to so many tokens can cost: in the dearest tier, by the dearest way."""
        return max(
            input_tokens * max(map(per_token, tier.reads)) + output_tokens * per_token(tier.output)
            for tier in self.tiers
        )

    @property
    def tiers(self) -> Iterator[Price]:
        """Return the price itself, and those of longer prompts."""
        yield FREE if self.free else self
        if self.beyond is not None and not self.free:
            yield from self.beyond.tiers

    @property
    def reads(self) -> tuple[float, float, float]:
        """USD per million tokens that are read as they are, from a cache, and into a cache."""
        cached = self.input if self.cached_input is None else self.cached_input
        return self.input, cached, self.input if self.cache_write is None else self.cache_write

    @property
    def words(self) -> str:
        """Who says so, and when."""
        return self.source if self.as_of is None else f"{self.source}, {self.as_of}"


FREE = Price(input=0, output=0, free=True)


def per_token(usd: float) -> int:
    """Return USD per million tokens as picodollars per token: exact up to six decimals."""
    return round(usd * 1_000_000)


def cost(price: Price | None, usage: Usage) -> float | None:
    """Return what `usage` costs in USD; `None` when the price or a number of tokens is unknown.

    It is the number next to a whole sum of picodollars, which `picodollars` gives back unharmed up to some $4,000.
    """
    if price is not None and price.free:
        return 0.0
    if price is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    if price.beyond is not None and usage.input_tokens > (price.beyond_tokens or 0):
        return cost(price.beyond, usage)
    cached, written = usage.cached_input_tokens or 0, usage.cache_write_tokens or 0
    counted = (max(0, usage.input_tokens - cached - written), cached, written)
    read = sum(tokens * per_token(usd) for tokens, usd in zip(counted, price.reads, strict=True))
    # Reasoning is part of the output tokens, at their price.
    return dollars(read + usage.output_tokens * per_token(price.output))


def believable(usage: Usage) -> bool:
    """Whether a call can have used that much: servers write -1 for what they do not know, and break in other ways."""
    return all(tokens is None or 0 <= tokens <= MOST_TOKENS for tokens in vars(usage).values())


def estimate_tokens(messages: Sequence[Message], tools: Sequence[ToolDefinition] = ()) -> int:
    """Return about how many tokens a prompt has: four bytes of UTF-8 each. For planning; a tokenizer would differ."""
    written = sum(_bytes(part) for message in messages for part in message.parts)
    offered = sum(_length(tool.name + (tool.description or "")) + _schema_length(tool.parameters) for tool in tools)
    framed = TOKENS_PER_MESSAGE * len(messages) + (TOKENS_FOR_TOOLS if tools else 0)
    return (written + offered) // BYTES_PER_TOKEN + framed


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


def _schema_length(schema: dict[str, Any] | None) -> int:
    try:
        return len(orjson.dumps(schema))
    except TypeError:  # a whole number beyond 64 bits
        return len(json.dumps(schema))
