import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.errors import Permanent
from rollouts.families import differences, suited
from rollouts.projections.tool_names import safe_names
from rollouts.projections.tool_schemas import mended_tool, strict_enough
from rollouts.types import NamedTool, Parameters, ToolDefinition


@given(st.lists(st.text(max_size=6) | st.sampled_from(["a.b", "a_b", "a b", "n" * 9, "a_b_2"]), max_size=8))
def test_names_stay_apart(names: list[str]) -> None:
    """Every name can be sent afterwards, no two become one, and what could be sent is left alone."""
    found = safe_names(names, longest=8)
    sent = [found.get(name, name) for name in dict.fromkeys(names)]
    assert len(set(sent)) == len(sent)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,8}", name) for name in sent)
    assert not any(re.fullmatch(r"[a-zA-Z0-9_-]{1,8}", name) for name in found)


@pytest.mark.parametrize(
    ("logged", "sent", "named"),
    [
        (None, {"type": "object", "properties": {}}, False),
        ({"type": "object"}, {"type": "object", "properties": {}}, False),
        ({"type": "object", "properties": []}, {"type": "object", "properties": {}}, False),
        (
            {"type": "OBJECT", "properties": {"type": {"type": "STRING", "enum": ["OBJECT"]}}},
            {"type": "object", "properties": {"type": {"type": "string", "enum": ["OBJECT"]}}},
            False,
        ),
        (
            {"properties": {"default": {"type": "ARRAY"}}},
            {"type": "object", "properties": {"default": {"type": "array", "items": {}}}},
            False,
        ),
        (
            {
                "oneOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}}],
                "properties": {"c": {}},
                "required": ["c"],
            },
            {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "required": ["c"]},
            True,
        ),
        (
            {"allOf": [{"properties": {"a": {}}, "required": ["a"]}]},
            {"type": "object", "properties": {"a": {}}, "required": ["a"]},
            True,
        ),
    ],
)
def test_schemas_as_providers_take_them(logged: Any, sent: dict[str, Any], named: bool) -> None:  # noqa: FBT001
    """An object at the top, types in small letters, arrays of something; only alternatives lose anything."""
    losses: list[str] = []
    assert mended_tool(ToolDefinition(name="get", parameters=logged), losses).parameters == sent
    assert bool(losses) is named


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "ARRAY"}, {"type": "object", "properties": "x"}])
def test_arguments_that_cannot_be_an_object(schema: dict[str, Any]) -> None:
    """Both providers call tools with objects only."""
    with pytest.raises(Permanent, match=r"^unreplayable: .*'get'"):
        mended_tool(ToolDefinition(name="get", parameters=schema), [])


def test_what_strict_means() -> None:
    """Every object is closed, and all that it holds is required, down to the last one."""
    inner = {"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}
    outer = {"type": "object", "properties": {"b": inner}, "required": ["b"], "additionalProperties": False}
    assert strict_enough(outer)
    assert not strict_enough({**outer, "properties": {"b": {**inner, "required": []}}})
    assert not strict_enough({**outer, "additionalProperties": True})


SAMPLING = Parameters(temperature=0.2, top_p=0.5)


@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [
        ("gpt-4.1-mini", SAMPLING, SAMPLING),
        ("qwen3-30b", SAMPLING, SAMPLING),
        ("o3-mini-2025-01-31", SAMPLING, Parameters()),
        ("openai/o4-mini", Parameters(stop=("x",), seed=1), Parameters(seed=1)),
        ("gpt-5-mini", SAMPLING, Parameters()),
        ("gpt-5-chat-latest", SAMPLING, SAMPLING),
        ("gpt-5.1", SAMPLING, SAMPLING),
        ("gpt-5.1", Parameters(temperature=0.2, reasoning_effort="low"), Parameters(reasoning_effort="low")),
        ("gpt-6.2-astra", SAMPLING, Parameters()),
        ("gpt-4o", Parameters(reasoning_effort="low"), Parameters()),
        ("claude-opus-4-7", SAMPLING, Parameters()),
        ("us.anthropic.claude-sonnet-5-5-v1:0", SAMPLING, Parameters()),
        ("anthropic/claude-opus-4.8", SAMPLING, Parameters()),
        ("claude-opus-4-5-20251101", SAMPLING, Parameters(temperature=0.2)),
        ("claude-3-5-haiku-latest", SAMPLING, SAMPLING),
        ("claude-haiku-4-5", Parameters(reasoning_effort="low", top_p=0.5), Parameters(top_p=0.5)),
        ("claude-fable-5-1", Parameters(tool_choice=NamedTool(name="get")), Parameters(tool_choice="auto")),
        ("claude-haiku-5-5", Parameters(tool_choice="required"), Parameters(tool_choice="required")),
    ],
)
def test_what_models_are_known_to_refuse(model: str, asked: Parameters, sent: Parameters) -> None:
    """A name is enough for the families of the table; of other models nothing is presumed."""
    assert suited(model, asked, with_tools=False) == sent


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        ("gpt-5.4", "low", None),
        ("gpt-5.4", None, None),
        ("gpt-5.6-luna", "low", "none"),
        ("gpt-5.6-luna", None, "none"),
        ("gpt-6-sol", None, "none"),
        ("gpt-5.2", "low", "low"),
        ("gpt-5", "low", "low"),
    ],
)
def test_reasoning_with_tools_in_a_chat(model: str, effort: str | None, sent: str | None) -> None:
    """From GPT-5.4 on the two exclude each other, from GPT-5.6 on that must be said; and it is named."""
    asked = Parameters(reasoning_effort=effort)
    got = suited(model, asked, with_tools=True)
    assert got.reasoning_effort == sent
    assert bool(differences(asked, got)) is (sent != effort)


def test_what_a_model_does_anyhow_is_no_loss() -> None:
    """Many loggers write every default; leaving those out changes nothing."""
    asked = Parameters(temperature=1, top_p=1, presence_penalty=0, parallel_tool_calls=True, frequency_penalty=0.5)
    assert differences(asked, suited("o3", asked, with_tools=False)) == ("frequency_penalty",)
