from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.families import families, related


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4.1-2025-04-14", "openai"),
        ("chatgpt-4o-latest(2025-03-26)", "openai"),
        ("o4-mini-high", "openai"),
        ("azure/gpt-4o", "openai"),
        ("azure/my-gpt4o-prod", "openai"),
        ("openai/gpt-oss-120b", "openai"),
        ("ft:gpt-4o-mini-2024-07-18:claude-fans::x1", "openai"),
        ("ft:o4-mini:org::1", "openai"),
        ("claude-3.7-sonnet(thinking)", "anthropic"),
        ("openrouter/anthropic/claude-sonnet-4.5", "anthropic"),
        ("bedrock/us.anthropic.claude-3-5-sonnet-20241022-v2:0", "anthropic"),
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-opus-4", "anthropic"),
        ("models/gemini-2.5-pro", "google"),
        ("projects/p/locations/l/publishers/google/models/gemini-2.0-flash-001", "google"),
        ("gemma-3-27b-it", "google"),
        ("meta.llama3-70b-instruct-v1:0", "meta"),
        ("accounts/fireworks/models/llama-v3p1-70b-instruct", "meta"),
        ("groq/llama-3.3-70b-versatile", "meta"),
        ("ollama/codellama:13b", "meta"),
        ("Mixtral-8x7B-Instruct-v0.1", "mistral"),
        ("codestral-2501", "mistral"),
        ("Qwen3-235B-A22B", "alibaba"),
        ("qwq-32b", "alibaba"),
        ("deepseek/deepseek-chat-v3-0324:free", "deepseek"),
        ("us.deepseek.r1-v1:0", "deepseek"),
        ("moonshotai/Kimi-K2-Instruct", "moonshot"),
        ("z-ai/glm-4.6", "zhipu"),
        ("grok-3-mini-beta", "xai"),
        ("command-r7b-12-2024", "cohere"),
        ("cohere/command", "cohere"),
        ("phi-3-mini-128k-instruct", "microsoft"),
        ("us.amazon.nova-pro-v1:0", "amazon"),
        ("yi-large-preview", "01-ai"),
        ("jamba-1.6-large", "ai21"),
    ],
)
def test_a_name_tells_its_family_behind_any_gateway(model: str, expected: str) -> None:
    """Gateways, regions, publishers, sizes and dates around a name change nothing."""
    assert families(model) == frozenset({expected})


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("DeepSeek-R1-Distill-Llama-70B", {"deepseek", "meta"}),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", {"deepseek", "alibaba"}),
        ("ollama/deepseek-r1:70b", {"deepseek", "meta"}),
        ("ollama/deepseek-r1:671b", {"deepseek"}),
        ("llama-3.1-nemotron-70b-instruct", {"meta", "nvidia"}),
        ("wizardlm-2-8x22b", {"microsoft", "mistral"}),
        ("microsoft/MAI-DS-R1", {"microsoft", "deepseek"}),
    ],
)
def test_a_distilled_model_is_of_both_families(model: str, expected: set[str]) -> None:
    """Who learnt from another or was tuned on its weights is kin to it."""
    assert families(model) == frozenset(expected)


@pytest.mark.parametrize(
    "model",
    [
        "",
        "quasar-alpha",
        "athene-70b",
        "ollama/tinyllama",
        "gpt4all-j",
        "gpt-j-6b",
        "marco-o1",
        "openai/my-own",
        "groq/x",
    ],
)
def test_an_unknown_name_is_unknown(model: str) -> None:
    """Where a name does not tell, nothing is guessed: not from a gateway's protocol, not from part of another word."""
    assert families(model) is None


def test_a_person_knows_better() -> None:
    """What is configured goes before what the name says, the exact name before a glob, in either case."""
    known = {"prod-*": ["anthropic"], "Prod-2": ["openai", "Meta"], "gpt-4o": ["google"], "house": []}
    assert families("prod-1", known) == frozenset({"anthropic"})
    assert families("PROD-2", known) == frozenset({"openai", "meta"})
    assert families("gpt-4o", known) == frozenset({"google"})
    assert families("house", known) == frozenset()


def test_kin_share_a_family() -> None:
    """Two models are related by one common family; an unknown one is related to itself and to nobody for sure."""
    assert related("DeepSeek-R1-Distill-Llama-70B", "llama-3.3-70b") is True
    assert related("gpt-4o", "azure/gpt-4.1-mini") is True
    assert related("gpt-4o", "claude-3-opus") is False
    assert related("gpt-4o", "quasar-alpha") is None
    assert related("quasar-alpha", "Quasar-Alpha") is True


@given(st.text(), st.text())
def test_no_name_makes_it_raise(one: str, other: str) -> None:
    """Any text is a name, and kinship goes both ways."""
    assert related(one, other) == related(other, one)
    assert related(f"ft:{one}", one) in {True, False, None}
