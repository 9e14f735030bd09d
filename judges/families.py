"""Which family a model is of, by its name: no judge should sit where an answer of its own family is judged.

Judges favour what their own family writes (Panickssery 2024, arXiv 2404.13076), and juries are drawn from different
families for that reason (Verga 2024, arXiv 2404.18796).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Final

# Names as their makers publish them: platform.openai.com/docs/models, docs.anthropic.com/en/docs/about-claude/models,
# ai.google.dev/gemini-api/docs/models, docs.mistral.ai/getting-started/models, docs.x.ai/docs/models,
# docs.cohere.com/docs/models, docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html, and model cards
# on Hugging Face. A name counts from a boundary on: "llama" is Meta's, "ollama" and "tinyllama" are not.
_NAMES: Final = {
    # "o3" only where a name begins: Alibaba's Marco-o1 is none of OpenAI's.
    "openai": r"gpt-?[2-9](?!all)|gpt-oss|chatgpt|codex|(?:text|code)-davinci|(?<![^:.])o\d(?![a-z0-9])",
    "anthropic": r"claude",
    "google": r"gemini|(?:code|med|shield|pali|t5)?gemma|palm-2|(?:text|chat|code|codechat)-(?:bison|unicorn)|learnlm",
    "meta": r"(?:code-?)?llama(?!file|-?cpp|-?index)|vicuna",
    "mistral": r"(?:open-)?mi[sx]tral|ministral|codestral|magistral|devstral|pixtral|voxtral|mathstral",
    "alibaba": r"qwen|qwq|qvq|tongyi",
    "deepseek": r"deepseek|ds-r1|r1-1776",
    "moonshot": r"kimi|moonshot",
    "zhipu": r"glm-?\d|chatglm|charglm|codegeex",
    "xai": r"grok",
    "cohere": r"command-(?:a|r|r7b|light|nightly)(?![a-z])|c4ai|aya-",
    "microsoft": r"phi-?[1-9]|wizardlm-2|mai-(?:\d|ds)",
    "amazon": r"nova-(?:micro|lite|pro|premier|sonic|2)(?![a-z])|titan-(?:text|tg1|embed)",
    "nvidia": r"nemotron",
    "ai21": r"jamba|jurassic|j2-(?:ultra|mid|jumbo)",
    "01-ai": r"yi-(?:\d|large|medium|lightning|spark|vision|coder)",
    "minimax": r"minimax",
    "ibm": r"granite",
    "allenai": r"olmo",
    "databricks": r"dbrx",
    "tencent": r"hunyuan",
    "baidu": r"ernie",
    "bytedance": r"doubao|seed-oss",
    "shanghai-ai-lab": r"internlm",
    "liquid": r"lfm-?\d",
}
_PATTERNS = {family: re.compile(rf"(?<![a-z0-9])(?:{names})") for family, names in _NAMES.items()}

_RELATIVES: Final = (
    # WizardLM-2 8x22B is tuned on Mixtral 8x22B, its 7B on Mistral 7B (Microsoft's model cards, April 2024).
    (re.compile(r"wizardlm-2"), {"mistral"}),
    # What Ollama and Hugging Face call these sizes are distillates on Qwen or Llama (model card of DeepSeek-R1); the
    # 8B was on Llama in January 2025 and is on Qwen3 since May.
    (re.compile(r"deepseek-r1:(?:1\.5|7|8|14|32)b"), {"alibaba"}),
    (re.compile(r"deepseek-r1:(?:8|70)b"), {"meta"}),
)

_PUBLISHERS: Final = {
    "anthropic": "anthropic",
    "google": "google",
    "meta": "meta",
    "meta-llama": "meta",
    "mistral": "mistral",
    "mistralai": "mistral",
    "qwen": "alibaba",
    "alibaba": "alibaba",
    "deepseek": "deepseek",
    "deepseek-ai": "deepseek",
    "moonshot": "moonshot",
    "moonshotai": "moonshot",
    "thudm": "zhipu",
    "z-ai": "zhipu",
    "zai": "zhipu",
    "zai-org": "zhipu",
    "zhipuai": "zhipu",
    "x-ai": "xai",
    "xai": "xai",
    "xai-org": "xai",
    "cohere": "cohere",
    "coherelabs": "cohere",
    "cohereforai": "cohere",
    "amazon": "amazon",
    "ai21": "ai21",
    "ai21labs": "ai21",
    "01-ai": "01-ai",
    "minimax": "minimax",
    "minimaxai": "minimax",
    "allenai": "allenai",
    "ibm-granite": "ibm",
}
"""Who publishes under a name of their own before "/" or, on Bedrock, before ".". Only asked where the model's own name
says nothing, and without OpenAI, Microsoft and NVIDIA: "openai/…" also names a protocol, and the others publish models
that are tuned on someone else's."""

Known = Mapping[str, Collection[str]]
"""Families by model name or glob (`my-*`), set by a person; an empty collection says that a model has no family."""


def families(model: str, known: Known | None = None) -> frozenset[str] | None:
    """Return the families of `model`, lower-case; `None` when its name does not tell, for nothing is guessed.

    A distilled or tuned model is of the family of either parent. What stands before the last "/" is a gateway's or a
    publisher's; of a fine-tuned name (`ft:base:organisation::id`) only the base counts. `known` goes before all that.
    """
    asked = model.strip().lower()
    if (told := _told(asked, known or {})) is not None:
        return told
    name = _own_name(asked)
    found = {family for family, pattern in _PATTERNS.items() if pattern.search(name)}
    found |= {family for pattern, more in _RELATIVES if pattern.search(name) for family in more}
    return frozenset(found) or _published(asked)


def related(one: str, other: str, known: Known | None = None) -> bool | None:
    """Tell whether two models share a family; `None` when either's is unknown and their names are not the same."""
    if one.strip().lower() == other.strip().lower():
        return True
    ours, theirs = families(one, known), families(other, known)
    return None if ours is None or theirs is None else bool(ours & theirs)


def _told(asked: str, known: Known) -> frozenset[str] | None:
    """Return what a person said, an exact name before any glob, and globs in their order."""
    by_name = {name.lower(): frozenset(family.lower() for family in told) for name, told in known.items()}
    globs = (told for glob, told in by_name.items() if fnmatchcase(asked, glob))
    return by_name.get(asked, next(globs, None))


def _own_name(asked: str) -> str:
    """Return the model's name without gateways and publishers, or the base of a fine-tuned one."""
    last = asked.rsplit("/", 1)[-1]
    return last.split(":")[1] if last.startswith("ft:") else last


def _published(asked: str) -> frozenset[str] | None:
    """Return the family of the nearest publisher named before the model."""
    *before, last = asked.split("/")
    publishers = [*before, *last.split(".")[:-1]]
    return next((frozenset({_PUBLISHERS[one]}) for one in reversed(publishers) if one in _PUBLISHERS), None)
