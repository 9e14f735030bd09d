"""The decision matrix over the rows of a leaderboard: what to tell a person about each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from judges.standings.bootstrap import Interval
from judges.standings.decision import Candidate, advice, pareto, weighted
from judges.standings.rows import Row
from judges.standings.spread import FEW
from judges.standings.standing import Standing
from judges.standings.terms import Bargain

_EXPENSES: Final[tuple[str, ...]] = ("cost_per_1000_turns_usd", "p95_latency_s")


def decided(
    rows: Sequence[Row], apart: Collection[tuple[str, str]], bargain: Bargain, *, trusted: bool | None
) -> Iterator[Standing]:
    """Yield every standing with its place in the decision matrix; the last row is production's.

    Costs and latencies are held against production's on the same turns. `apart` are the pairs that may be called
    different, in whichever order.
    """
    floors = _floors(rows)
    candidates = [_candidate(row) for row in rows]
    front, production = pareto(candidates), candidates[-1]
    for row, candidate in zip(rows, candidates, strict=True):
        standing = row.standing
        here, there = _beside(candidate, production, row)
        facts: dict[str, Any] = {
            "pareto": standing.challenger in front,
            "weighted": weighted(here, there, bargain.weights),
            "within_noise": None,
        }
        if not standing.baseline:
            around = None if standing.control else _around(standing, floors, apart)
            distinct = _told_apart(standing.challenger, production.challenger, apart)
            said = advice(here, there, control=around, margin=bargain.margin, distinct=distinct, trusted=trusted)
            facts |= {"switching": said.switching, "advice": said.sentence}
            if floors and not standing.control and standing.win_rate is not None:
                facts["within_noise"] = around is not None
        yield standing.model_copy(update=facts)


def noise_floor(rows: Sequence[Row]) -> tuple[float, float] | None:
    """Return what all controls' intervals reach over together."""
    floors = _floors(rows).values()
    return (min(each.low for each in floors), max(each.high for each in floors)) if floors else None


def _floors(rows: Sequence[Row]) -> dict[str, Interval]:
    """Return the interval of each control; one of a few conversations reaches so far that it would excuse anybody."""
    return {
        row.standing.challenger: row.quality
        for row in rows
        if row.standing.control and row.quality and row.quality.clusters >= FEW
    }


def _around(standing: Standing, floors: Mapping[str, Interval], apart: Collection[tuple[str, str]]) -> Interval | None:
    """Return the interval of a control that holds the win rate, unless the two are told apart on the same turns."""
    name, win_rate = standing.challenger, standing.win_rate
    return next(
        (
            each
            for control, each in floors.items()
            if win_rate is not None and each.low <= win_rate <= each.high
            if not _told_apart(name, control, apart)
        ),
        None,
    )


def _told_apart(one: str, other: str, apart: Collection[tuple[str, str]]) -> bool:
    return (one, other) in apart or (other, one) in apart


def _beside(candidate: Candidate, production: Candidate, row: Row) -> tuple[Candidate, Candidate]:
    """Return both as they are on the same turns; where production's figure is unknown there, it is unknown."""
    ours, theirs = row.expenses
    mine = {name: ours[name] for name in _EXPENSES if ours.get(name) is not None}
    other = {
        name: theirs[name]
        for name in _EXPENSES
        if name in theirs and (name in mine or getattr(candidate, name) is not None)
    }
    return candidate.model_copy(update=mine), production.model_copy(update=other)


def _candidate(row: Row) -> Candidate:
    standing = row.standing
    return Candidate(
        challenger=standing.challenger,
        win_rate=standing.win_rate,
        interval=row.quality,
        tool_validity=standing.tool_validity,
        tool_interval=row.tools,
        adversarial=row.hard,
        cost_per_1000_turns_usd=standing.cost_per_1000_turns_usd,
        p95_latency_s=standing.p95_latency_s,
    )
