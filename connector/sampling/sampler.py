"""When to draw, how many, and from what: the held turns of each epoch → duels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import floor
from typing import NamedTuple

import structlog

from connector.epochs import begins, ends
from connector.sampling.clusters import Cluster, Clustered, clustered
from connector.sampling.draw import Batch, Drawing, draw
from connector.sampling.embedding import PackagedEmbedder
from connector.sampling.options import Sampling
from connector.sampling.port import DrawStore
from connector.sampling.strata import Held, by_slices
from connector.sampling.types import Draw
from rollouts.embedding import Embedder
from rollouts.errors import BudgetExhausted

log = structlog.get_logger(__name__)

_EVERYTHING = "all"
_NO_LIMIT = 2**31


class Strata(NamedTuple):
    """The parts that one draw is made from."""

    of: Mapping[str, str]
    """The stratum of each turn, by its id."""
    clusters: Mapping[str, str] | None = None
    """The cluster of each turn, where there are any."""
    shapes: Sequence[Cluster] = ()
    fell_back: str = ""


class Sampler:
    """Draws from what is held. All it knows is in the store, and a draw that a crash cut off is made again alike."""

    def __init__(
        self, store: DrawStore, sampling: Sampling, *, late: timedelta, embedder: Embedder | None = None
    ) -> None:
        """`late` is how long after an epoch's end its turns still come as a matter of course."""
        self._store, self._sampling, self._late = store, sampling, late
        self.embedder = embedder or PackagedEmbedder()

    async def draw(self, now: datetime, covered: datetime, fingerprints: Mapping[str, str]) -> int:
        """Draw from every epoch of which turns are held; return how many duels are new.

        Everything before `covered` was read. Raises what the endpoint for embeddings raises; then all waits as it is.
        """
        fresh, closed = 0, await self._store.closed_epochs()
        for epoch in await self._store.held_epochs():
            fresh += await self._draw(epoch, now, covered, fingerprints, closed=epoch in closed)
        return fresh

    async def texts(self, covered: datetime) -> AsyncIterator[Sequence[str]]:
        """Yield, epoch by epoch, what a draw would have turned into vectors now."""
        closed = await self._store.closed_epochs()
        for epoch in await self._store.held_epochs() if self._sampling.strategy == "cluster" else ():
            drawn = sum(each.drawn for each in await self._store.draws(epoch))
            if epoch not in closed and self._quota(epoch, covered, drawn):
                yield _texts(await self._store.held(epoch, texts=True))

    async def is_due(self, now: datetime) -> bool:
        """Whether the last draw was long enough ago."""
        last = await self._store.last_draw()
        return last is None or now - last >= self._sampling.every

    async def _draw(
        self, epoch: str, now: datetime, covered: datetime, fingerprints: Mapping[str, str], *, closed: bool
    ) -> int:
        before = await self._store.draws(epoch)
        quota = 0 if closed else self._quota(epoch, covered, sum(each.drawn for each in before))
        if not quota and not closed and covered < ends(epoch) + self._late:
            return 0
        held = await self._store.held(epoch, texts=self._sampling.strategy == "cluster")
        batch = Batch(epoch, len(before) + 1, quota)
        strata = await self._strata(held, batch) if quota else Strata({})
        made = await asyncio.to_thread(draw, held, strata.of, batch, self._sampling) if quota else Drawing({}, {}, ())
        told = Draw(
            epoch=epoch,
            number=batch.number,
            at=now,
            strategy=self._sampling.strategy,
            fell_back=strata.fell_back,
            quota=quota,
            held=len(held),
            drawn=len(made.weights),
            uncovered=0 if quota else len(held),
            strata=made.strata,
        )
        _say(told)
        return await self._store.settle_draw(
            told,
            held,
            made,
            fingerprints,
            clusters=strata.clusters,
            shapes=strata.shapes,
            space=self.embedder.space,
        )

    def _quota(self, epoch: str, covered: datetime, drawn: int) -> int:
        """Return what the epoch may have drawn by now, less what was; what nobody used is carried over."""
        if self._sampling.strategy == "all":
            return _NO_LIMIT
        begun = begins(epoch)
        share = (covered - begun) / (ends(epoch) + self._late - begun)
        return max(0, floor(self._sampling.challenges * min(1.0, max(0.0, share))) - drawn)

    async def _strata(self, held: Sequence[Held], batch: Batch) -> Strata:
        match self._sampling.strategy:
            case "stratified":
                return Strata(by_slices(held, self._sampling.by))
            case "cluster":
                found = await self._clustered(held, batch.epoch)
                if found.trouble:
                    return Strata(by_slices(held, self._sampling.by), fell_back=found.trouble)
                return Strata(found.names, found.names, found.clusters)
        return Strata({each.id: _EVERYTHING for each in held})

    async def _clustered(self, held: Sequence[Held], epoch: str) -> Clustered:
        texts = _texts(held)
        try:
            vectors = await self.embedder.embed(texts) if texts else ()
        except BudgetExhausted as error:
            return Clustered({}, trouble=f"no money is left for embeddings: {error}")
        known = await self._store.clusters(self.embedder.space, epoch)
        return await asyncio.to_thread(clustered, held, dict(zip(texts, vectors, strict=True)), known)


def _texts(held: Sequence[Held]) -> list[str]:
    return sorted({each.text for each in held if each.text})


def _say(told: Draw) -> None:
    facts = {"epoch": told.epoch, "number": told.number, "held": told.held, "drawn": told.drawn}
    if told.fell_back:
        log.warning("draw.fell_back", **facts, to="stratified", caused_by=told.fell_back)
    if told.uncovered:
        log.warning("draw.too_late", **facts, hint="raise sampling.challenges, or poll more often")
    log.info("draw.done", **facts, quota=told.quota)
