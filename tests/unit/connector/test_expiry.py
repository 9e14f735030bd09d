"""Spans of time that may be `never`: in the configuration, in its example, and in what they end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.cache.options import CacheTable
from connector.clock import read_expiry, write_expiry
from connector.example import example
from connector.forgetting import Retention


def test_never_is_a_word_and_a_default_is_not_it() -> None:
    """What is left out keeps its default; `never` does not end; any other word is an error that names the units."""
    assert (Retention().texts, CacheTable().ttl) == (timedelta(days=90), timedelta(days=30))
    assert Retention.model_validate({"texts": "never"}).texts is None
    assert CacheTable.model_validate({"ttl": "never"}).ttl is None
    assert Retention.model_validate({"texts": "2h"}).texts == timedelta(hours=2)
    with pytest.raises(ValidationError, match="write 90s, 5m, 2h or 7d"):
        Retention.model_validate({"texts": "for ever"})


@given(st.none() | st.integers(0, 10_000).map(lambda hours: timedelta(hours=hours)))
def test_what_is_written_is_read_back(span: timedelta | None) -> None:
    """Also `never`."""
    assert read_expiry(write_expiry(span)) == span


def test_the_example_says_the_word() -> None:
    """Nobody has to guess it."""
    retention = example().split("[retention]")[1].split("\n[")[0]
    assert '"never"' in retention
    assert 'texts = "90d"' in retention
