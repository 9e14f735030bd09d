"""What only the connector talks about.

Every trace, and every assistant turn of it, ends with a `Fate`; turns worth it become challenges. One challenge and one
challenger are a `Duel`: the unit of work, a row with a state. What is posted about it are `Score`s.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

from connector.epochs import epoch_of
from connector.traces import Conversation, Glance, Sighting
from judges.types import Judgment
from rollouts.types import Challenge, Record, Rollout


class Fate(StrEnum):
    """How a trace or a turn ends. Every one of them ends in exactly one of these."""

    CHALLENGED = "challenged"
    FILTERED = "filtered"
    SAMPLED_OUT = "sampled out"
    UNREADABLE = "unreadable"
    UNREPLAYABLE = "unreplayable"
    HELD = "held"
    """A turn that waits for the draw of its window."""
    BLOCKED = "blocked"
    """It may hold personal data that nobody could find and mask."""
    FAILED = "failed"
    WAITING = "waiting"
    """A trace that has not settled yet; a later look decides."""


class Seen(Record):
    """What is known of a trace from an earlier look."""

    observations: int
    latest: datetime | None = None
    fate: Fate
    reason: str = ""
    taken: bool = False
    """Whether it was read, and turns of it are known."""
    session_id: str | None = None
    """The session under which they are known."""


class Disposition(Record):
    """Where one trace or one turn ended, and why."""

    of: Literal["trace", "turn"]
    id: str
    trace_id: str
    fate: Fate
    reason: str = ""
    observed: bool = True
    """Whether what produced a turn was logged; else it is known from a later history only."""
    presumed: bool = False
    """Whether a turn is taken for one only because nothing else of its conversation seems to be logged."""
    place: str = ""
    """Of a turn: where in its conversation it stands, whatever the assistant said there."""
    words: str = ""
    """Of a turn: what it shares with all that say the same after the same messages, in whatever conversation."""
    echo: str = ""
    """Of a turn: what it shares with every copy of its answer; empty where the answer is too short to tell."""
    format: str | None = None
    """The kind of format that read it."""
    integration: str | None = None
    """What logged it, where it says so."""

    @classmethod
    def of_turn(cls, challenge: Challenge, fate: Fate, reason: str = "", *, presumed: bool = False) -> Self:
        """Say where a turn ended that is, or could have been, a challenge."""
        return cls(
            of="turn",
            id=challenge.id,
            trace_id=challenge.origin.trace_id,
            fate=fate,
            reason=reason,
            observed=challenge.origin.observed,
            presumed=presumed,
            place=challenge.origin.place,
            words=challenge.origin.words,
            echo=challenge.origin.echo,
            format=challenge.origin.format,
            integration=challenge.origin.integration,
        )


class Count(Record):
    """How many traces, turns or items of tiers ended in one way."""

    of: Literal["trace", "turn", "item"]
    fate: Fate
    reason: str
    format: str | None = None
    """The kind of format that read these turns; of traces, and of turns that no format could read, there is none."""
    integration: str | None = None
    """What logged these turns, where it says so."""
    count: int
    example: str
    """The id of one trace among them."""


class Masked(Record):
    """How much of one kind was masked."""

    values: int
    """Different values, counted anew in every turn that holds them; and those that answers added."""
    challenges: int
    """Turns that hold any."""


class Assembly(Record):
    """A trace, read: its calls, what became of those that could not be, and what each observation was taken for."""

    conversation: Conversation
    lost: tuple[Disposition, ...] = ()
    glances: tuple[Glance, ...] = ()
    """One for each observation of the trace, in its order."""
    begins_in_the_middle: bool = False
    """Whether a call's history may lie in an earlier trace of the session."""


class Intake(Record):
    """What one trace came to: one transaction's worth."""

    sighting: Sighting
    trace: Disposition
    turns: tuple[Disposition, ...] = ()
    challenges: tuple[Challenge, ...] = ()
    weight: float = 1.0
    """How many turns of the traffic each challenge stands for; of those that are held the draw decides."""


class State(StrEnum):
    """How far a duel has come."""

    QUEUED = "queued"
    ROLLED = "rolled"
    JUDGED = "judged"
    POSTED = "posted"
    DEAD = "dead"


class Duel(Record):
    """One challenge, one challenger. Each step adds a result and moves the state."""

    id: str
    challenge: Challenge
    challenger: str
    fingerprint: str
    """Of the challenger's configuration: another prompt or parameter is another competitor."""
    epoch: str
    state: State = State.QUEUED
    reason: str = ""
    """Why it is dead."""
    attempts: int = 0
    rollout: Rollout | None = None
    judgment: Judgment | None = None
    rejudged: bool = False
    """Whether another judge has spoken of it as well: what was posted for that one must not stay."""
    heard: tuple[Judgment, ...] = ()
    """What other judges said of it before, where it is to be judged again."""

    @classmethod
    def of(cls, challenge: Challenge, challenger: str, fingerprint: str) -> Self:
        """Queue a duel. Same challenge, same challenger, same id: asking again never makes a second one."""
        return cls(
            id=cls.id_of(challenge.id, challenger, fingerprint),
            challenge=challenge,
            challenger=challenger,
            fingerprint=fingerprint,
            epoch=period_of(challenge),
        )

    @staticmethod
    def id_of(challenge_id: str, challenger: str, fingerprint: str) -> str:
        """Derive a duel's id."""
        return digest(challenge_id, challenger, fingerprint)

    def rolled(self, rollout: Rollout) -> Self:
        """The challenger has answered."""
        return self.model_copy(update={"state": State.ROLLED, "rollout": rollout, "attempts": 0})

    def judged(self, judgment: Judgment) -> Self:
        """The judge has spoken."""
        return self.model_copy(update={"state": State.JUDGED, "judgment": judgment, "heard": (), "attempts": 0})

    def posted(self) -> Self:
        """The sink has acknowledged everything about it."""
        return self.model_copy(update={"state": State.POSTED, "attempts": 0})

    def dead(self, reason: str) -> Self:
        """It will never work."""
        return self.model_copy(update={"state": State.DEAD, "reason": reason})


class Score(Record):
    """One figure about one thing in Langfuse. The same id and time overwrite."""

    id: str
    name: str
    value: float | str
    data_type: Literal["NUMERIC", "CATEGORICAL", "BOOLEAN"]
    timestamp: datetime
    trace_id: str | None = None
    observation_id: str | None = None
    experiment_id: str | None = None
    comment: str | None = None
    metadata: dict[str, Any] = {}
    environment: str = "sdk-experiment"


class Hold(Record):
    """Something that stands still, or goes slower."""

    what: str
    """`lane <challenger>`, `delivery`, or `budget`."""
    reason: str
    money: bool
    """Whether it is for want of money."""
    since: datetime
    until: datetime | None = None
    """When it goes on by itself, where that is known."""


def digest(*parts: str) -> str:
    """Derive an id of 32 hex digits from what makes a thing itself."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def period_of(challenge: Challenge) -> str:
    """Name the epoch that a challenge counts in: its own, or the week in which production answered."""
    return challenge.epoch or epoch_of(challenge.origin.started_at)
