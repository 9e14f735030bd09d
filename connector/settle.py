"""When a trace is whole enough to be read. Pure.

Langfuse has no notion of a finished trace: spans arrive when they end, children before their root, a long agent over
minutes. So a trace is taken when its root has ended and two looks found the same observations; it is taken again when
a later look finds more. A root may also belong to a service that logs elsewhere, and never come: without any, a trace
is taken once nothing new has begun in it for a while.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from connector.traces import Sighting
from connector.types import Fate, Seen


class Settling(Enum):
    """What to do about a trace now."""

    READ = "read"
    WAIT = "wait"
    KNOWN = "known"
    """It was taken before and has not changed since."""
    GIVE_UP = "give up"


class Waiting(NamedTuple):
    """What time it is, and how long is waited for what."""

    now: datetime
    patience: timedelta
    """After this long a root that has not ended never will."""
    quiet: timedelta
    """After this long without anything new, a trace without a root is whole."""

    def is_over(self, sighting: Sighting) -> bool:
        """Whether a trace began too long ago to be waited for."""
        return self.now - sighting.started_at > self.patience

    def is_quiet(self, sighting: Sighting) -> bool:
        """Whether nothing new has begun in a trace for a while."""
        return sighting.latest is not None and self.now - sighting.latest > self.quiet


def settling(sighting: Sighting, before: Seen | None, waiting: Waiting) -> Settling:
    """Decide about a trace by what an earlier look saw."""
    unchanged = before is not None and not _has_grown(sighting, before)
    if unchanged and before is not None and before.fate is not Fate.WAITING:
        return Settling.KNOWN
    if not sighting.rooted:
        whole = unchanged and (waiting.is_quiet(sighting) or waiting.is_over(sighting))
        return Settling.READ if whole else Settling.WAIT
    if unchanged and sighting.ended:
        return Settling.READ
    return Settling.GIVE_UP if waiting.is_over(sighting) and not sighting.ended else Settling.WAIT


def _has_grown(sighting: Sighting, before: Seen) -> bool:
    """Tell by number and by age: of a trace that goes on for hours, old parts leave the window as new ones enter it."""
    if sighting.latest is None or before.latest is None:
        return sighting.observations != before.observations
    return sighting.observations > before.observations or sighting.latest > before.latest
