"""What each judge is like, beside the others and beside people: harsh or mild, drawn to a seat, or of two minds.

A judge's habits, and its agreement with people, are its own, whatever the turns stand for: they are plain means over
the duels of all tiers. What it gives each challenger, and what the jury would say without it, stand beside the win
rates: they are estimates for the traffic, from the fresh tier alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from judges.standings.agreement import Agreement
from judges.standings.apart import relative
from judges.standings.calibration import trusted
from judges.standings.leaderboard import Seen
from judges.standings.opinions import Opinions, lone
from judges.standings.people import Labels, beside_people
from judges.standings.pooling import pooled
from judges.standings.spread import Floats
from judges.standings.tables import Columns, known_mean
from judges.standings.terms import Asked, Bench

_DIGITS = 9  # means of sevenths that are equal differ in their last digits


class Judges(NamedTuple):
    """All judges, and what to make of what they say together."""

    seen: tuple[Seen, ...]
    agreement: Agreement | None
    """Of the judge or jury as a whole with people."""
    trusted: bool | None
    """Whether that is enough; `None` where too few can tell."""


def judges(columns: Columns, each: Opinions, people: Labels, bench: Bench, asked: Asked) -> Judges:
    """Return what each judge is like, in the alphabet's order; where `each` has none, what the one judge is."""
    whole = lone(columns, bench.version)
    agreed = beside_people(columns, whole, people, asked)
    shown, known = (each, beside_people(columns, each, people, asked)) if each.judges else (whole, agreed)
    return Judges(
        seen=tuple(_seen(columns, shown, judge, known, bench) for judge in range(len(shown.judges))),
        agreement=agreed.get(bench.version),
        trusted=trusted(agreed.get(bench.version), floor=bench.floor, needed=bench.needed),
    )


def _seen(columns: Columns, opinions: Opinions, judge: int, agreed: Mapping[str, Agreement], bench: Bench) -> Seen:
    version = opinions.judges[judge]
    return Seen(
        judge=version,
        name=bench.names.get(version, version),
        **_habits(opinions, judge),
        by_challenger=_by_challenger(columns, opinions, judge),
        **_left_out(columns, opinions, judge, bench),
        agreement=agreed.get(version),
        trusted=trusted(agreed.get(version), floor=bench.floor, needed=bench.needed),
    )


def _habits(opinions: Opinions, judge: int) -> dict[str, Any]:
    """Return how the judge differs from the others on the same duels, and from itself with the seats exchanged.

    Rounds that disagree: Zheng et al. 2023, "Judging LLM-as-a-Judge", arXiv 2306.05685.
    """
    sat = opinions.sat[:, judge]
    own, read = opinions.scores[:, judge], np.isfinite(opinions.scores)
    others = read.sum(axis=1) - read[:, judge]
    both = read[:, judge] & (others > 0)
    rest = np.nansum(opinions.scores[both], axis=1) - own[both]
    disagreeing = known_mean(1 - opinions.consistent[sat, judge])
    return {
        "duels": int(sat.sum()),
        "harshness": known_mean(rest / others[both] - own[both]),
        "seat_bias": known_mean(opinions.seat_biases[sat, judge]),
        "disagreeing_share": disagreeing,
        "unreadable_share": known_mean(~read[sat, judge] * 1.0),
    }


def _by_challenger(columns: Columns, opinions: Opinions, judge: int) -> dict[str, float | None]:
    sat = opinions.sat[:, judge] & columns.fresh[opinions.challenges]
    codes, scores = opinions.challengers[sat], opinions.scores[sat, judge]
    weights = relative(columns.weights[opinions.challenges[sat]])
    return {
        columns.challengers[code]: known_mean(scores[codes == code], weights[codes == code])
        for code in np.unique(codes)
    }


def _left_out(columns: Columns, opinions: Opinions, judge: int, bench: Bench) -> dict[str, Any]:
    """Return what the jury would say without the judge, on the duels where it says something with and without it.

    The quorum is lowered by the judge that is missing.
    """
    rest = [other for other in range(len(opinions.judges)) if other != judge]
    quorum = np.maximum(1, bench.quorum - opinions.sat[:, judge])
    full = pooled(opinions.scores, opinions.verdicts, bench.rule, np.maximum(1, bench.quorum))
    less = pooled(opinions.scores[:, rest], opinions.verdicts[:, rest], bench.rule, quorum)
    both = np.isfinite(full) & np.isfinite(less) & columns.fresh[opinions.challenges]
    codes, weights = opinions.challengers[both], relative(columns.weights[opinions.challenges[both]])
    means = {
        columns.challengers[code]: _means((full[both], less[both]), weights, codes == code) for code in np.unique(codes)
    }
    return {
        "left_out": {name: after - before for name, (before, after) in means.items()},
        "swapped": tuple((one, other) for one, other in combinations(means, 2) if _swapped(means[one], means[other])),
    }


def _means(columns: tuple[Floats, Floats], weights: Floats, at: npt.NDArray[np.bool_]) -> tuple[float, float]:
    before, after = (float(np.average(column[at], weights=weights[at])) for column in columns)
    return before, after


def _swapped(one: tuple[float, float], other: tuple[float, float]) -> bool:
    before, after = (np.sign(round(first - second, _DIGITS)) for first, second in zip(one, other, strict=True))
    return bool(before != after)
