"""Attributes are found by name, whichever way the server hands them out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.attributes import attribute, attributes, scope
from connector.traces import Observation

_NAMES = st.sampled_from(["gen_ai.system", "gen_ai.tool.definitions", "llm.model_name", "tools", "a"])
_VALUES = st.dictionaries(
    _NAMES, st.one_of(st.text("abc 123"), st.lists(st.integers(-(2**63), 2**63 - 1)), st.just({"k": "v"}))
)


def observed(metadata: dict[str, Any]) -> Observation:
    """Return an observation with nothing but metadata."""
    return Observation(id="o", trace_id="t", started_at=datetime(2026, 1, 1, tzinfo=UTC), metadata=metadata)


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Return metadata as servers before v4 give it."""
    return {"attributes": values, "scope": {"name": "ai", "version": "7"}, "tags": ["x"]}


def as_text(values: dict[str, Any]) -> dict[str, Any]:
    """Return metadata whose tables are JSON as text."""
    return {key: json.dumps(value) for key, value in nested(values).items()}


def flat(values: dict[str, Any]) -> dict[str, Any]:
    """Return metadata as v4 gives it."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return {f"attributes.{name}": text for name, text in texts.items()} | {"scope.name": "ai", "tags": '["x"]'}


@pytest.mark.parametrize("written", [nested, as_text, flat])
@given(values=_VALUES)
def test_every_way_of_writing_says_the_same(written: Any, values: dict[str, Any]) -> None:
    """Nested, as text, or flattened: the same names and the same values, all of them or one."""
    observation = observed(written(values))
    assert attributes(observation) == values | {"scope.name": "ai"}
    assert scope(observation) == "ai"
    assert all(attribute(observation, name) == value for name, value in values.items())


@pytest.mark.parametrize(
    "metadata", [{}, {"attributes": None, "scope": "x"}, {"attributes": "{broken", "scope.name": 3}]
)
def test_nothing_known_is_nothing_found(metadata: dict[str, Any]) -> None:
    """Absent or broken metadata gives no attributes and no scope, and never raises."""
    observation = observed(metadata)
    assert attributes(observation) == {}
    assert scope(observation) == ""
    assert attribute(observation, "gen_ai.system") is None


def test_numbers_in_text_stay_text() -> None:
    """Only what begins like JSON is decoded: a flattened 0.7 is for the reader of parameters to understand."""
    assert attribute(observed({"attributes.gen_ai.request.temperature": "0.7"}), "gen_ai.request.temperature") == "0.7"
