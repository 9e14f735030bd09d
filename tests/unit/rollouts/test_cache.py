"""What makes two questions one, and what is kept of the answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.budget import Budget
from rollouts.cache import MemoryCache, content_of
from rollouts.journal import MemoryJournal
from rollouts.ledger import Outcome
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.providers.openai_compatible import OpenAICompatible
from rollouts.providers.scripted import Scripted
from rollouts.types import Message, Parameters, Request, Text, ToolCall, ToolDefinition, ToolResult

VERSION = "v1"


def said(*words: str) -> tuple[Message, ...]:
    """Return a user's messages."""
    return tuple(Message(role="user", parts=(Text(content=word),)) for word in words)


def asked(*words: str, **others: Any) -> Request:
    """Ask something."""
    return Request(**({"key": "k", "messages": said(*(words or ("hey",)))} | others))


def called(*ids: str) -> tuple[Message, ...]:
    """Return a history with calls of these ids, and their results."""
    calls = tuple(ToolCall(id=name, name="look_up", arguments="{}") for name in ids)
    results = tuple(ToolResult(id=name, response=f"result {n}") for n, name in enumerate(ids))
    return (*said("hey"), Message(role="assistant", parts=calls), Message(role="tool", parts=results))


def model(cache: MemoryCache, journal: MemoryJournal, **script: Any) -> Model:
    """Return a scripted model that uses this cache."""
    provider = Scripted(**({"answers": ("a", "b", "c")} | script))
    return Model(provider, name="m", price=None, limits=Limits(), journal=journal, budget=Budget(None), cache=cache)


@pytest.mark.parametrize(
    "other",
    [
        asked("ho"),
        asked(repetition=1),
        asked(parameters=Parameters(temperature=0.1)),
        asked(parameters=Parameters(stop=())),
        asked(tools=(ToolDefinition(name="look_up"),)),
        asked(messages=(Message(role="user", name="ann", parts=(Text(content="hey"),)),)),
        asked("hey", ""),
    ],
)
def test_what_may_change_the_answer_changes_the_content(other: Request) -> None:
    """Messages, names, tools, parameters and the repetition are all part of the question."""
    assert content_of(other, VERSION) != content_of(asked(), VERSION)
    assert content_of(asked(), "v2") != content_of(asked(), VERSION)


def test_a_null_within_a_schema_counts() -> None:
    """Only what the request itself leaves out is left out."""
    tools = [ToolDefinition(name="f", parameters=schema) for schema in ({"default": None}, {})]
    assert len({content_of(asked(tools=(tool,)), VERSION) for tool in tools}) == 2


def test_who_asks_and_when_changes_nothing() -> None:
    """Neither the call's name nor the trace, neither a default that is spelled out nor an order of keys."""
    schemas = [{"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}]
    first, second = (
        asked(
            key=f"key {n}",
            trace_id=f"trace {n}",
            parameters=parameters,
            tools=(ToolDefinition(name="f", parameters=s),),
        )
        for n, (parameters, s) in enumerate(
            zip((Parameters(temperature=0), Parameters(temperature=0.0, top_p=None)), schemas, strict=True)
        )
    )
    assert content_of(first, VERSION) == content_of(second, VERSION)


def test_ids_of_calls_count_by_what_they_join() -> None:
    """The same conversation recorded again has other ids; results that change places make another one."""
    assert content_of(asked(messages=called("x", "y")), VERSION) == content_of(
        asked(messages=called("1", "0")), VERSION
    )
    crossed = list(called("x", "y"))
    crossed[2] = crossed[2].model_copy(update={"parts": tuple(reversed(crossed[2].parts))})
    assert content_of(asked(messages=tuple(crossed)), VERSION) != content_of(asked(messages=called("x", "y")), VERSION)
    assert content_of(asked(messages=called("x", "x")), VERSION) != content_of(
        asked(messages=called("x", "y")), VERSION
    )


@given(st.text(), st.integers(), st.floats(allow_nan=False))
def test_everything_has_a_content(text: str, number: int, temperature: float) -> None:
    """Half surrogates, whole numbers beyond 64 bits and any float are named, and alike each time."""
    tool = ToolDefinition(name="f", parameters={"const": number, "default": "\ud800"})
    request = asked(text + "\udfff", tools=(tool,), parameters=Parameters(temperature=temperature))
    again = Request.model_validate(request.model_dump())
    assert content_of(request, VERSION) == content_of(again, VERSION)


def test_patience_is_no_part_of_the_version() -> None:
    """Time limits, retries and the key's variable may change without anything being bought anew; the model may not."""
    usual = {"model": "m", "base_url": "http://127.0.0.1:1/v1"}
    versions = [
        model_of(OpenAICompatible(**(usual | changed))).version
        for changed in (
            {},
            {"timeout_s": 5.0},
            {"max_retries": 0},
            {"connections": 5, "api_key_env": "X"},
            {"model": "n"},
        )
    ]
    assert len(set(versions)) == 2
    assert versions[0] != versions[-1]


def model_of(provider: OpenAICompatible) -> Model:
    """Return a model of this provider."""
    limits = Limits(concurrency=1)
    return Model(provider, name="m", price=None, limits=limits, journal=MemoryJournal(), budget=Budget(None))


async def test_another_epoch_and_another_name_buy_nothing() -> None:
    """Two calls of other names ask the same of the same model: one is bought, the other is noted as a hit."""
    cache, journal = MemoryCache(), MemoryJournal()
    asking = model(cache, journal)
    first = await asking.ask(asked(key="one", trace_id="t1"))
    again = await model(cache, journal).ask(asked(key="two", trace_id="t2"))
    assert (first.message, first.cached, again.cached) == (again.message, False, True)
    assert [settled.outcome for _, settled in journal.entries if settled] == [Outcome.ANSWERED, Outcome.CACHED]
    assert list(cache.uses.values()) == [{"t1", "t2"}]


async def test_repetitions_do_not_share_an_answer() -> None:
    """Each of several answers to one question is bought."""
    asking = model(MemoryCache(), MemoryJournal())
    answers = [await asking.ask(asked(key=str(n), repetition=n)) for n in range(3)]
    assert [answer.message.text for answer in answers] == ["a", "b", "c"]


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_what_was_cut_off_is_not_kept(reason: str) -> None:
    """Neither by the limit nor by a filter; it is returned all the same."""
    cache = MemoryCache()
    answer = await model(cache, MemoryJournal(), finish_reason=reason).ask(asked())
    assert (answer.message.text, cache.answers) == ("a", {})


async def test_what_is_not_fit_is_not_kept() -> None:
    """Who asks decides whether an answer is worth anything to others."""
    cache = MemoryCache()
    await model(cache, MemoryJournal()).ask(asked(), fit=lambda answer: answer.message.text != "a")
    assert cache.answers == {}


async def test_an_empty_answer_is_kept() -> None:
    """It is what the model said; asking until it says more would flatter it."""
    cache = MemoryCache()
    await model(cache, MemoryJournal(), answers=("",)).ask(asked())
    assert len(cache.answers) == 1
