"""What each judge of a jury is like, beside the others: harsh or mild, drawn to a seat, of two minds, or unreadable.

All figures are plain means over the duels given; their intervals are for the statistics, which resample conversations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from statistics import fmean
from typing import Final

from judges.jury_verdict import Rule, jury_verdict
from judges.types import Judgment
from judges.verdicts import SEVENTHS
from rollouts.types import Record

_EVEN: Final = 0.5


class Duel(Record):
    """One answer of one challenger against its baseline, and what every judge that sat says of it."""

    challenge_id: str
    challenger: str
    judgments: tuple[Judgment, ...]


class Habits(Record):
    """What one judge is like. Shares are 0 to 1; `None` where there was nothing to tell it by."""

    judge: str
    duels: int
    harshness: float | None
    """How much less it gives challengers than the mean of the other judges on the same duels; negative is milder."""
    seat_bias: float | None
    """What it gives whoever sits in A beyond half, over judgments whose rounds seat both alike; negative favours B."""
    disagreeing_share: float | None
    """Of the judgments whose rounds can be compared, how many name different winners (Zheng 2023, arXiv 2306.05685)."""
    unreadable_share: float


class Cell(Record):
    """One judge's mean score for one challenger: a cell of the heat map."""

    judge: str
    challenger: str
    duels: int
    """How many of them could be read, which the mean is of."""
    score: float | None


class LeftOut(Record):
    """What the jury would say without one of its judges, on the duels where it says something with and without it."""

    judge: str
    duels: int
    change: dict[str, float]
    """By challenger, its mean score without the judge less the one with it."""
    swapped: tuple[tuple[str, str], ...]
    """Pairs of challengers, in the alphabet's order, that change their order, entering or leaving a draw included."""


def habits(duels: Sequence[Duel]) -> tuple[Habits, ...]:
    """Return what each judge is like, in the alphabet's order."""
    sat: dict[str, list[tuple[Judgment, Duel]]] = defaultdict(list)
    for duel in duels:
        for judgment in duel.judgments:
            sat[judgment.judge].append((judgment, duel))
    return tuple(_habits(judge, sat[judge]) for judge in sorted(sat))


def heat_map(duels: Iterable[Duel]) -> tuple[Cell, ...]:
    """Return the mean score of every judge for every challenger it has seen, by judge and then challenger."""
    scores: dict[tuple[str, str], list[float]] = defaultdict(list)
    for duel in duels:
        for judgment in duel.judgments:
            scores[judgment.judge, duel.challenger] += [] if judgment.score is None else [judgment.score]
    return tuple(
        Cell(judge=judge, challenger=challenger, duels=len(found), score=_mean(found))
        for (judge, challenger), found in sorted(scores.items())
    )


def left_out(duels: Sequence[Duel], *, rule: Rule = "mean", quorum: int = 1) -> tuple[LeftOut, ...]:
    """Return, for each judge, what leaving it out changes; the quorum is lowered by the judge that is missing."""
    judges = sorted({judgment.judge for duel in duels for judgment in duel.judgments})
    return tuple(_left_out(judge, duels, rule, quorum) for judge in judges)


def _habits(judge: str, sat: Sequence[tuple[Judgment, Duel]]) -> Habits:
    judgments = [judgment for judgment, _ in sat]
    compared = [not judgment.consistent for judgment in judgments if judgment.consistent is not None]
    return Habits(
        judge=judge,
        duels=len(sat),
        harshness=_mean([gap for judgment, duel in sat if (gap := _gap(judgment, duel)) is not None]),
        seat_bias=_mean([bias for judgment in judgments if (bias := _seat_bias(judgment)) is not None]),
        disagreeing_share=_mean(compared),
        unreadable_share=fmean(judgment.score is None for judgment in judgments),
    )


def _gap(judgment: Judgment, duel: Duel) -> float | None:
    others = [one.score for one in duel.judgments if one.judge != judgment.judge and one.score is not None]
    return fmean(others) - judgment.score if others and judgment.score is not None else None


def _seat_bias(judgment: Judgment) -> float | None:
    """Return what seat A gets beyond half; `None` unless the challenger sat in both equally often and all was read."""
    seats = [round_.challenger_seat for round_ in judgment.rounds]
    labels = [round_.label for round_ in judgment.rounds if round_.label]
    if not seats or len(labels) < len(seats) or seats.count("A") != seats.count("B"):
        return None
    return fmean(float(SEVENTHS[label]) for label in labels) - _EVEN


def _left_out(judge: str, duels: Sequence[Duel], rule: Rule, quorum: int) -> LeftOut:
    all_of_them: dict[str, list[float]] = defaultdict(list)
    without: dict[str, list[float]] = defaultdict(list)
    for duel in duels:
        rest = [judgment for judgment in duel.judgments if judgment.judge != judge]
        sat = len(rest) < len(duel.judgments)
        full = jury_verdict(duel.judgments, rule=rule, quorum=quorum).score
        less = jury_verdict(rest, rule=rule, quorum=quorum - sat).score
        if full is not None and less is not None:
            all_of_them[duel.challenger].append(full)
            without[duel.challenger].append(less)
    before = {challenger: fmean(scores) for challenger, scores in all_of_them.items()}
    after = {challenger: fmean(scores) for challenger, scores in without.items()}
    return LeftOut(
        judge=judge,
        duels=sum(map(len, without.values())),
        change={challenger: after[challenger] - before[challenger] for challenger in sorted(before)},
        swapped=tuple(
            (one, other)
            for one, other in combinations(sorted(before), 2)
            if _order(before[one], before[other]) != _order(after[one], after[other])
        ),
    )


def _order(one: float, other: float) -> int:
    gap = round(one - other, 9)  # means of sevenths that are equal differ in their last digits
    return (gap > 0) - (gap < 0)


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
