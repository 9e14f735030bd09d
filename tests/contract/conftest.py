"""What several contract tests replay on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.replaying import World, worlds


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Keep the doubles running for all tests of a module."""
    yield from worlds()
