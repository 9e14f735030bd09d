"""A trace as the tree it is; parents that are missing or go round in circles do no harm. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connector.traces import Observation


class Tree:
    """Who lies within whom. A parent that is not in the trace is none: it may belong to another service's."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.observations = {observation.id: observation for observation in observations}

    def above(self, inner: str) -> Iterator[Observation]:
        """Yield what `inner` lies within, the nearest first."""
        seen = {inner}
        at = self.observations.get(inner)
        while at is not None and at.parent_id is not None and at.parent_id not in seen:
            seen.add(at.parent_id)
            at = self.observations.get(at.parent_id)
            if at is not None:
                yield at

    def nearest(self, inner: str, wanted: Callable[[Observation], bool]) -> Observation | None:
        """Return the nearest of those above `inner` that is `wanted`."""
        return next(filter(wanted, self.above(inner)), None)

    def roots(self) -> list[Observation]:
        """Return what lies within nothing."""
        return [each for each in self.observations.values() if each.parent_id not in self.observations]

    def line(self, inner: str) -> str:
        """Name the run that `inner` is a step of: siblings share it. Below the root it is the same in every trace."""
        parent = next(self.above(inner), None)
        return "" if parent is None or parent.parent_id is None else parent.id
