"""What every test leaves as it found it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
import structlog


def pytest_collection_finish() -> None:
    """What pytest has loaded stays for good: looking through it for garbage stops a test for half a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """A verb that runs inside a test configures logs for the whole process; the next test hears everything again."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
