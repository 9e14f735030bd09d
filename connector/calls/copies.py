"""One call that several hands logged → one call. Pure.

Instrumentations of a framework and of its client both write the same call at the same time, one within the other or
side by side, and seldom in the same words. To tell such copies from two calls takes the tree and the clock, which are
known here and not in the split. What the split merges is the same *turn*, met again at another time: a retry, a
regenerated answer, a later history.

1. *Side by side* (`connector.calls.doubles`): same time, same question, same answer, same speaker.
2. *Within each other* (`connector.calls.nesting`): an outer log of one call is its copy, of several calls it is their
   run; what shares neither question nor answer with what lies within it is a call of its own.
3. *The log that tells most stands for the call* and takes from the other what it lacks (`connector.calls.richness`).
"""

from __future__ import annotations

from connector.calls.candidates import Lost, Read
from connector.calls.likeness import Likeness
from connector.calls.richness import enriched, richness
from connector.calls.tree import Tree
from connector.traces import Call, Glance, Use
from connector.types import Fate

COPY = "the same call, logged twice"
RUN = "a run whose calls are logged"


class Copies:
    """What is still taken for a call of its own, and what each other candidate is a copy of."""

    def __init__(self, read: Read, tree: Tree) -> None:
        self.tree = tree
        self.calls = {call.observation_id: call for call in read.calls}
        self.lost = {each.observation.id: each for each in read.lost}
        self.outer = {above.id for step in (*self.calls, *self.lost) for above in tree.above(step)}
        self._of: dict[str, tuple[str, str]] = {}
        self._likenesses: dict[str, Likeness] = {}

    @property
    def steps(self) -> dict[str, Call | Lost]:
        """What may be a call of its own, or a copy; what a framework asks for itself is neither."""
        lost = {step: each for step, each in self.lost.items() if each.why.fate is not Fate.FILTERED}
        return {**self.calls, **lost}

    def likeness(self, step: str) -> Likeness:
        """Return what the call `id` shares with its copies."""
        if step not in self._likenesses or self._likenesses[step].call is not self.calls[step]:
            self._likenesses[step] = Likeness(self.calls[step])
        return self._likenesses[step]

    def merge(self, one: str, other: str) -> None:
        """Let the call that tells more stand for both."""
        of = {one: self.calls[other], other: self.calls[one]}
        poor, rich = sorted(of, key=lambda step: richness(self.calls[step], of[step], leaf=step not in self.outer))
        self.calls[rich] = enriched(self.calls[rich], self.calls[poor])
        self.drop(poor, rich, COPY)

    def drop(self, step: str, of: str, why: str) -> None:
        """Take `id` for a copy of `of`."""
        self.calls.pop(step, None)
        self.lost.pop(step, None)
        self._of[step] = (of, why)

    def left(self) -> Read:
        """Return each call once, oldest first."""
        oldest = sorted(self.calls.values(), key=lambda call: (call.started_at, call.observation_id))
        return Read(oldest, list(self.lost.values()))

    def glances(self) -> list[Glance]:
        """Say of each copy what stands for it in the end."""
        return [
            Glance(observation_id=step, use=Use.COPY, reason=why, of=self._last(step))
            for step, (_, why) in self._of.items()
        ]

    def _last(self, step: str) -> str:
        while step in self._of:
            step, _ = self._of[step]
        return step
