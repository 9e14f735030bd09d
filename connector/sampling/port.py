"""What a draw needs of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from connector.sampling.clusters import Cluster
from connector.sampling.draw import Drawing
from connector.sampling.strata import Held
from connector.sampling.types import Draw


class DrawStore(Protocol):
    """Turns that wait, and the draws that were made; nothing is returned as done before it would survive a crash."""

    async def held_epochs(self) -> list[str]:
        """Return the epochs of which turns wait, the oldest first."""

    async def closed_epochs(self) -> set[str]:
        """Return the epochs whose figures no longer change."""

    async def held(self, epoch: str, *, texts: bool = False) -> list[Held]:
        """Return the turns of an epoch that wait, in the order of their ids; with `texts`, what the user said last."""

    async def draws(self, epoch: str | None = None) -> list[Draw]:
        """Return the draws of one epoch or of all, in the order in which they were made."""

    async def last_draw(self) -> datetime | None:
        """Return when the last draw was made; `None` before the first."""

    async def clusters(self, space: str, epoch: str) -> list[Cluster]:
        """Return the clusters known up to an epoch in a space of vectors, each as it was found last, by name."""

    async def settle_draw(
        self,
        draw: Draw,
        held: Sequence[Held],
        made: Drawing,
        fingerprints: Mapping[str, str],
        *,
        clusters: Mapping[str, str] | None = None,
        shapes: Sequence[Cluster] = (),
        space: str = "",
    ) -> int:
        """Queue the duels of those of `held` that `made` has drawn, and leave out the others, in one transaction.

        Turns that have been withdrawn or asked about meanwhile are let alone. The texts of those left out are dropped,
        and the vectors that were bought. `clusters` are those of the turns by their ids, `shapes` those found in
        `space`. Return how many duels are new.
        """
