from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.cost import FREE, Price, cost, estimate_tokens
from rollouts.ledger import picodollars
from rollouts.price_list import price_of
from rollouts.types import Media, Message, Reasoning, Text, ToolCall, ToolDefinition, ToolResult, Usage

PRICE = Price(input=2.0, output=10.0, cached_input=0.5, cache_write=2.5)
USAGE = Usage(input_tokens=1_000_000, output_tokens=100_000)


def test_each_kind_of_token_has_its_price() -> None:
    """Cached and cache-writing tokens are part of the input, at prices of their own."""
    usage = USAGE.model_copy(update={"cached_input_tokens": 400_000, "cache_write_tokens": 100_000})
    assert cost(PRICE, usage) == pytest.approx(0.5 * 2 + 0.4 * 0.5 + 0.1 * 2.5 + 0.1 * 10)


def test_reasoning_is_not_paid_twice() -> None:
    """Reasoning tokens are among the output tokens already."""
    assert cost(PRICE, USAGE.model_copy(update={"reasoning_tokens": 90_000})) == cost(PRICE, USAGE)


def test_a_missing_cache_price_is_that_of_the_input() -> None:
    """Without a price for cached tokens they cost what others cost."""
    usage = USAGE.model_copy(update={"cached_input_tokens": 500_000})
    assert cost(Price(input=2.0, output=10.0), usage) == cost(Price(input=2.0, output=10.0), USAGE)


@pytest.mark.parametrize("usage", [Usage(), Usage(input_tokens=1), Usage(output_tokens=1)])
def test_unknown_stays_unknown(usage: Usage) -> None:
    """Neither an unknown price nor an unknown number of tokens becomes 0."""
    assert cost(PRICE, usage) is None
    assert cost(None, USAGE) is None


def test_a_free_model_costs_nothing_even_uncounted() -> None:
    """Free is known to be 0, whatever was used."""
    assert cost(FREE, Usage()) == 0.0
    assert FREE.worst(10**9, 10**9) == 0


def test_long_prompts_may_be_dearer() -> None:
    """Above a threshold all tokens have the higher price."""
    price = Price(input=1, output=1, beyond_tokens=100, beyond=Price(input=2, output=3))
    assert cost(price, Usage(input_tokens=100, output_tokens=0)) == pytest.approx(100e-6)
    assert cost(price, Usage(input_tokens=101, output_tokens=1)) == pytest.approx(205e-6)


@pytest.mark.parametrize("model", ["gpt-4o", "openai/gpt-4o", "azure/gpt-4o", "openrouter/openai/gpt-4o"])
def test_a_known_model_is_priced_under_any_gateway_name(model: str) -> None:
    """The installed price list is asked offline, without the gateways' prefixes."""
    price = price_of(model)
    assert price is not None
    assert (price.input, price.output, price.cached_input) == (2.5, 10.0, 1.25)
    assert price.source == f"genai-prices {version('genai-prices')}"
    assert price.as_of is not None
    assert date(2026, 1, 1) < price.as_of <= datetime.now(UTC).date()
    assert price.words == f"{price.source}, {price.as_of}"


def test_tiers_of_the_price_list_are_kept() -> None:
    """A model with a dearer tier for long prompts keeps it."""
    price = price_of("gemini-2.5-pro")
    assert price is not None
    assert price.beyond is not None
    assert (price.beyond_tokens, price.input, price.beyond.input) == (200_000, 1.25, 2.5)


def test_what_nobody_knows_is_none() -> None:
    """A model of one's own has no price until it is given one."""
    assert price_of("my-company/llama-fine-tuned") is None


def test_the_worst_case_bounds_every_case() -> None:
    """No mix of cached and written tokens costs more than the worst case."""
    for cached, written in ((0, 0), (1_000, 0), (0, 1_000), (300, 700)):
        usage = Usage(input_tokens=1_000, output_tokens=50, cached_input_tokens=cached, cache_write_tokens=written)
        assert picodollars(cost(PRICE, usage) or 0) <= PRICE.worst(1_000, 50)


def test_the_worst_case_of_a_long_prompt_is_its_dearer_tier() -> None:
    """Nobody knows to the token how long a prompt is."""
    price = Price(input=1, output=1, beyond_tokens=100, beyond=Price(input=2, output=3))
    assert price.worst(99, 1) == 99 * 2_000_000 + 3_000_000


@given(
    prices=st.lists(st.decimals(0, 1_000, places=6), min_size=4, max_size=4),
    tokens=st.lists(st.integers(0, 200_000), min_size=4, max_size=4),
)
def test_sums_are_exact(prices: list[Decimal], tokens: list[int]) -> None:
    """Of any price with six decimals, whatever binary fractions make of it: tokens times price, to the picodollar."""
    names = ("input", "cached_input", "cache_write", "output")
    price = Price(**{name: float(usd) for name, usd in zip(names, prices, strict=True)})
    fresh, cached, written, output = tokens
    usage = Usage(
        input_tokens=fresh + cached + written,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        output_tokens=output,
    )
    exact = sum(count * usd for count, usd in zip(tokens, prices, strict=True)) * 1_000_000
    assert picodollars(cost(price, usage) or 0.0) == exact
    assert exact <= price.worst(usage.input_tokens or 0, output)


def test_four_bytes_are_a_token() -> None:
    """Text, calls, results and tools count by bytes, media by a fixed number, tools with a frame; reasoning by none."""
    said = Message(role="user", parts=(Text(content="a" * 400), Text(content="é" * 100)))
    assert estimate_tokens([said]) == 100 + 50 + 4
    worked = Message(
        role="assistant", parts=(ToolCall(id="1", name="n" * 8, arguments="x" * 32), Reasoning(content="z"))
    )
    answered = Message(role="tool", parts=(ToolResult(id="1", response="r" * 40),))
    assert estimate_tokens([worked, answered]) == 10 + 10 + 8
    seen = Message(role="user", parts=(Media(type="blob", modality="image", content="A" * 100_000),))
    assert estimate_tokens([seen]) == 1_004
    assert estimate_tokens([], [ToolDefinition(name="f" * 8, parameters={})]) == 2 + 150
