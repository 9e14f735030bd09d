"""Items of datasets, in whatever form people keep them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.intake import Rules
from connector.tiers.reading import read_item, version
from connector.tiers.types import Item
from connector.types import Fate
from tests.logged import BEGUN, assistant, user

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["role", "content", "messages", "tools", "input", "type", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def item(asked: Any, expected: Any = None, **more: Any) -> Item:
    """Return an item."""
    return Item(dataset="d", id="i", input=asked, expected_output=expected, created_at=BEGUN, **more)


@settings(deadline=None)
@given(JSON, JSON, st.dictionaries(st.text(), JSON, max_size=3))
@example("Q", {"content": [None]}, {})
@example("Q", [2**70], {})
def test_no_item_crashes(asked: Any, expected: Any, metadata: dict[str, Any]) -> None:
    """It is a challenge, or says why it is none."""
    found = read_item(item(asked, expected, metadata=metadata), "golden", None, Rules())
    assert (found.challenge is None) == (found.fate is not Fate.CHALLENGED)
    assert found.challenge is not None or found.reason
    assert found.version == version(item(asked, expected, metadata=metadata))


@settings(deadline=None)
@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5), st.text(min_size=1).filter(str.strip))
def test_a_conversation_comes_back_as_it_was_written(texts: list[str], answer: str) -> None:
    """Whoever spoke, in whatever alphabet; the expected answer is what a challenger is held against."""
    said = [user(text) if place % 2 == 0 else assistant(text) for place, text in enumerate(texts)]
    history = said if len(said) % 2 else [*said, user("and?")]
    found = read_item(item({"messages": history}, assistant(answer)), "regression", None, Rules()).challenge
    assert found is not None
    assert [message.text for message in found.messages] == [message["content"] for message in history]
    assert (found.baseline.message.text, found.tier, found.origin.stands_in) == (answer, "regression", True)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ('[{"role": "user", "content": "Q"}]', '{"role": "assistant", "content": "A"}'),
        ({"messages": [{"type": "human", "content": "Q"}]}, {"type": "ai", "content": "A"}),
        ([user("Q")], {"choices": [{"message": assistant("A")}]}),
        ([user("Q"), assistant("A")], assistant("A")),
        ({"args": [], "kwargs": {"question": "Q"}}, "A"),
        ({"input": "Q"}, "A"),
    ],
)
def test_items_come_as_tracers_write_them(asked: Any, expected: Any) -> None:
    """Text that holds JSON, LangChain's words, a provider's whole answer, the answer once more in the history."""
    found = read_item(item(asked, expected), "golden", None, Rules()).challenge
    assert found is not None
    assert ([message.text for message in found.messages], found.baseline.message.text) == (["Q"], "A")


def test_rules_for_traffic_do_not_leave_out_what_a_person_picked() -> None:
    """Filters, shares and kinds of turns are about traffic."""
    rules = Rules.model_validate(
        {
            "turns": {"which": "tools", "observation_names": ["agent"]},
            "selection": {"sampling": {"share": 0.0}, "filters": {"models": ["other"]}},
        }
    )
    assert read_item(item("Q", "A"), "golden", None, rules).challenge is not None
