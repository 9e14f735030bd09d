"""Damaged logs of the OpenAI family: a call, or `Unusable` with a reason, and never anything else."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from tests.dialogues import dialogues
from tests.logged import generation, result, user
from tests.writers.chat import dify, koog, ollama
from tests.writers.responses import wrapper

_KEYS = st.sampled_from(
    [
        *("role", "content", "text", "type", "input", "output", "tools", "tool_calls", "function", "name", "call_id"),
        *("arguments", "files", "images", "summary", "instructions", "response", "generation_kwargs", "choices"),
        *("delta", "index", "audio", "transcript", "thinking", "message", "done", "status", "incomplete_details"),
    ]
)
_WORDS = st.sampled_from(
    [
        *("user", "assistant", "tool", "message", "reasoning", "function_call", "function_call_output", "input_image"),
        *("input_file", "output_text", "custom_tool_call", "web_search_call", "item_reference", "{}{}", '"', "[null]"),
    ]
)
_LEAVES = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=4) | _WORDS
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=6
)


def _damaged(draw: st.DrawFn, value: Any) -> Any:
    """Replace, drop, double or add parts of a value, here and there."""
    if draw(st.integers(0, 15)) == 0:
        return draw(_VALUES)
    if isinstance(value, dict):
        kept = {key: _damaged(draw, inner) for key, inner in value.items() if draw(st.integers(0, 15))}
        return kept | (draw(st.dictionaries(_KEYS, _VALUES, max_size=1)) if draw(st.integers(0, 9)) == 0 else {})
    if isinstance(value, list):
        return [_damaged(draw, inner) for inner in value for _ in range(draw(st.sampled_from([1, 1, 1, 1, 1, 0, 2])))]
    return value


@st.composite
def logged(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """Draw a request, its answer and its metadata in one of the family's forms, damaged."""
    messages = draw(dialogues())
    asked, answered = (responses := wrapper(messages)).input, responses.output
    chat = [*(hidden := koog(messages)).input, *hidden.output]
    whole = {"object": "response", "status": "completed", "output": [answered], "instructions": "s", "tools": []}
    ollamas, last = (local := ollama(messages)).input["messages"], local.output["message"]
    body, out, metadata = draw(
        st.sampled_from(
            [
                ({"input": asked, "tools": []}, answered, {}),
                (asked, whole, {"instructions": "s"}),
                (chat[:-1], chat[-1:], {"scope": {"name": "ai.koog"}}),
                (chat, None, {"interface": "open-webui"}),
                ({"messages": ollamas, "options": {}}, {"message": last, "done": True}, {}),
                ({"messages": ollamas, "generation_kwargs": {"n": 2}}, [last, "hello"], {}),
                (dify(messages).input, {"text": "hello", "usage": {}}, {}),
                ([[user("hey"), result("c", "found"), None]], [{"choices": [{"delta": {"content": "he"}}]}], {}),
                ({"prompt": "hey", "system": "s", "tools": [{}]}, {"answer": "hello", "sources": []}, {}),
            ]
        )
    )
    return _damaged(draw, body), _damaged(draw, out), _damaged(draw, metadata)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(logged())
def test_a_damaged_log_is_a_call_or_unusable(damaged: tuple[Any, Any, Any]) -> None:
    """Nothing that is logged breaks the reading, and an answer is always an assistant's."""
    asked, answered, metadata = damaged
    known = metadata if isinstance(metadata, dict) else {}
    try:
        call = read_call(generation(asked, answered, metadata=known))
    except Unusable:
        return
    assert call.answer is None or call.answer.message.role == "assistant"
