"""The words of forgetting: whose texts are to go, where they went, and what is left to remove."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, Self

from rollouts.types import Record

Place = Literal["item", "trace", "score", "pair", "answer", "bytes"]
"""Where something is that has to go: a dataset item, trace, score or queued pair of ours; an answer in the cache; and
the bytes of the state file."""


class Subject(NamedTuple):
    """Whose words are to be forgotten."""

    kind: Literal["user", "session", "trace"]
    id: str


class Forgot(Record):
    """How much was forgotten."""

    traces: int = 0
    challenges: int = 0
    """Turns whose texts went, those of later traces included that repeat them."""
    duels: int = 0
    elsewhere: int = 0
    """Objects in Langfuse, answers in the cache, and the state file: all of these are to be cleaned."""


class Remains(Record):
    """What is to be removed where results went."""

    items: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    """Spans that people are shown in a queue."""

    @classmethod
    def of(cls, place: Place, ids: Sequence[str]) -> Self:
        """Return what is in one place."""
        return cls.model_validate({f"{place}s": tuple(ids)})
