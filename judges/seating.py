"""Who sits where when several answers are ranked at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Final, NamedTuple

from judges import prompts, transcript
from judges.findings import among
from judges.identical import same
from rollouts.errors import Permanent
from rollouts.types import Challenge, Completion, Rollout, ToolDefinition

MOST_SEATS: Final = len(ascii_uppercase)
ORDERS: Final = (0, 1)
"""From the left, and from the right: every two answers are seen both ways round."""


class Place(NamedTuple):
    """One answer, and all who gave it."""

    names: tuple[str | None, ...]
    """Of challengers; the baseline has none."""
    answer: Completion
    shown: str


class Table(NamedTuple):
    """The different answers to one challenge, in the order of their seats from the left."""

    situation: str
    tools: tuple[ToolDefinition, ...]
    places: tuple[Place, ...]

    @classmethod
    def of(
        cls, challenge: Challenge, rollouts: Mapping[str, Rollout], version: str, most_chars: int, *, shared: bool
    ) -> Table:
        """Seat all answers as a hash of challenge and version says; with `shared`, identical ones in one seat.

        The order follows from the answers themselves, so that no name and no order of names has a seat of its own.
        Raises `Permanent` when there are more answers than letters.
        """
        found = _places(challenge, rollouts, most_chars, shared=shared)
        if len(found) > MOST_SEATS:
            raise Permanent(
                f"{len(found)} answers cannot be ranked at once, {MOST_SEATS} can",
                hint="name fewer challengers, or use a judge that compares two at a time",
            )
        seats = sorted(found, key=lambda place: _drawn(challenge.id, version, place.shown))
        return cls(prompts.situation(challenge), challenge.tools, tuple(seats))

    def place(self, name: str | None) -> int:
        """Return where from the left the answer of `name` sits; that of the baseline for `None`."""
        return next(index for index, place in enumerate(self.places) if name in place.names)

    def letter(self, place: int, order: int) -> str:
        """Return the seat of an answer in one of both orders."""
        return ascii_uppercase[place if order == 0 else len(self.places) - 1 - place]

    def seated(self, order: int) -> dict[str, str]:
        """Return who sits in which seat."""
        names = [" = ".join(name or "baseline" for name in place.names) for place in self.places]
        return dict(sorted((self.letter(index, order), name) for index, name in enumerate(names)))

    def material(self, order: int) -> str:
        """Return what the judge is asked in one of both orders."""
        by_letter = dict(sorted((self.letter(index, order), place) for index, place in enumerate(self.places)))
        shown = {letter: place.shown for letter, place in by_letter.items()}
        found = among({letter: place.answer for letter, place in by_letter.items()}, self.tools)
        return prompts.question(self.situation, shown, found)


def _places(challenge: Challenge, rollouts: Mapping[str, Rollout], most_chars: int, *, shared: bool) -> list[Place]:
    found: list[Place] = []
    given: dict[str | None, Completion] = {None: challenge.baseline}
    for name, answer in (given | {name: rollouts[name].completion for name in sorted(rollouts)}).items():
        for index, place in enumerate(found):
            if shared and same(place.answer, answer, challenge.tools):
                found[index] = place._replace(names=(*place.names, name))
                break
        else:
            found.append(Place((name,), answer, transcript.answer(answer.message, most_chars)))
    return found


def _drawn(challenge_id: str, version: str, shown: str) -> bytes:
    return hashlib.sha256(json.dumps([challenge_id, version, shown]).encode()).digest()
