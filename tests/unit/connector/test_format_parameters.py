"""How a logged call was asked, and what it took."""

from __future__ import annotations

from typing import Any

import pytest

from connector.formats.detect import read_call
from connector.traces import Call
from rollouts.types import NamedTool, Parameters
from tests.logged import generation, user

HEY = [user("hey")]


def read(asked: Any, answered: Any = "hello", **more: Any) -> Call:
    """Read one call, whoever understands it."""
    return read_call(generation(asked, answered, **more))


def test_parameters_under_all_their_names() -> None:
    """Strings are numbers, aliases are known, the observation's word wins over the body's."""
    body = {"messages": HEY, "temperature": 1.0, "toolChoice": "any", "stop_sequences": ["END"], "topP": "0.9"}
    logged = {"temperature": "0.2", "maxTokens": "100", "parallel_tool_calls": "True", "seed": 7.0}
    assert read(body, parameters=logged).parameters == Parameters(
        temperature=0.2,
        top_p=0.9,
        max_tokens=100,
        stop=("END",),
        seed=7,
        tool_choice="required",
        parallel_tool_calls=True,
    )


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "function", "function": {"name": "look_up"}}, NamedTool(name="look_up")),
        ('{"type": "tool", "name": "look_up"}', NamedTool(name="look_up")),
        ({"type": "any"}, "required"),
        ("<tool object at 0x7f>", None),
        (7, None),
    ],
)
def test_tool_choices(choice: Any, expected: Any) -> None:
    """OpenAI's and Anthropic's way to name a tool; a repr is nothing."""
    assert read({"messages": HEY, "tool_choice": choice}).parameters.tool_choice == expected


@pytest.mark.parametrize(
    "junk", ["Infinity", "NaN", "", "null", "None", None, -1, 10**400, "<NotGiven object at 0x7f>", {}, [], True, "x"]
)
def test_junk_counts_as_unset(junk: Any) -> None:
    """What loggers write for "not given" never reaches a provider."""
    assert read(HEY, parameters={"max_tokens": junk, "top_p": None if junk == -1 else junk}).parameters == Parameters()


def test_an_applications_own_facts_are_no_parameters() -> None:
    """A weather service may note a temperature in its metadata."""
    assert read(HEY, metadata={"temperature": 21, "stop": "Central Station"}).parameters == Parameters()


def test_what_an_answer_took() -> None:
    """Tokens (a cache's among them), cost, latency and model; what nobody logged is unknown, and never 0."""
    answer = read(HEY, usage={"input": 7, "output": 2, "input_cached_tokens": 4}).answer
    assert answer is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.cached_input_tokens) == (11, 2, 4)
    assert (answer.cost_usd, answer.latency_s, answer.model) == (0.001, 0.5, "kestrel-2")
    bare = read(HEY, usage={"input": float("nan"), "output": -1}, cost_usd=None, latency_s=None, model=None).answer
    assert bare is not None
    assert (bare.usage.input_tokens, bare.usage.output_tokens, bare.cost_usd, bare.latency_s, bare.model) == (None,) * 5


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
AS_CHAT = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}


@pytest.mark.parametrize(("form", "expected"), [(SCHEMA, AS_CHAT), ("json", {"type": "json_object"}), ("wav", None)])
def test_ollama_names_the_form_of_an_answer(form: Any, expected: Any) -> None:
    """A schema, or the word `json`: in the body, or among the logged parameters."""
    done = {"message": {"role": "assistant", "content": "{}"}, "done": True}
    call = read({"messages": HEY, "format": form}, done)
    assert (call.format, call.parameters.response_format) == ("ollama", expected)
    assert read(HEY, "{}", parameters={"format": form}).parameters.response_format == expected
