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

from connector.assemble import assemble
from connector.intake import Rules, kept, sort_out, untaken
from connector.media import with_media
from connector.ports import Sink, Source
from connector.settle import Settling, Waiting, settling
from connector.traces import Sighting, Trace, Window
from connector.types import Assembly, Duel, Fate, Intake, Seen, State
from judges.identical import identical
from judges.jury import Jury
from rollouts.errors import Permanent, Retryable
from rollouts.replay import Challenger, replay
from rollouts.types import Challenge

READ_AHEAD = 8  # traces fetched at a time: httpx slows down beyond some dozens of open requests
MOST_REFUSALS = 16  # in a row: it is not the traces that are too heavy, it is the server that is down
UNFETCHED = "it could not be fetched"


@dataclass(frozen=True)
class Arena:
    """Everything that a record meets on its way."""

    source: Source
    challengers: Mapping[str, Challenger]
    jury: Jury
    sink: Sink
    rules: Rules
    cheaper: Jury | None = None
    """Who judges while money is short; `None` for nobody but `jury`."""

    @property
    def fingerprints(self) -> dict[str, str]:
        """Today's challengers and the fingerprints of their configurations."""
        return {name: challenger.fingerprint for name, challenger in self.challengers.items()}


async def look(arena: Arena, window: Window) -> list[Sighting]:
    """Return the traces of the window that production wrote, oldest first."""
    sightings = [sighting for sighting in await arena.source.look(window) if sighting.ours is None]
    return sorted(sightings, key=lambda sighting: (sighting.started_at, sighting.trace_id))


async def ingest(
    arena: Arena, sightings: Sequence[Sighting], before: Mapping[str, Seen], waiting: Waiting
) -> AsyncIterator[Intake]:
    """Yield what every trace came to that is new or has changed; at the end, those that could not be fetched for now.

    Raises `Retryable` when so many in a row could not be fetched that it is no fault of theirs.
    """
    refused, in_a_row, fetches = list[Sighting](), 0, False
    for start in range(0, len(sightings), READ_AHEAD):
        some = sightings[start : start + READ_AHEAD]
        taking = (_take(arena, each, before.get(each.trace_id), waiting) for each in some)
        for sighting, taken in zip(some, await asyncio.gather(*taking), strict=True):
            if isinstance(taken, Retryable):
                refused.append(sighting)
                in_a_row += 1
                if in_a_row == MOST_REFUSALS:
                    raise taken
            elif taken is not None:
                yield kept(taken, arena.rules)
                in_a_row, fetches = 0, fetches or taken.trace.fate is not Fate.WAITING
    for sighting in refused:
        known = before.get(sighting.trace_id)
        again = known is not None and known.reason == UNFETCHED
        hopeless = fetches and again and waiting.is_over(sighting)
        yield kept(untaken(sighting, Fate.FAILED if hopeless else Fate.WAITING, UNFETCHED), arena.rules)


async def _take(arena: Arena, sighting: Sighting, before: Seen | None, waiting: Waiting) -> Intake | Retryable | None:
    """Return what became of one trace, or why it cannot be fetched now; `None` where nothing is new about it."""
    decision = settling(sighting, before, waiting)
    if decision is Settling.KNOWN:
        return None
    if before is not None and before.taken and before.session_id != arena.rules.stored(sighting.session_id):
        # Its turns keep their ids, even if its root brings a session at last.
        sighting = sighting.model_copy(update={"session_id": before.session_id})
    if reason := arena.rules.selection.filters.excludes(sighting):
        return untaken(sighting, Fate.FILTERED, reason)
    if decision is Settling.READ:
        return await _read(arena, sighting, overdue=waiting.is_over(sighting))
    return _unended(sighting, overdue=decision is Settling.GIVE_UP)


def _unended(sighting: Sighting, *, overdue: bool) -> Intake:
    if overdue:
        return untaken(sighting, Fate.UNREADABLE, "its root never ended")
    return untaken(sighting, Fate.WAITING, "not settled yet")


async def _read(arena: Arena, sighting: Sighting, *, overdue: bool) -> Intake | Retryable:
    try:
        trace = await arena.source.read(sighting)
        if trace.ours is not None:
            return untaken(sighting, Fate.FILTERED, "our own writing")
        if not trace.ended:
            return _unended(sighting, overdue=overdue)
        assembly = await assembled(arena, sighting, trace.model_copy(update={"session_id": sighting.session_id}))
    except Permanent:
        return untaken(sighting, Fate.FAILED, UNFETCHED)
    except Retryable as error:
        return error
    read = sighting.model_copy(update={"observations": len(trace.observations)})
    return sort_out(assembly, read, arena.rules)


async def assembled(arena: Arena, sighting: Sighting, trace: Trace) -> Assembly:
    """Read a trace; where it begins in the middle, together with what its session held before."""
    formats = arena.rules.formats
    alone = assemble(trace, formats)
    if not (alone.begins_in_the_middle and sighting.session_id) or arena.rules.hides(sighting.session_id):
        return alone
    return assemble(trace, formats, await arena.source.earlier(sighting))


def duels(arena: Arena, intake: Intake) -> list[Duel]:
    """Return one duel per challenge and challenger; challenges that are held have none before they are drawn."""
    held = {turn.id for turn in intake.turns if turn.fate is Fate.HELD}
    return [
        Duel.of(challenge, name, challenger.fingerprint)
        for challenge in intake.challenges
        if challenge.id not in held
        for name, challenger in arena.challengers.items()
    ]


async def advance(arena: Arena, duel: Duel, *, patient: bool = True, cheaply: bool = False) -> Duel:
    """Take one paid step. The caller saves the result before taking the next."""
    match duel:
        case Duel(state=State.QUEUED):
            asked = await with_media(duel.challenge, arena.source)
            return duel.rolled(await replay(asked, arena.challengers[duel.challenger]))
        case Duel(state=State.ROLLED):
            [judged] = await judge(arena, [duel], patient=patient, cheaply=cheaply)
            return judged
    raise AssertionError(f"a {duel.state} duel has no next step")


async def judge(arena: Arena, siblings: Sequence[Duel], *, patient: bool = True, cheaply: bool = False) -> list[Duel]:
    """Have the rollouts of one challenge judged: one, or all of them where the jury looks at them together.

    With `cheaply` the cheaper judge sits, if there is one.
    """
    rollouts = {duel.challenger: duel.rollout for duel in siblings if duel.rollout is not None}
    challenge, jury = siblings[0].challenge, (arena.cheaper if cheaply else None) or arena.jury
    if not jury.together and not jury.asks_about_identical:
        [rollout] = rollouts.values()
        if same := identical(challenge, rollout, jury.version):
            return [siblings[0].judged(same)]
    heard = {duel.challenger: duel.heard for duel in siblings}
    models = {name: arena.challengers[name].model.name for name in rollouts}
    said = await jury.judge(challenge, rollouts, models, heard, patient=patient)
    return [duel.judged(said[duel.challenger]) for duel in siblings]


async def deliver(
    arena: Arena, finished: Sequence[Duel], fresh: Sequence[Challenge], doubtful: Collection[str]
) -> None:
    """Post judged duels together with the challenges that were never acknowledged."""
    await arena.sink.post(finished, fresh, doubtful=doubtful)
