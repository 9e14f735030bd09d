"""What fills the tiers: datasets are read, flags looked into, and every member is queued in every epoch.

Everything is kept before it is acted upon: what people flagged, what became of it, how far scores were read. Killed at
any moment, the next run goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from connector.intake import Rules, sort_out
from connector.pipeline import READ_AHEAD, UNFETCHED, Arena, assembled
from connector.ports import Store
from connector.tiers.options import Tiers
from connector.tiers.reading import Source, read_item, unfiltered, unmasked, version
from connector.tiers.types import Curation, Flag, Item, Kept, Member, member_id
from connector.traces import Sighting, Use
from connector.types import Duel, Fate, digest
from rollouts.errors import Permanent, Retryable, UnderstudyError
from rollouts.types import Challenge, Tier

log = structlog.get_logger(__name__)

NO_TRACE = "there is no such trace"
NO_OBSERVATION = "there is no such observation in it"
NO_TURN = "this observation cannot be asked again"
NOT_ENDED, NEVER_ENDED = "its root has not ended", "its root never ended"


class TierStore(Store, Kept, Protocol):
    """A store that keeps the members of tiers as well."""


class NotUsable(UnderstudyError):
    """A trace that gives no member; `fate` says how it ends."""

    def __init__(self, fate: Fate, reason: str) -> None:
        super().__init__(f"{fate}: {reason}", hint="`understudy show TRACE` draws how a trace was read")
        self.fate, self.reason = fate, reason

    @property
    def passes(self) -> bool:
        """Whether it may well be usable later: spans and scores come in any order."""
        return self.reason in (NO_TRACE, NO_OBSERVATION, NOT_ENDED, UNFETCHED)


class Refill:
    """Keeps the tiers of one arena up to date."""

    def __init__(self, arena: Arena, store: TierStore, curation: Curation | None, rules: Tiers) -> None:
        """Without a `curation` only what is kept already is asked."""
        self._arena, self._store, self._curation, self._rules = arena, store, curation, rules
        self._looked_at: datetime | None = None

    async def run(self, now: datetime, epoch: str, *, patience: timedelta) -> int:
        """Look, at most every so often, and queue what `epoch` lacks; return by how many duels the queue grew.

        A trace that somebody flagged and that is not there is waited for, up to `patience`. What cannot be read stays
        as it was, and is said at the end: raises the first of these troubles.
        """
        troubles = await self._look(now, patience) if self._is_due(now) else []
        queued = await self._queue(epoch)
        for error in troubles:
            raise error
        return queued

    def _is_due(self, now: datetime) -> bool:
        return self._looked_at is None or now - self._looked_at >= self._rules.every

    async def _look(self, now: datetime, patience: timedelta) -> list[UnderstudyError]:
        troubles = list[UnderstudyError]()
        if self._curation is not None:
            for tier, names in self._rules.datasets:
                troubles += await self._read_datasets(self._curation, tier, names)
            troubles += await self._hear(self._curation, now)
            await self._look_into(self._curation, now, patience)
        if not troubles:
            self._looked_at = now
        return troubles

    async def _read_datasets(self, curation: Curation, tier: Tier, names: Sequence[str]) -> list[UnderstudyError]:
        """Bring the members of a tier in line with its datasets; one that cannot be read leaves its members alone."""
        there, troubles = dict[str, Mapping[str, bool] | None](), list[UnderstudyError]()
        for name in names:
            there[name] = None
            try:
                items = await curation.items(name)
                await self._read_items(tier, [item for item in items if not item.archived])
                there[name] = {member_id(tier, name, item.id): item.archived for item in items}
            except UnderstudyError as error:
                troubles.append(error)
        if tier != "adversarial":
            await self._store.attend(tier, there)
        return troubles

    async def _read_items(self, tier: Tier, items: Sequence[Item]) -> None:
        known = await self._store.versions(tier)
        changed = [item for item in items if known.get(member_id(tier, item.dataset, item.id)) != version(item)]
        for start in range(0, len(changed), READ_AHEAD):
            reading = (self._read_item(tier, item) for item in changed[start : start + READ_AHEAD])
            await self._store.keep_members([found for found in await asyncio.gather(*reading) if found is not None])

    async def _read_item(self, tier: Tier, item: Item) -> Member | None:
        """Return what an item is; `None` for now where the trace that it was made from still runs."""
        source = None
        try:
            # Unmasked: what the item asks is still to be compared with it.
            source = await self._source(item.trace_id, unmasked(self._arena.rules)) if item.trace_id else None
        except NotUsable as error:
            if error.reason == NOT_ENDED:
                return None
        return read_item(item, tier, source, self._arena.rules)

    async def _hear(self, curation: Curation, now: datetime) -> list[UnderstudyError]:
        """Keep what people flag. The mark of scores moves last, and each look goes some way back behind it."""
        rules, troubles = self._rules.adversarial, list[UnderstudyError]()
        name = f"{curation.name}/{digest(*(rule.model_dump_json() for rule in rules.scores))}"  # another rule, all anew
        mark = await self._store.mark(name)
        since = now - rules.since if mark is None else min(mark, now) - rules.overlap
        for way in rules.ways:
            try:
                for flag in await curation.flags(way, since):
                    await self._store.note(await self._kept(curation, flag))
                if way.scores:
                    await self._store.move_mark(name, now)
            except UnderstudyError as error:
                troubles.append(error)
        return troubles

    async def _kept(self, curation: Curation, flag: Flag) -> list[Flag]:
        """Return what may be kept of a flag: a session whose id says too much is known by its traces alone."""
        masks = self._arena.rules
        flag = flag.model_copy(update={"why": masks.said(flag.why)})
        if not masks.hides(flag.session_id):
            return [flag]
        traces = await curation.traces_of(flag)
        return [flag.model_copy(update={"session_id": None, "trace_id": each}) for each in traces]

    async def _look_into(self, curation: Curation, now: datetime, patience: timedelta) -> None:
        pending = await self._store.pending()
        for start in range(0, len(pending), READ_AHEAD):
            looking = (self._judge(curation, flag, now, patience) for flag in pending[start : start + READ_AHEAD])
            await asyncio.gather(*looking)

    async def _judge(self, curation: Curation, flag: Flag, now: datetime, patience: timedelta) -> None:
        """Keep what a flag is about; what is not there yet is waited for."""
        try:
            traces = await curation.traces_of(flag)
            turns = [turn for trace in traces or [""] for turn in await self.turns_of(trace, flag.observation_id)]
        except Retryable as error:
            log.warning("flag.put_off", flag=flag.why, trace=flag.trace_id, caused_by=str(error))
        except (Permanent, NotUsable) as error:
            known = error if isinstance(error, NotUsable) else NotUsable(Fate.FAILED, UNFETCHED)
            if not known.passes or now - flag.at >= patience:
                await self._store.looked_into(flag, [_unusable(flag, known, now)])
        else:
            await self._store.looked_into(flag, [Member.of(turn, flag.why, now) for turn in turns])

    async def turns_of(self, trace_id: str, observation_id: str | None = None) -> list[Challenge]:
        """Return the turns of a trace, or of one observation, that can be asked again, whatever traffic is wanted.

        Raises `NotUsable` where there is none.
        """
        source = await self._source(trace_id, self._arena.rules)
        if observation_id is not None and observation_id not in source.observations:
            raise NotUsable(Fate.FAILED, NO_OBSERVATION)
        if turns := source.turns(observation_id):
            return turns
        ended = source.intake.trace
        if source.intake.challenges:
            raise NotUsable(Fate.UNREPLAYABLE, NO_TURN)
        raise NotUsable(ended.fate, ended.reason)

    async def _source(self, trace_id: str, rules: Rules) -> Source:
        """Read a trace as every other is read. Raises `NotUsable` for what is not there, not ours to ask or unended."""
        try:
            sighting = await self._arena.source.find(trace_id) if trace_id else None
            source = await self._read(sighting, rules) if sighting else None
        except Permanent:
            raise NotUsable(Fate.FAILED, UNFETCHED) from None
        if source is None:
            raise NotUsable(Fate.FAILED, NO_TRACE)
        return source

    async def _read(self, sighting: Sighting, rules: Rules) -> Source:
        found = await self._arena.source.read(sighting)
        if sighting.ours or found.ours:
            raise NotUsable(Fate.FILTERED, "our own writing")
        if not found.ended:
            raise NotUsable(Fate.WAITING, NOT_ENDED)
        trace = found.model_copy(update={"session_id": sighting.session_id})
        assembly = await assembled(self._arena, sighting, trace)
        intake = sort_out(assembly, sighting, unfiltered(rules))
        copies = {each.observation_id: each.of for each in assembly.glances if each.use is Use.COPY and each.of}
        there = frozenset(each.id for each in found.observations)
        bare = trace.model_copy(update={"observations": ()})
        return Source(trace=bare, intake=intake, observations=there, copies=copies)

    async def _queue(self, epoch: str) -> int:
        """Ask every member in this epoch, of every challenger."""
        fresh, arena = await self._store.unasked(epoch), self._arena
        duels = [
            Duel.of(challenge, name, challenger.fingerprint)
            for challenge in fresh
            for name, challenger in arena.challengers.items()
        ]
        return await self._store.ask(epoch, fresh, duels)


def _unusable(flag: Flag, error: NotUsable, now: datetime) -> Member:
    ended = (Fate.UNREADABLE, NEVER_ENDED) if error.reason == NOT_ENDED else (error.fate, error.reason)
    about = (flag.trace_id or "", flag.observation_id or "", flag.session_id or "")
    return Member(
        id=digest("adversarial", *about),
        tier="adversarial",
        source=flag.why,
        trace_id=flag.trace_id or flag.session_id,
        observation_id=flag.observation_id,
        fate=ended[0],
        reason=ended[1],
        added_at=now,
    )
