"""What the route needs from the outside world."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from connector.periods import Closed, Run
from connector.subjects import Remains
from connector.traces import Sighting, Trace, Window
from connector.types import Count, Duel, Hold, Intake, Masked, Seen, State
from judges.standings.leaderboard import Leaderboard
from judges.standings.outcomes import HumanVerdict, Opinion
from judges.standings.tables import Columns
from judges.types import Scale, Unit
from rollouts.journal import Journal
from rollouts.types import Challenge, Media


class Source(Protocol):
    """Where traces come from."""

    name: str
    """Names the mark up to which it was read."""

    async def look(self, window: Window) -> list[Sighting]:
        """Return every trace whose root began in `window`, once each; raise rather than return a part."""

    async def read(self, sighting: Sighting) -> Trace:
        """Fetch one trace whole."""

    async def earlier(self, sighting: Sighting) -> list[Trace]:
        """Return the traces of the same session that began before this one, the newest 50 of them, oldest first."""

    async def find(self, trace_id: str) -> Sighting | None:
        """Return the trace of this id, whenever it began, or `None` where there is none."""

    async def media(self, kept: Media) -> Media:
        """Return a file by value of which a trace holds but a token.

        Raises `Permanent` ("unreplayable: …") where it cannot be had.
        """


class Sink(Protocol):
    """Where results go. Every write may be repeated: the same ids overwrite themselves."""

    async def post(self, duels: Sequence[Duel], fresh: Sequence[Challenge], *, doubtful: Collection[str]) -> None:
        """Write the duels, and before them those of their challenges that were never acknowledged: `fresh`.

        Of the challenges in `doubtful`, by id, a crash may have hidden the acknowledgement. Returns once the other side
        has acknowledged all of it.
        """

    async def missing(self, duels: Sequence[Duel]) -> set[str]:
        """Read back; return the ids of those duels of which something that was acknowledged is not there."""

    async def forget(self, remains: Remains) -> None:
        """Remove these, whatever is there of them; what is not there is no error. It may be repeated."""

    async def publish(self, leaderboard: Leaderboard, runs: Mapping[str, Run]) -> None:
        """Write one epoch's leaderboard where people look; `runs` say what each challenger's row is made of."""


class Store(Journal, Protocol):
    """What is known, on disk. Nothing is returned as done before it would survive a crash."""

    def carrying(self, duel_id: str) -> AbstractContextManager[None]:
        """Calls begun inside belong to this duel, and are forgotten when it is next saved."""

    async def mark(self, source: str) -> datetime | None:
        """Return up to where `source` has been read."""

    async def move_mark(self, source: str, to: datetime) -> None:
        """Everything before `to` has been read."""

    async def seen(self, trace_ids: Sequence[str]) -> Mapping[str, Seen]:
        """Return what earlier looks found of these traces, by id."""

    async def take(self, intake: Intake, duels: Sequence[Duel]) -> int:
        """Keep one trace's worth in one transaction; return how many duels were added.

        What a call produced is kept in place of a copy that a later history showed, as long as nothing was paid or
        posted for that copy; a copy of what is known is dropped. The order in which traces come does not matter.
        """

    async def enroll(self, challenger: str, fingerprint: str, epochs: Sequence[str]) -> int:
        """Queue a duel for every stored challenge of `epochs` that `challenger` has not met; return how many."""

    async def due(
        self,
        challenger: str,
        fingerprint: str,
        limit: int,
        now: datetime,
        *,
        rolled: bool = False,
        below: str | None = None,
    ) -> list[Duel]:
        """Return up to `limit` duels that wait for a paid step and whose time has come, the furthest and oldest first.

        Duels under another fingerprint were queued for another competitor, whatever its name. With `rolled` only those
        that have their answer; with `below`, of the others only those over challenges whose ids sort before it.
        """

    async def next_due(
        self, challenger: str, fingerprint: str, *, rolled: bool = False, below: str | None = None
    ) -> datetime | None:
        """Return when the next duel that waits for a paid step may be touched; chosen as in `due`."""

    async def deliverable(self, limit: int, now: datetime) -> list[Duel]:
        """Return up to `limit` judged duels whose time has come."""

    async def next_deliverable(self) -> datetime | None:
        """Return when the next judged duel may be touched."""

    async def save(self, duel: Duel) -> None:
        """Keep one step, and forget the calls it was made of."""

    async def save_all(self, duels: Sequence[Duel]) -> None:
        """Keep one step of several duels, all or none."""

    async def siblings(self, duel: Duel, fingerprints: Mapping[str, str]) -> list[Duel]:
        """Return today's duels over the same challenge, this one included, by challenger."""

    async def put_off(self, duels: Sequence[Duel], until: datetime) -> None:
        """Keep the duels as they are, not to be touched before `until`."""

    async def all_due(self, duels: Sequence[Duel]) -> datetime:
        """Return the first moment at which none of these is put off any more."""

    async def unposted(self, duels: Sequence[Duel]) -> list[Challenge]:
        """Return those challenges of `duels` that the sink has never acknowledged."""

    async def unforgotten(self, duels: Sequence[Duel]) -> list[Duel]:
        """Return those that nobody has forgotten since they were read."""

    async def begin_posting(self, challenges: Sequence[Challenge]) -> set[str]:
        """Note that these are about to be posted; return the ids of those for which that was noted before."""

    async def acknowledged(self, duels: Sequence[Duel], at: datetime) -> None:
        """The sink has acknowledged these duels and their challenges."""

    async def unconfirmed(self, before: datetime, limit: int, *, skip: int = 0) -> list[Duel]:
        """Return duels that were acknowledged before `before` and not yet read back, but for the `skip` oldest."""

    async def confirmed(self, duels: Sequence[Duel]) -> None:
        """These were read back and found whole."""

    async def forgotten(self, sightings: Sequence[Sighting]) -> set[str]:
        """Return the ids of those that were forgotten; of a user or a session what began before that."""

    async def ledger(self) -> list[Count]:
        """Count where every trace and every turn has ended, the most frequent first; every one is in one count."""

    async def states(self, fingerprints: Mapping[str, str] | None = None) -> Mapping[tuple[str, State], int]:
        """Count duels by challenger and state; with `fingerprints`, only those of today's challengers."""

    async def columns(
        self,
        judge: str,
        fingerprints: Mapping[str, str],
        epoch: str | None,
        unit: Unit = "conversation",
        *,
        closing: bool = False,
    ) -> Columns:
        """Return every decided duel of these challengers under one judge, and what production did on the same turns.

        `unit` is what the statistics resample; where a turn has no user or session, the next smaller unit stands in.
        With `closing` the decided turns of a draw weigh as much as all that it took from their part of the traffic.
        """

    async def opinions(self, judge: str, fingerprints: Mapping[str, str], epoch: str | None) -> list[Opinion]:
        """Return what each judge said by itself in the judgments of one judge or jury."""

    async def judged_by(self, judge: str, fingerprints: Mapping[str, str], epoch: str | None) -> int:
        """Count the duels of these challengers of which `judge` was the last to speak."""

    async def people(self, fingerprints: Mapping[str, str], epoch: str | None = None) -> list[HumanVerdict]:
        """Return every verdict of every person on these challengers' duels, whoever judges them today."""

    async def runs(self, fingerprints: Mapping[str, str], epoch: str) -> Mapping[str, Run]:
        """Return the runs of these challengers in one epoch; those who have answered nothing in it have none."""

    async def epochs(self, judge: str) -> list[str]:
        """Return the epochs in which anything was judged, the oldest first."""

    async def close(self, closed: Closed) -> None:
        """Keep an epoch as it is; one that is closed already stays as it was."""

    async def closed(
        self, epoch: str | None = None, jury: str | None = None, *, unpublished: bool = False
    ) -> list[Closed]:
        """Return what is closed, of one epoch or all, under one jury or all, in the order in which it was closed."""

    async def closed_epochs(
        self, jury: str | None = None, scale: Scale | None = None, unit: Unit | None = None
    ) -> set[str]:
        """Return the names of the epochs that are closed, under these conditions or any."""

    async def drawn(self, epoch: str | None) -> list[str]:
        """Say how the turns of an epoch or of all were drawn, and what went otherwise; nothing where all were taken."""

    async def held_epochs(self) -> list[str]:
        """Return the epochs of which turns wait for the draw, the oldest first."""

    async def published(self, closed: Closed) -> None:
        """The sink has it as closed."""

    async def unfinished(self, epoch: str, fingerprints: Mapping[str, str]) -> Mapping[str, int]:
        """Count these challengers' duels of an epoch that wait for an answer or a judgment; none is no entry."""

    async def last_duel(self) -> int:
        """Return the number of the newest duel; numbers only grow."""

    async def late(self, closed: Closed) -> int:
        """Count the duels of a closed epoch that came after it was closed."""

    async def masking_key(self) -> bytes:
        """Return the key of this store, made once: without it nobody can tell what a digest of a value stands for."""

    async def originals(self, digests: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return how values that were masked are written, by their digests: what nobody may see is not there."""

    async def count_originals(self) -> int:
        """Count the values that are kept so, in every turn anew."""

    async def drop_originals(self) -> int:
        """Keep no longer what masks stand for; return how many values that was."""

    async def masked(self) -> Mapping[str, Masked]:
        """Count what was masked in everything that was ever taken, and in what models answered, by kind."""

    async def hold(self, holds: Collection[Hold]) -> None:
        """Write down what stands still now, in place of what did; what did before keeps its beginning."""

    async def holds(self) -> list[Hold]:
        """Return what stood still when that was last written down, the longest first."""

    async def duels_of(self, challenge_id: str) -> list[Duel]:
        """Return the duels over challenges whose id begins so, or that come from the trace of that id."""

    async def aclose(self) -> None:
        """Finish what is being written, then close."""
