"""Which integration wrote an observation, by its scope or by the marks that it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from connector.formats.integration import integration
from connector.formats.response_ids import follows, response_id
from connector.traces import Observation
from tests.logged import BEGUN

DEFAULTS = {"temperature": 1, "max_tokens": "Infinity", "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0}


def row(**more: Any) -> Observation:
    """Return a generation."""
    return Observation(id="o", trace_id="t", type="GENERATION", started_at=BEGUN, **more)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (
            {"metadata": {"scope": {"name": "openinference.instrumentation.langchain"}}},
            "openinference.instrumentation.langchain",
        ),
        ({"metadata": {"scope.name": "pydantic-ai"}}, "pydantic-ai"),
        ({"metadata": {"scope": '{"name": "ai"}'}}, "vercel-ai"),
        ({"metadata": {"scope": {"name": "langfuse-sdk"}, "ls_provider": "openai"}}, "langfuse.langchain"),
        ({"metadata": {"langgraph_node": "agent"}}, "langfuse.langchain"),
        ({"name": "ChatAnthropic"}, "langfuse.langchain"),
        ({"name": "Chat with a user"}, None),
        ({"name": "OpenAI-generation"}, "langfuse.openai"),
        ({"name": "my-own", "parameters": DEFAULTS}, "langfuse.openai"),
        ({"parameters": {"temperature": 1}}, None),
        ({"name": "litellm-acompletion"}, "litellm"),
        ({"metadata": {"attributes": {"ai.operationId": "ai.generateText"}}}, "vercel-ai"),
        ({"metadata": {"attributes.ai.operationId": "ai.generateText"}}, "vercel-ai"),
        ({"metadata": {"interface": "open-webui", "type": "llm_response"}}, "open-webui"),
        ({"metadata": {"codex.step_index": 1}}, "codex"),
        ({"metadata": {"assistant_index": 0, "assistant_text": {}}}, "claude-code"),
        ({}, None),
    ],
)
def test_an_integration_is_known_by_its_marks(more: dict[str, Any], name: str | None) -> None:
    """A scope is taken as it is; Langfuse's own SDKs write for others, whom their marks tell."""
    assert integration(row(**more)) == name


def test_a_format_may_tell_what_no_mark_does() -> None:
    """Dify's messages are like nobody else's."""
    assert integration(row(), "dify") == "dify"
    assert integration(row(metadata={"scope": {"name": "x"}}), "dify") == "x"


@pytest.mark.parametrize(
    ("more", "ids"),
    [
        ({"metadata": {"attributes": {"gen_ai.response.id": "r1", "gen_ai.conversation.id": "r0"}}}, ("r1", "r0")),
        ({"output": {"id": "r1", "object": "response", "previous_response_id": "r0"}}, ("r1", "r0")),
        ({"input": {"input": "hi", "previous_response_id": "r0"}, "output": {"id": 7}}, (None, "r0")),
        ({"input": {"conversation": {"id": "conv_1"}}}, (None, "conv_1")),
        ({"input": {"conversation": "conv_1"}, "output": {"id": "an order", "total": 3}}, (None, "conv_1")),
        ({"metadata": {"previous_response_id": "r0"}}, (None, "r0")),
        ({"metadata": {"previous_response_id": None}, "input": "text", "output": ["x"]}, (None, None)),
    ],
)
def test_responses_and_what_they_follow_are_named(more: dict[str, Any], ids: tuple[str | None, str | None]) -> None:
    """In attributes, in a request, or in a response that was logged whole; never in an answer's own table."""
    assert (response_id(row(**more)), follows(row(**more))) == ids
