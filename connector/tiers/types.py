"""The words of tiers, and what reading and keeping them needs from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from connector.tiers.options import AdversarialTier
from connector.types import Duel, Fate, digest
from rollouts.types import Challenge, Record, Tier


class Item(Record):
    """One item of a dataset, as Langfuse holds it."""

    dataset: str
    id: str
    archived: bool = False
    input: Any = None
    expected_output: Any = None
    metadata: dict[str, Any] = {}
    trace_id: str | None = None
    """The trace that it was made from, where it says so."""
    observation_id: str | None = None
    created_at: datetime


class Flag(Record):
    """Somebody says that a trace, or one observation of it, is hard."""

    by: Literal["tag", "score", "queue"]
    why: str
    """In words for people: `score user_feedback = -1`."""
    trace_id: str | None = None
    """`None` where a queue names an observation, and not its trace."""
    observation_id: str | None = None
    session_id: str | None = None
    """A queue may hold a whole session."""
    at: datetime
    """When that was said, as far as Langfuse tells; else when it was seen."""

    @property
    def id(self) -> str:
        """The same rule, the same object, the same id: what was looked into once need not be again."""
        return digest(self.by, self.trace_id or "", self.observation_id or "", self.session_id or "")


class Member(Record):
    """A turn that belongs to a tier, or what was to become one and could not."""

    id: str
    tier: Tier
    source: str
    """Where it comes from: `dataset support/golden`, `tag hard`, `by hand`."""
    item: str | None = None
    """The item's id, for what comes from a dataset."""
    trace_id: str | None = None
    observation_id: str | None = None
    version: str = ""
    """What it was read from: as long as that stays the same, it need not be read again."""
    fate: Fate = Fate.CHALLENGED
    reason: str = ""
    """Why it is none of the tier's challenges, where it is none."""
    why: str = ""
    """Why it was added, where somebody said so."""
    added_at: datetime
    removed_at: datetime | None = None
    """When a person took it out, if nobody has put it back since."""
    challenge: Challenge | None = None
    """`None` where it could not be read."""

    @classmethod
    def of(cls, challenge: Challenge, source: str, at: datetime, why: str = "") -> Member:
        """Make a hard turn of production a member of the adversarial tier, once, however often it is flagged."""
        return cls(
            id=digest("adversarial", challenge.id),
            tier="adversarial",
            source=source,
            trace_id=challenge.origin.trace_id,
            observation_id=challenge.origin.observation_id,
            why=why,
            added_at=at,
            challenge=challenge.model_copy(update={"tier": "adversarial", "epoch": ""}),
        )

    @property
    def active(self) -> bool:
        """Whether it is asked."""
        return self.fate is Fate.CHALLENGED and self.removed_at is None

    @property
    def form(self) -> str:
        """Another question, another answer to compare with or another reference is another challenge."""
        if self.challenge is None:
            return ""
        said = self.challenge.model_dump_json(include={"messages", "tools", "parameters", "expected"})
        return digest(said, self.challenge.baseline.message.model_dump_json())


class Removal(Record):
    """One turn that was taken out of the adversarial tier, and why. Who did so is nobody's business."""

    member_id: str
    tier: Tier
    source: str
    of: str | None
    """The trace or the item that it was."""
    at: datetime
    because: str
    returned_at: datetime | None = None
    """When it was added again, if it was."""


def member_id(tier: Tier, dataset: str, item: str) -> str:
    """Name what an item of a dataset is in a tier."""
    return digest(tier, dataset, item)


def of_epoch(challenge: Challenge, member: str, form: str, epoch: str) -> Challenge:
    """Return what a member is in one epoch: the same words as ever, under an id of its own."""
    return challenge.model_copy(update={"id": asked_id(member, form, epoch), "epoch": epoch})


def asked_id(member: str, form: str, epoch: str) -> str:
    """Name the challenge that a member is in one epoch."""
    return digest("tier", member, form, epoch)


class Curation(Protocol):
    """Where people keep what is golden and say what is hard."""

    name: str
    """Names the mark up to which scores were read."""

    async def items(self, dataset: str) -> list[Item]:
        """Return every item of a dataset. Raises `Fatal`, naming the nearest, where there is no such dataset."""

    async def flags(self, rules: AdversarialTier, scored_since: datetime) -> list[Flag]:
        """Return what people flag by tags, scores and queues; scores from `scored_since` on."""

    async def traces_of(self, flag: Flag) -> list[str]:
        """Return the ids of the traces that a flag is about; none where they cannot be seen."""


class Kept(Protocol):
    """The members of tiers, on disk."""

    async def versions(self, tier: Tier) -> Mapping[str, str]:
        """Return the version of every member of a tier, by id, of what could not be read as well."""

    async def keep_members(self, members: Sequence[Member]) -> None:
        """Keep them, in place of their earlier versions.

        What was removed stays removed. In the adversarial tier nothing takes the place of what could be read but what
        can be.
        """

    async def attend(self, tier: Tier, there: Mapping[str, Mapping[str, bool] | None]) -> None:
        """Leave out what is archived or gone, and ask again what has come back.

        `there` has the datasets of a tier: of each the ids of its members and whether their items are archived, or
        `None` where it could not be read.
        """

    async def members(self) -> list[Member]:
        """Return every member of every tier, removed ones as well, the oldest first."""

    async def add_members(self, members: Sequence[Member]) -> int:
        """Add by hand, also what was removed before; return how many are asked now that were not before."""

    async def remove_member(self, begins: str, because: str, at: datetime) -> str:
        """Take out the one adversarial member whose id begins so; keep a record of it, and return its id.

        Raises `Fatal` where none or several begin so.
        """

    async def removals(self) -> list[Removal]:
        """Return every removal there ever was, the oldest first."""

    async def note(self, flags: Sequence[Flag]) -> None:
        """Keep what people said, until somebody has looked into it and for good."""

    async def pending(self) -> list[Flag]:
        """Return the flags that nobody has looked into, the oldest first."""

    async def looked_into(self, flag: Flag, members: Sequence[Member]) -> None:
        """Keep what a flag came to, in one transaction."""

    async def unasked(self, epoch: str) -> list[Challenge]:
        """Return what the active members are in `epoch`, as far as they are not asked in it already."""

    async def ask(self, epoch: str, fresh: Sequence[Challenge], duels: Sequence[Duel]) -> int:
        """Keep `fresh` and queue their duels; withdraw from `epoch` what no member stands for any more.

        Nothing is withdrawn that was paid for or posted. Return by how many the queued duels are more.
        """
