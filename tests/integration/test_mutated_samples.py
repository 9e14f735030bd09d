"""Nothing that a log can hold breaks the reading: samples and written calls with damage done to them."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.assemble import assemble
from connector.formats.custom_keys import CustomKeys
from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.langfuse.rows import observation
from connector.split import split
from connector.traces import Observation, Trace
from connector.turns.worth import TurnRules
from rollouts.types import Message, Text, ToolCall, ToolResult
from tests.dialogues import Dialogue, said
from tests.integration.samples import MANIFEST, as_strings, needed, rows_of
from tests.logged import generation
from tests.writers import WRITERS

SAMPLE_CASES, WRITTEN_CASES = 68, 100
"""For each row of a sample and for each writer: some 10,000 and some 4,500 cases in all."""
SEEDS = range(4)
RULES = TurnRules(tools_missing="include", without_producer="always")
CONFIGURED = (CustomKeys(question=("ticket.body",), answer=("draft",)),)
Damage = Callable[[Any, random.Random], Any]
SIDES = ("input", "output", "metadata", "parameters")
HALF = r"\ud83d"
"""Of a surrogate pair, as JSON escapes it; no source hands one out as it is."""
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**400, 1e308, math.nan, math.inf, "", " ", "x", "null", "{", '"', "[]", "{}", "[{]"),
    *(
        HALF,
        f'["{HALF}"]',
        r'"\ud83d"',
        "\x00",
        [],
        {},
        [[]],
        [{}],
        [None],
        {"": None},
        {"role": "user"},
        {"type": "text"},
    ),
    *({"role": []}, {"type": {}, "content": {}}, [["user", "x"]], {"messages": [{}]}, {"parts": [None]}),
)
CALL = (ToolCall(id="c1", name="look", arguments='{"a":1}'), ToolCall(id="c2", name="look", arguments="{}"))
EXCHANGE = (said("user", "hey"), said("assistant", "hello"))
LOOP: Dialogue = (
    said("system", "Be kind."),
    *EXCHANGE,
    said("user", "And?"),
    Message(role="assistant", parts=(Text(content="Let me see."), *CALL)),
    *(Message(role="tool", parts=(ToolResult(id=call.id, response="found"),)) for call in CALL),
    said("assistant", "Found."),
)


def damaged(value: Any, chance: random.Random) -> Any:
    """Return `value` with damage done to one place in it, or to the text that it would be."""
    if chance.random() < 0.15:
        return _cut(value if isinstance(value, str) else json.dumps(value), chance)
    places = [*_places(value)]
    return _changed(value, chance.choice(places), chance.choice(DAMAGE), chance)


def _cut(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(["", HALF, "\x00", '"', "}]", text[: at // 2]])


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from _places(child, (*at, key))


def _changed(value: Any, at: tuple[Any, ...], damage: Damage, chance: random.Random) -> Any:
    if not at:
        return damage(value, chance)
    key, *rest = at
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = _changed(copy[key], tuple(rest), damage, chance)
    return copy


def _retyped(value: Any, chance: random.Random) -> Any:
    return chance.choice([str(value), [value], {"value": value}, {str(value)[:20]: value}, json.dumps(str(value))])


def _without(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict) and value:
        gone = chance.choice([*value])
        return {key: inner for key, inner in value.items() if key != gone}
    return value[:-1] if isinstance(value, list | str) else None


def _doubled(value: Any, _: random.Random) -> Any:
    return value * 2 if isinstance(value, list | str) else [value, value]


def _nested(value: Any, chance: random.Random) -> Any:
    for _ in range(chance.choice([1, 3, 60, 400])):
        value = [value] if chance.random() < 0.5 else {"content": value}
    return value


def _garbled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        return {_cut(key, chance): inner for key, inner in value.items()}
    return _cut(value, chance) if isinstance(value, str) else chance.choice(JUNK)


def _junk(_: Any, chance: random.Random) -> Any:
    return chance.choice(JUNK)


DAMAGE = (_junk, _junk, _retyped, _without, _doubled, _nested, _garbled)


def mutants(logged: Observation, cases: int, chance: random.Random) -> Iterator[Observation]:
    """Yield `logged` with one to three of its places damaged, `cases` times."""
    for _ in range(cases):
        sides = {side: getattr(logged, side) for side in SIDES}
        for _ in range(chance.randint(1, 3)):
            side = chance.choice(["input", "input", "output", "output", "metadata", "parameters"])
            sides[side] = damaged(sides[side], chance)
        tables = {side: sides[side] if isinstance(sides[side], dict) else {} for side in SIDES[2:]}
        yield logged.model_copy(update={**sides, **tables})


def holds(logged: Observation) -> None:
    """Check that a call or a reason comes of it, and that its trace ends in the ledger either way."""
    try:
        read_call(logged, CONFIGURED)
    except Unusable as error:
        assert error.reason  # noqa: PT017 - that it has one is the promise
    trace = Trace(id=logged.trace_id, started_at=logged.started_at, observations=(logged,))
    assembly = assemble(trace, CONFIGURED)
    for turn in (*assembly.lost, *split(assembly.conversation, RULES)):
        kept = turn.model_dump_json()
        assert type(turn).model_validate_json(kept).model_dump_json() == kept


@needed
@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_samples_end_in_the_ledger(seed: int) -> None:
    """What an integration stores, damaged, is read or says why not."""
    chance, count = random.Random(seed), 0
    for sample in MANIFEST:
        for row in rows_of(sample):
            logged = observation(as_strings(row) if seed % 2 else row)
            for mutant in mutants(logged, SAMPLE_CASES // len(SEEDS), chance):
                holds(mutant)
                count += 1
    assert count * len(SEEDS) > 10_000


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_calls_end_in_the_ledger(name: str) -> None:
    """What we write in any format, damaged, is read or says why not."""
    writer = WRITERS[name]
    said_in_it = EXCHANGE if writer.one_exchange else LOOP if writer.calls and writer.words_beside else LOOP[:3]
    for mutant in mutants(writer.write(said_in_it), WRITTEN_CASES, random.Random(name)):
        holds(mutant)


KEYS = st.sampled_from(
    ["messages", "role", "content", "parts", "type", "text", "tool_calls", "input", "id", "kwargs", ""]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(JUNK) | KEYS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5))


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked=VALUES, answered=VALUES, metadata=st.dictionaries(st.text(max_size=12), VALUES, max_size=3))
def test_anything_ends_in_the_ledger(asked: Any, answered: Any, metadata: dict[str, Any]) -> None:
    """Any JSON at all, and what is none."""
    holds(generation(asked, answered, metadata=metadata))
