"""Prices by a model's name, from genai-prices as installed: no network is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import version

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelPrice, TieredPrices

from rollouts.cost import Price

# fmt: off
PREFIXES = frozenset({
    "anthropic", "azure", "azure_ai", "bedrock", "cohere", "deepseek", "fireworks", "gemini", "google", "groq",
    "mistral", "mistralai", "openai", "openrouter", "together", "vertex_ai", "x-ai", "xai",
})
# fmt: on
"""Words before a model's name that gateways such as LiteLLM and OpenRouter add."""


def price_of(model: str) -> Price | None:
    """Return the list's price of a model, also under the names of gateways; `None` where it has none."""
    for name in _names(model):
        try:
            _, found = get_snapshot().find_provider_model(name, None, None, None)
        except LookupError:
            continue
        return _price(found.get_prices(datetime.now(UTC)))
    return None


@cache
def _listed() -> tuple[str, date | None]:
    """Return the price list and its date: the list bears none, so it is that of the last change that it knows of."""
    prices = [m.prices for provider in get_snapshot().providers for m in provider.models if isinstance(m.prices, list)]
    begun = [getattr(each.constraint, "start_date", None) for conditional in prices for each in conditional]
    today = datetime.now(UTC).date()
    return f"genai-prices {version('genai-prices')}", max((at for at in begun if at and at <= today), default=None)


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
    source, as_of = _listed()
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
            figures | {"beyond": beyond, "beyond_tokens": beyond_tokens, "source": source, "as_of": as_of}
        )
        beyond_tokens = start
    return beyond


def _at(price: Decimal | TieredPrices | None, start: int) -> float | None:
    if isinstance(price, TieredPrices):
        reached = [tier.price for tier in price.tiers if tier.start <= start]
        return float(reached[-1] if reached else price.base)
    return None if price is None else float(price)
