"""What a gate says in words, one sentence a check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connector.leaderboard_text.figures import bounds, count, percent, points
from connector.leaderboard_text.sheets import ALARM, Cell, Sheet
from judges.standings.gated import Check, Gate, Result
from judges.standings.spread import FEW

_TONES: Final = {Result.PASS: "plain", Result.FAIL: "alarm", Result.INCONCLUSIVE: "strong"}


def title(gate: Gate) -> str:
    """Name the epoch and the result."""
    epoch = gate.epoch or "of no epoch yet"
    return f"Understudy gate {epoch}: {gate.result.upper()}"


def sheet(gate: Gate) -> Sheet:
    """Return a row per check."""
    columns = ("challenger", "tier", "against", "figure", f"{100 * gate.level:g} % interval", "bar", "conv", "result")
    return Sheet(title(gate), columns, tuple(map(_row, gate.checks)), names=3)


def name(check: Check) -> str:
    """Name a check among all of one gate."""
    return f"{check.challenger}, {check.tier} against {check.against}"


def sentence(check: Check) -> str:
    """Say what came out and why, with all figures."""
    figure = "change of the " + check.figure if check.against == "history" else check.figure
    beside = f" beside {check.held_against}" if check.held_against else ""
    found = f"{figure} {_shown(check, check.estimate)}{beside}, {_interval(check)}, bar {_shown(check, check.bar)}"
    return f"{found}: {check.reason}{_more(check)}"


def reasons(gate: Gate) -> Iterator[str]:
    """Yield a sentence for each check that does not pass, the failed ones first."""
    for result in (Result.FAIL, Result.INCONCLUSIVE):
        for check in gate.checks:
            if check.result is result:
                yield f"{name(check)}: {result.upper()}, {sentence(check)}."


def notes(gate: Gate) -> Iterator[str]:
    """Yield what the result rests on."""
    yield f"Judge {gate.judge}; comparability hash {gate.comparability or 'unknown'}."
    if gate.closed_at is None:
        yield "The epoch is still open: this is one look at what there is; every look is a chance of a false fail."
    else:
        yield f"The epoch closed on {gate.closed_at:%Y-%m-%d}: this result stays as it is."
    yield "Whole intervals decide, never a figure alone; failures are corrected by Holm's method over all checks."
    if not gate.checks:
        yield "There is no challenger to gate; controls are gated where they are named."
    for against, reason in dict.fromkeys((each.against, each.reason) for each in gate.unasked):
        whose = [
            f"{each.challenger} {each.tier}"
            for each in gate.unasked
            if (each.against, each.reason) == (against, reason)
        ]
        yield f"Not asked against {against}, for there is {reason}: {', '.join(whose)}."


def _row(check: Check) -> tuple[Cell, ...]:
    result = f"{check.result}{_more(check, brief=True)}"
    return (
        Cell(check.challenger, "strong"),
        Cell(check.tier),
        Cell(check.against),
        Cell(_shown(check, check.estimate)),
        Cell(bounds(check.low, check.high)),
        Cell(_shown(check, check.bar)),
        Cell(count(check.conversations)),
        Cell(f"{result} {ALARM}" if check.result is Result.FAIL else result, _TONES[check.result]),  # type: ignore[arg-type]
    )


def _shown(check: Check, figure: float | None) -> str:
    return points(figure) if check.against == "history" else percent(figure)


def _interval(check: Check) -> str:
    known = check.low is not None and check.high is not None
    return f"interval {bounds(check.low, check.high)}" if known else "no interval"


def _more(check: Check, *, brief: bool = False) -> str:
    if check.more_conversations is None:
        return ""
    number = count(check.more_conversations)
    if brief:
        return f" +{number}"
    if check.conversations + check.more_conversations == FEW:
        return f"; it takes {number} more conversations at least"
    return f"; about {number} more conversations would settle it"
