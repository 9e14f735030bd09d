"""Which integration logged an observation: told by its scope, else by the marks that each leaves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.formats.attributes import attributes, scope
from connector.traces import Observation

_OWN_SCOPES = ("langfuse-sdk", "langfuse-tracer")
"""Langfuse's SDKs write for whoever uses them."""
_SCOPES = {"ai": "vercel-ai", "litellm": "litellm-otel"}
# fmt: off
_METADATA = {
    "ls_provider": "langfuse.langchain", "ls_model_name": "langfuse.langchain", "ls_model_type": "langfuse.langchain",
    "langgraph_node": "langfuse.langchain", "langgraph_step": "langfuse.langchain", "lc_versions": "langfuse.langchain",
    "assistant_index": "claude-code", "assistant_text": "claude-code",
    "hidden_params": "litellm", "requester_metadata": "litellm", "user_api_key": "litellm",
}
"""Keys of the metadata that only one integration writes."""
_PREFIXES = {
    "ai.": "vercel-ai", "codex.": "codex", "langgraph_": "langfuse.langchain", "llm.input_messages": "openinference",
    "openinference.": "openinference", "llm.request.functions.": "openllmetry", "traceloop.": "openllmetry",
    "gcp.vertex.agent.": "google-adk", "logfire.": "logfire", "langsmith.": "langsmith", "genkit:": "genkit",
}
"""How its attributes begin."""
_NAMES = {
    "OpenAI-generation": "langfuse.openai", "OpenAI-completion": "langfuse.openai",
    "OpenAI-embedding": "langfuse.openai", "Mistral-generation": "langfuse.mistral",
}
_NAMES_BEGIN = {
    "ai.generate": "vercel-ai", "ai.stream": "vercel-ai", "litellm-": "litellm", "litellm_": "litellm-otel",
    "llm_response:": "open-webui", "LLM Call ": "claude-code",
}
"""What integrations call an observation, where its user gives it no name."""
_KINDS = {
    "claude_code": "claude-code", "codex": "codex", "dify": "dify", "haystack": "haystack", "open_webui": "open-webui",
    "vercel_ai": "vercel-ai",
}
"""Formats that one integration writes and leaves no other mark."""
# fmt: on
_LANGCHAIN = re.compile(r"Chat[A-Z]\w+")
"""LangChain names a generation after its class: ChatOpenAI."""
_SIGNS_OF_LANGFUSE_OPENAI = {"temperature", "max_tokens", "top_p", "frequency_penalty", "presence_penalty"}


def integration(observation: Observation, kind: str | None = None) -> str | None:
    """Return the integration's name, a scope's as it is; `None` where nothing tells. `kind` is that of its format."""
    name = scope(observation)
    if name and name not in _OWN_SCOPES:
        return _SCOPES.get(name, name)
    marked = _by_metadata(observation) or _by_name(observation.name or "") or _by_parameters(observation.parameters)
    return marked or _KINDS.get(kind or "")


def _by_metadata(observation: Observation) -> str | None:
    if observation.metadata.get("interface") == "open-webui":
        return "open-webui"
    known = (found for key in observation.metadata if (found := _METADATA.get(key)))
    names = [*attributes(observation), *observation.metadata] if observation.metadata else []
    begun = (found for name in names for start, found in _PREFIXES.items() if name.startswith(start))
    return next(known, None) or next(begun, None)


def _by_name(name: str) -> str | None:
    begun = (found for start, found in _NAMES_BEGIN.items() if name.startswith(start))
    return _NAMES.get(name) or ("langfuse.langchain" if _LANGCHAIN.fullmatch(name) else next(begun, None))


def _by_parameters(parameters: Mapping[str, Any]) -> str | None:
    """`langfuse.openai` writes every default, and "Infinity" for no limit, whatever its user calls the generation."""
    all_of_them = parameters.keys() >= _SIGNS_OF_LANGFUSE_OPENAI
    return "langfuse.openai" if all_of_them and parameters["max_tokens"] == "Infinity" else None
