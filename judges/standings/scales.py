"""What a judgment's labels come to, on a scale that has a name.

*sevenths*: a label is worth 1, 6/7, 1/2, 1/7 or 0, and a judgment the mean of its rounds. *weight_3*: a label is a
battle, and one that says "much better" is three (lmarena/arena-hard-auto at 196f6b8, `show_result.py`, lines 12 to 54).
The two differ by up to ten points on the same labels, so no figure mixes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from judges.types import Judgment, Label, Seat
from judges.verdicts import battles, score

Scale = Literal["sevenths", "weight_3"]

Look = tuple[Label | None, Seat]
"""One round: what the judge said, and where the challenger sat."""


class Battle(NamedTuple):
    """What one round adds to a mean."""

    worth: float
    """The challenger's share, 0 to 1."""
    weight: float
    """How much it counts."""


def fought(looks: Sequence[Look], scale: Scale) -> tuple[Battle, ...]:
    """Return the battles of one judgment, none at all unless every round has a label and both seats were tried.

    Half a judgment would carry the judge's liking for a seat into the mean. On the scale of sevenths the weights of a
    judgment add up to 1 however often the judge was asked.
    """
    labels = [(label, seat) for label, seat in looks if label]
    if len(labels) < len(looks) or {seat for _, seat in labels} != {"A", "B"}:
        return ()
    if scale == "sevenths":
        return tuple(Battle(score(label, seat), 1 / len(labels)) for label, seat in labels)
    counted = (battles(label, seat) for label, seat in labels)
    return tuple(Battle(won / of, of) for won, of in counted)


def fought_in(judgment: Judgment, scale: Scale) -> tuple[Battle, ...]:
    """Return the battles of `judgment`. Answers that are the same, which nobody was asked about, tie in both seats."""
    looks: list[Look] = [(round_.label, round_.challenger_seat) for round_ in judgment.rounds]
    if not looks and judgment.score is not None:
        looks = [(Label.TIE, "A"), (Label.TIE, "B")]
    return fought(looks, scale)


def together(found: Iterable[Battle]) -> Battle | None:
    """Return the weighted mean of all battles and their whole weight, or `None` without any."""
    fights = list(found)
    weight = math.fsum(fight.weight for fight in fights)
    return Battle(math.fsum(fight.worth * fight.weight for fight in fights) / weight, weight) if fights else None
