"""The decision matrix over the rows of a leaderboard: what to tell a person about each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from judges.standings.bootstrap import Interval
from judges.standings.decision import Candidate, advice, pareto, weighted
from judges.standings.leaderboard import Standing
from judges.standings.rows import Row
from judges.standings.terms import Bargain


def decided(rows: Sequence[Row], bargain: Bargain, *, trusted: bool | None) -> Iterator[Standing]:
    """Yield every standing with its place in the decision matrix; the last row is production's."""
    floors = _floors(rows)
    candidates = [_candidate(row) for row in rows]
    front, production = pareto(candidates), candidates[-1]
    for row, candidate in zip(rows, candidates, strict=True):
        standing = row.standing
        facts: dict[str, Any] = {
            "pareto": standing.challenger in front,
            "weighted": weighted(candidate, production, bargain.weights),
            "within_noise": None,
        }
        if not standing.baseline:
            around = None if standing.control else _around(standing.win_rate, floors)
            said = advice(candidate, production, control=around, margin=bargain.margin, trusted=trusted)
            facts |= {"switching": said.switching, "advice": said.sentence}
            if floors and not standing.control and standing.win_rate is not None:
                facts["within_noise"] = around is not None
        yield standing.model_copy(update=facts)


def noise_floor(rows: Sequence[Row]) -> tuple[float, float] | None:
    """Return what all controls' intervals reach over together."""
    floors = _floors(rows)
    return (min(each.low for each in floors), max(each.high for each in floors)) if floors else None


def _floors(rows: Sequence[Row]) -> tuple[Interval, ...]:
    return tuple(row.quality for row in rows if row.standing.control and row.quality)


def _around(win_rate: float | None, floors: Sequence[Interval]) -> Interval | None:
    """Return the interval of a control that holds the win rate."""
    return next((each for each in floors if win_rate is not None and each.low <= win_rate <= each.high), None)


def _candidate(row: Row) -> Candidate:
    standing = row.standing
    return Candidate(
        challenger=standing.challenger,
        win_rate=standing.win_rate,
        interval=row.quality,
        tool_validity=standing.tool_validity,
        tool_interval=row.tools,
        adversarial=standing.adversarial_win_rate,
        cost_per_1000_turns_usd=standing.cost_per_1000_turns_usd,
        p95_latency_s=standing.p95_latency_s,
    )
