"""What a judgment's labels come to, on a scale that has a name.

*sevenths*: a label is worth 1, 6/7, 1/2, 1/7 or 0, and a judgment the mean of its rounds. *weight_3*: a label is a
battle, and one that says "much better" is three (lmarena/arena-hard-auto at 196f6b8, `show_result.py`, lines 12 to 54).
The two differ by up to ten points on the same labels, so no figure mixes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from judges.types import Judgment, Label, Scale
from judges.verdicts import battles, counted, score

Look = tuple[Label | None, str]
"""One round: what the judge said, and where the challenger sat."""


class Battle(NamedTuple):
    """What one round adds to a mean."""

    worth: float
    """The challenger's share, 0 to 1."""
    weight: float
    """How much it counts."""


def fought(looks: Sequence[Look], scale: Scale) -> tuple[Battle, ...]:
    """Return the battles of one judgment, none at all unless both seats were tried and each could be read.

    Half a judgment would carry the judge's liking for a seat into the mean. However often a seat was tried, both weigh
    the same: on the scale of sevenths 1/2 each, on the other that of one label.
    """
    seats = {seat: [label for label, at in looks if label and at == seat] for _, seat in looks}
    if set(seats) != {"A", "B"} or not all(seats.values()):
        return ()
    found = []
    for seat, labels in seats.items():
        for label in labels:
            won, of = (score(label, seat), 0.5) if scale == "sevenths" else battles(label, seat)
            found.append(Battle(won if scale == "sevenths" else won / of, of / len(labels)))
    return tuple(found)


def fought_in(judgment: Judgment, scale: Scale) -> tuple[Battle, ...]:
    """Return the battles of `judgment`; of a jury's, those of its judges, who share one vote.

    Where nobody was asked, because answers are the same or calls are known to be wrong, both seats are worth the score,
    and weigh what a label does that is not "much better". Judges without labels fight none.
    """
    if judgment.score is None:
        return ()
    if judgment.members:
        sat = [found for member in judgment.members if (found := fought_in(member, scale))]
        return tuple(Battle(each.worth, each.weight / len(sat)) for found in sat for each in found)
    if not judgment.rounds:
        return (Battle(judgment.score, 0.5 if scale == "sevenths" else 1.0),) * 2
    looks = [look for some in counted(judgment.rounds, judgment.method).values() for look in some]
    return fought([(look.label, look.challenger_seat or "") for look in looks], scale)


def together(found: Iterable[Battle]) -> Battle | None:
    """Return the weighted mean of all battles and their whole weight, or `None` without any."""
    fights = list(found)
    weight = math.fsum(fight.weight for fight in fights)
    return Battle(math.fsum(fight.worth * fight.weight for fight in fights) / weight, weight) if fights else None
