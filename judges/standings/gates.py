"""Whether a challenger may take over, by its intervals: yes, no, or not known yet.

A bar is passed when the whole interval lies above it and failed when the whole interval lies below it (non-inferiority:
Piaggio et al. 2012, JAMA 308); a point estimate decides nothing. Passing takes every check, which needs no correction
(an intersection-union test: Berger 1982, Technometrics 24). Failing takes one of many, so failures are corrected by
Holm's method over all checks of one gate, and over the `looks` at the same epoch while it fills up.

The fresh tier is measured by the win rate, on which a model as good as production stands at one half. Floors are on the
share of turns held, those in which the challenger is at least as good: on the win rate no floor above one half could be
passed by a model that is merely as good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from judges.standings.gated import Against, Check, Gate, Gates, Result, Unasked
from judges.standings.leaderboard import Leaderboard
from judges.standings.measures import NO_DATA, TOO_SMALL, Measure, change, measure
from judges.standings.several import holm
from judges.standings.spread import FEW
from judges.standings.standing import Standing
from judges.standings.tiers import TierStanding
from rollouts.types import Tier

PAR: Final = 0.5
UNTRUSTED: Final = "the judge is not trusted, for it agrees too little with people"

Past = Mapping[str, Sequence[Leaderboard]]
"""By challenger, leaderboards of earlier epochs under the same conditions, the oldest first."""


class _Place(NamedTuple):
    """One challenger in one tier."""

    challenger: str
    tier: Tier
    now: Measure
    unknown: str | None
    """Why nothing can be decided here, whatever the intervals say."""


class _Question(NamedTuple):
    """One check that is still to be decided."""

    place: _Place
    against: Against
    bar: float
    measure: Measure
    held_against: str = ""


def gate(
    board: Leaderboard,
    rules: Gates,
    past: Past | None = None,
    unfinished: Mapping[str, int] | None = None,
    *,
    only: str | None = None,
    looks: int = 1,
) -> Gate:
    """Hold every challenger of `board`, or `only` one, against the bars of `rules` and against its own `past`.

    `unfinished` counts each challenger's duels that are still open. `looks` is how often the same epoch is looked at.
    """
    questions, unasked = list[_Question](), list[Unasked]()
    for row in (row for row in board.standings if _asked(row, rules, only)):
        missing = _missing(row, rules, (unfinished or {}).get(row.challenger, 0))
        doubt = UNTRUSTED if board.trusted is False else missing
        for tier in _tiers(board):
            now = measure(_row(board, row.challenger, tier), board.level)
            place = _Place(row.challenger, tier, now, doubt or now.unknown)
            questions.append(_at_the_bar(place, rules))
            earlier = [measure(_row(each, *place[:2]), each.level) for each in (past or {}).get(row.challenger, ())]
            compared = _beside_the_past(place, earlier, rules, board.level)
            (questions if isinstance(compared, _Question) else unasked).append(compared)  # type: ignore[arg-type]
    checks = _decided(questions, board.level, looks)
    return Gate(
        epoch=board.epoch,
        closed_at=board.closed_at,
        judge=board.judge,
        comparability=board.comparability,
        level=board.level,
        unit=board.unit,
        looks=looks,
        result=worst(check.result for check in checks),
        checks=checks,
        unasked=tuple(unasked),
    )


def worst(results: Iterator[Result] | Sequence[Result]) -> Result:
    """Return fail before inconclusive before pass; of nothing, inconclusive."""
    found = set(results)
    return next(
        (each for each in (Result.FAIL, Result.INCONCLUSIVE, Result.PASS) if each in found), Result.INCONCLUSIVE
    )


def _asked(row: Standing, rules: Gates, only: str | None) -> bool:
    if row.baseline or (only is not None and row.challenger != only):
        return False
    return rules.controls or not row.control or row.challenger == only


def _tiers(board: Leaderboard) -> list[Tier]:
    order: tuple[Tier, ...] = ("fresh", "golden", "regression", "adversarial")
    present = {row.tier for row in board.tiers if row.turns}
    return [tier for tier in order if tier == "fresh" or tier in present]


def _missing(row: Standing, rules: Gates, unfinished: int) -> str | None:
    """Say so where so many duels came to nothing that those that did not may be the easier ones."""
    lost = row.failed + row.unreadable + unfinished
    share = lost / (row.turns + lost) if lost else 0.0
    if share <= rules.unfinished_share:
        return None
    counts = f"{row.failed} failed, {row.unreadable} could not be read, {unfinished} are not finished"
    return f"{100 * share:.0f} % of its duels have no result ({counts})"


def _at_the_bar(place: _Place, rules: Gates) -> _Question:
    if place.tier == "fresh":
        return _Question(place, "baseline", PAR - rules.regression_threshold, place.now)
    return _Question(place, "floor", rules.floor(place.tier), place.now)


def _beside_the_past(place: _Place, earlier: Sequence[Measure], rules: Gates, level: float) -> _Question | Unasked:
    usable = [each for each in earlier if each.unknown is None][-rules.history_epochs :]
    if not usable:
        reason = "no earlier closed epoch to compare with"
        return Unasked(challenger=place.challenger, tier=place.tier, against="history", reason=reason)
    epochs = "the epoch before" if len(usable) == 1 else f"the mean of {len(usable)} earlier epochs"
    return _Question(place, "history", -rules.history_threshold, change(place.now, usable, level), epochs)


def _row(board: Leaderboard, name: str, tier: Tier) -> TierStanding | None:
    return next((row for row in board.tiers if row.tier == tier and row.challenger == name), None)


def _decided(questions: Sequence[_Question], level: float, looks: int) -> tuple[Check, ...]:
    chances = [1.0 if each.place.unknown else each.measure.chance_above(each.bar, level) for each in questions]
    adjusted = holm([min(1.0, looks * chance) for chance in chances])
    return tuple(_check(each, level, p) for each, p in zip(questions, adjusted, strict=True))


def _check(asked: _Question, level: float, adjusted: float) -> Check:
    place, found = asked.place, asked.measure
    result, reason = _result(asked, level, adjusted)
    more, settles = _settling(asked, level) if result is Result.INCONCLUSIVE else (None, None)
    return Check(
        challenger=place.challenger,
        tier=place.tier,
        against=asked.against,
        figure="win rate" if place.tier == "fresh" else "share held",
        held_against=asked.held_against,
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        bar=asked.bar,
        conversations=found.conversations,
        result=result,
        reason="; ".join(filter(None, (reason, settles))),
        adjusted=None if place.unknown else adjusted,
        more_conversations=more,
    )


def _result(asked: _Question, level: float, adjusted: float) -> tuple[Result, str]:
    found, bar = asked.measure, asked.bar
    if asked.place.unknown is not None:
        return Result.INCONCLUSIVE, asked.place.unknown
    if found.low is not None and found.low > bar:
        return Result.PASS, "the whole interval lies above the bar"
    if adjusted <= (1 - level) / 2:
        return Result.FAIL, "the whole interval lies below the bar"
    if found.high is not None and found.high < bar:
        return Result.INCONCLUSIVE, "the interval lies below the bar, which may be chance among so many checks (Holm)"
    return Result.INCONCLUSIVE, "the bar lies inside the interval"


def _settling(asked: _Question, level: float) -> tuple[int | None, str | None]:
    """Return how many more conversations are needed; where something else is amiss, more of them change nothing."""
    unknown = asked.place.unknown
    if unknown is None:
        beyond = asked.measure.high is not None and asked.measure.high < asked.bar
        return (None, None) if beyond else asked.measure.more(asked.bar, level)
    if unknown not in (NO_DATA, TOO_SMALL):
        return None, None
    return max(FEW - asked.measure.conversations, asked.measure.more(asked.bar, level)[0] or 0), None
