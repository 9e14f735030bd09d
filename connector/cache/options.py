"""What a person may say about the cache."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from connector.clock import Expiry
from rollouts.types import Options

MEGABYTE = 1_000_000
"""Bytes."""

Mode = Literal["on", "read_only", "write_only", "off"]


class CacheTable(Options):
    """Bought answers, so that nothing is bought twice: in no other epoch, and not when the state is lost."""

    mode: Mode = "on"
    """`read_only` adds no answer, and writes nothing at all into the file, not even who uses what; `write_only` uses
    none: every call is bought, and its answer kept."""
    path: str = "understudy.cache.db"
    """The file; relative to this one. Losing it loses money only."""
    ttl: Expiry = timedelta(days=30)
    """How long an answer is used after it was bought: models change behind their names. Or `never`: it does not end."""
    max_size: float = Field(default=1000, gt=0)
    """Of the file, in MB; what was not used for the longest time goes first."""
