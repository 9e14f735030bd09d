"""How often things are looked at, and how long is waited for what is not there yet."""

from __future__ import annotations

from datetime import timedelta

from connector.clock import Duration
from rollouts.types import Options


class Pace(Options):
    """When to look, and how long to wait for what is not there yet."""

    every: Duration = timedelta(minutes=1)
    """How often the daemon looks for new traces."""
    publish_every: Duration = timedelta(minutes=10)
    """How often the daemon writes the leaderboard."""
    settle: Duration = timedelta(minutes=5)
    """Traces younger than this are left alone: their spans may still be on their way."""
    overlap: Duration = timedelta(minutes=30)
    """How far each look goes back behind the mark, for what arrives late. A trace without a root waits as long."""
    since: Duration = timedelta(days=7)
    """How far the very first look goes back."""
    give_up: Duration = timedelta(hours=24)
    """After how long a trace whose root never ends is left unread."""
    grace: Duration = timedelta(seconds=30)
    """How long running duels may take to finish when the process is asked to stop."""
    confirm: Duration = timedelta(seconds=30)
    """How long after a write it should be readable."""
