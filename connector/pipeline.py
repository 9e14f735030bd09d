"""The route of one record, top to bottom.

    Source.look ─▶ Sighting ─ settled? ─▶ Trace ─ assemble ─▶ Conversation ─ split ─▶ Challenge ─ select ─▶ Intake
    Duel(queued) ─ replay ─▶ Duel(rolled) ─ judge ─▶ Duel(judged) ─ Sink.post ─▶ Duel(posted)

`ingest` walks the first line, `advance` and `deliver` the second, one step per call. Nothing here knows of clocks,
processes or SQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.intake import Rules, take_in, untaken
from connector.ports import Sink, Source
from connector.settle import Settling, settling
from connector.types import Duel, Fate, Intake, Seen, Sighting, State, Window
from judges.identical import identical
from judges.judge import Judge
from rollouts.errors import Permanent
from rollouts.model import Model
from rollouts.replay import Challenger, replay
from rollouts.types import Challenge

READ_AHEAD = 8  # traces fetched at a time: httpx slows down beyond some dozens of open requests


@dataclass(frozen=True)
class Arena:
    """Everything that a record meets on its way."""

    source: Source
    challengers: Mapping[str, Challenger]
    judge: Judge
    judge_model: Model
    sink: Sink
    rules: Rules

    @property
    def judge_version(self) -> str:
        """Judgments of another version are never added to ours."""
        return self.judge.version(self.judge_model.name)


async def look(arena: Arena, window: Window) -> list[Sighting]:
    """Return the traces of the window that production wrote, oldest first."""
    sightings = [sighting for sighting in await arena.source.look(window) if sighting.ours is None]
    return sorted(sightings, key=lambda sighting: (sighting.started_at, sighting.trace_id))


async def ingest(
    arena: Arena, sightings: Sequence[Sighting], before: Mapping[str, Seen], *, now: datetime, patience: timedelta
) -> AsyncIterator[Intake]:
    """Yield what every trace came to that is new or has changed, in the order given."""
    for start in range(0, len(sightings), READ_AHEAD):
        some = sightings[start : start + READ_AHEAD]
        taking = (_take(arena, each, before.get(each.trace_id), now=now, patience=patience) for each in some)
        for intake in await asyncio.gather(*taking):
            if intake is not None:
                yield intake


async def _take(
    arena: Arena, sighting: Sighting, before: Seen | None, *, now: datetime, patience: timedelta
) -> Intake | None:
    """Return what became of one trace; `None` where there is nothing to say that was not said before."""
    decision = settling(sighting, before, now=now, patience=patience)
    if decision is Settling.KNOWN:
        return None
    if reason := arena.rules.selection.filters.excludes(sighting):
        return untaken(sighting, Fate.FILTERED, reason)
    if decision is Settling.READ:
        return await _read(arena, sighting, overdue=now - sighting.started_at > patience)
    return _unended(sighting, overdue=decision is Settling.GIVE_UP)


def _unended(sighting: Sighting, *, overdue: bool) -> Intake:
    if overdue:
        return untaken(sighting, Fate.UNREADABLE, "its root never ended")
    return untaken(sighting, Fate.WAITING, "not settled yet")


async def _read(arena: Arena, sighting: Sighting, *, overdue: bool) -> Intake:
    try:
        trace = await arena.source.read(sighting)
    except Permanent:
        return untaken(sighting, Fate.FAILED, "it could not be fetched")
    if trace.ours is not None:
        return untaken(sighting, Fate.FILTERED, "our own writing")
    if not trace.ended:
        return _unended(sighting, overdue=overdue)
    read = sighting.model_copy(update={"observations": len(trace.observations)})
    return take_in(trace, read, arena.rules)


def duels(arena: Arena, intake: Intake) -> list[Duel]:
    """Return one duel per challenge and challenger."""
    return [
        Duel.of(challenge, name, challenger.fingerprint)
        for challenge in intake.challenges
        for name, challenger in arena.challengers.items()
    ]


async def advance(arena: Arena, duel: Duel) -> Duel:
    """Take one paid step. The caller saves the result before taking the next."""
    match duel:
        case Duel(state=State.QUEUED):
            return duel.rolled(await replay(duel.challenge, arena.challengers[duel.challenger]))
        case Duel(state=State.ROLLED, rollout=rollout) if rollout is not None:
            same = identical(duel.challenge, rollout, arena.judge_version)
            model = arena.judge_model
            return duel.judged(same or await arena.judge.judge(duel.challenge, rollout, model.ask, model=model.name))
    raise AssertionError(f"a {duel.state} duel has no next step")


async def deliver(
    arena: Arena, finished: Sequence[Duel], fresh: Sequence[Challenge], doubtful: Collection[str]
) -> None:
    """Post judged duels together with the challenges that were never acknowledged."""
    await arena.sink.post(finished, fresh, doubtful=doubtful)
