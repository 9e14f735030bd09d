"""Logs that hold less than the model was sent are told by its bill; whole ones are never accused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.calls.weighing import TOO_LITTLE, most_tokens, weighed
from connector.formats.repairs import Repair
from connector.traces import Call
from rollouts.cost import estimate_tokens
from rollouts.types import Completion, Media, Message, Part, Reasoning, Text, ToolDefinition, Usage
from tests.logged import BEGUN

TAU = Path(__file__).resolve().parents[4] / "../shared/data/tau/taubench_airline_gpt-4o.jsonl.gz"
LONG = "The model was sent a system prompt that nobody logged. " * 15
SCHEMA = ToolDefinition(name="look", description="Look it up.", parameters={"type": "object", "properties": {}})


def call(tokens: int | None, *parts: Part, tools: tuple[ToolDefinition, ...] = (), **usage: int) -> Call:
    """Return a call of one message whose provider counted `tokens`."""
    answer = Completion(
        message=Message(role="assistant", parts=(Text(content="ok"),)), usage=Usage(input_tokens=tokens, **usage)
    )
    asked = Message(role="user", parts=parts or (Text(content=LONG),))
    facts = {"trace_id": "t", "observation_id": "o", "started_at": BEGUN, "format": "x"}
    return Call.model_validate({**facts, "messages": (asked,), "tools": tools, "answer": answer})


def test_a_bill_far_above_the_log_is_found() -> None:
    """About 190 visible tokens against 1,846 counted: most of the prompt is missing."""
    assert 150 < estimate_tokens(call(0).messages) < 230
    assert weighed(call(1846)).lacks == TOO_LITTLE


@pytest.mark.parametrize(
    "whole",
    [
        call(None),
        call(250),
        call(600, tools=(SCHEMA,) * 3),
        call(700, Text(content="hi"), tools=(SCHEMA,)),
        call(9_000, Text(content="hi"), Media(type="uri", modality="image", content="https://x/y.png")),
        call(9_000, Text(content="hi"), Reasoning(content="", signature="sealed")),
        call(900, Text(content="안녕하세요 반갑습니다 " * 40)),
        call(20 * 26, Text(content="7f3a9c1e-44d0-4b6e-9a51-0c8de2f7b613\n" * 20)),
        call(9_000, Text(content=LONG * 10), cached_input_tokens=4_500),
        call(4_400, Text(content=LONG * 10)),
        call(9_000, Text(content="hi")).model_copy(update={"repairs": (Repair.PROVIDER_TOOLS,)}),
    ],
    ids=[
        "unknown",
        "prose",
        "tools",
        "Anthropic's own",
        "image",
        "sealed",
        "Korean",
        "identifiers",
        "counted twice",
        "half again",
        "searched",
    ],
)
def test_a_whole_prompt_is_never_accused(whole: Call) -> None:
    """Tools, images, scripts, identifiers and caches cost what no mean would tell."""
    assert weighed(whole).lacks is None


def test_what_lacks_something_else_keeps_its_reason() -> None:
    """The first reason is the more telling one."""
    lacking = call(90_000).model_copy(update={"lacks": "its history"})
    assert weighed(lacking).lacks == "its history"


@given(st.text(max_size=200))
def test_the_bound_lies_above_the_mean(text: str) -> None:
    """Whatever is written: `estimate_tokens` is a mean, this is the most."""
    one = call(1, Text(content=text))
    assert most_tokens(one) >= estimate_tokens(one.messages)


@pytest.mark.skipif(not TAU.exists(), reason="needs ../shared/data/tau")
def test_no_real_conversation_is_accused() -> None:
    """200 conversations of gpt-4o: prose, JSON and identifiers; 2 characters a token would be a bad tokenizer."""
    with gzip.open(TAU, "rt", encoding="utf-8", newline="\n") as file:
        rows = [json.loads(line) for line in file if '"messages"' in line[:2000]]
    for row in rows:
        texts = [str(message["content"] or "") for message in row["messages"]]
        whole = call(sum(map(len, texts)) // 2, *(Text(content=text) for text in texts))
        assert weighed(whole).lacks is None
        assert weighed(call(sum(map(len, texts)) * 2, *(Text(content=text) for text in texts))).lacks == TOO_LITTLE
