"""Which traces and challenges are wanted. Pure, and the same answer every time."""

from __future__ import annotations

from collections.abc import Iterable

from connector.sampling.options import Sampling
from connector.traces import Sighting
from connector.types import Disposition, Fate, digest
from rollouts.types import Challenge, Options, Record

MOST_EARLIER = 50
"""Traces of a session that are read to complete a later one."""


class Filters(Options):
    """What to read. An empty list asks for everything."""

    environments: tuple[str, ...] = ()
    """Langfuse environments, such as "production"."""
    tags: tuple[str, ...] = ()
    """Traces with any of these tags."""
    trace_names: tuple[str, ...] = ()
    """Names of traces."""
    users: tuple[str, ...] = ()
    """User ids."""
    models: tuple[str, ...] = ()
    """Models that gave the baseline."""

    def excludes(self, sighting: Sighting) -> str | None:
        """Return by which filter a trace falls out, if it does."""
        checks = {
            "environment": not self.environments or sighting.environment in self.environments,
            "tag": not self.tags or bool(set(self.tags) & set(sighting.tags)),
            "trace name": not self.trace_names or sighting.name in self.trace_names,
            "user": not self.users or sighting.user_id in self.users,
        }
        return next((name for name, passes in checks.items() if not passes), None)


class Selection(Record):
    """Which of the readable turns become duels."""

    filters: Filters = Filters()
    sampling: Sampling = Sampling()

    def excludes(self, challenge: Challenge) -> Disposition | None:
        """Return where a challenge ends that is not wanted."""
        models = self.filters.models
        if models and challenge.baseline.model not in models:
            return Disposition.of_turn(challenge, Fate.FILTERED, "model")
        # A turn may come again in every later trace: its copies must not be drawn anew.
        drawn = challenge.origin.place or challenge.content_id
        if int(digest(drawn, str(self.sampling.seed))[:12], 16) / 16**12 >= self.sampling.share:
            return Disposition.of_turn(challenge, Fate.SAMPLED_OUT)
        return None

    @property
    def weight(self) -> float:
        """How many turns each of those stands for that are taken as they come: one over their chance."""
        return 1 / self.sampling.share if self.sampling.share else 1.0

    def holds(self, challenge: Challenge) -> bool:
        """Whether a challenge that is wanted waits for the draw of its epoch."""
        return self.sampling.strategy != "all" and challenge.tier == "fresh"


def before(sighting: Sighting, session: Iterable[Sighting]) -> list[Sighting]:
    """Return production's last traces of a session before this one, the oldest first."""
    earlier = [each for each in session if each.started_at < sighting.started_at and each.ours is None]
    earlier.sort(key=lambda each: (each.started_at, each.trace_id))
    return [each for each in earlier if each.trace_id != sighting.trace_id][-MOST_EARLIER:]
