"""Python's own way of writing values is read, and never run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.formats.python_text import fields, literal
from tests.dialogues import quick

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@quick
@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), _VALUES, max_size=5))
def test_fields_come_back(values: dict[str, object]) -> None:
    """Whatever the values hold, each field is found with its own."""
    written = " ".join(f"{name}={value!r}" for name, value in values.items())
    assert {name: literal(text) for name, text in fields(written).items()} == values


@given(st.text())
def test_any_text_has_fields_or_none(text: str) -> None:
    """No text breaks the reading."""
    assert all(name.isidentifier() for name in fields(text))


@pytest.mark.parametrize("text", ["open('x')", "[" * 10_000, "'cut", "", "__import__('os')", "x"])
def test_only_literals(text: str) -> None:
    """Everything else is a `ValueError`."""
    with pytest.raises(ValueError):  # noqa: PT011 - that is the promise
        literal(text)
