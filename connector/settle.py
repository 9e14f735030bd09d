"""When a trace is whole enough to be read. Pure.

Langfuse has no notion of a finished trace: spans arrive when they end, children before their root, a long agent over
minutes. So a trace is taken when its root has ended and two looks found the same observations; it is taken again when
a later look finds more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from connector.types import Fate, Seen, Sighting


class Settling(Enum):
    """What to do about a trace now."""

    READ = "read"
    WAIT = "wait"
    KNOWN = "known"
    """It was taken before and has not changed since."""
    GIVE_UP = "give up"


def settling(sighting: Sighting, before: Seen | None, *, now: datetime, patience: timedelta) -> Settling:
    """Decide about a trace by what an earlier look saw; one that never ends is given up after `patience`."""
    unchanged = before is not None and not _has_grown(sighting, before)
    if unchanged and before is not None and before.fate is not Fate.WAITING:
        return Settling.KNOWN
    if unchanged and sighting.ended:
        return Settling.READ
    if now - sighting.started_at > patience and not sighting.ended:
        return Settling.GIVE_UP
    return Settling.WAIT


def _has_grown(sighting: Sighting, before: Seen) -> bool:
    """Tell by number and by age: of a trace that goes on for hours, old parts leave the window as new ones enter it."""
    if sighting.latest is None or before.latest is None:
        return sighting.observations != before.observations
    return sighting.observations > before.observations or sighting.latest > before.latest
