"""Judges beside people, in a terminal."""

from __future__ import annotations

from rich.console import Console

from connector.calibration.figures import Calibrated, ChallengerBesidePeople, JudgeBesidePeople
from connector.commands._common import table
from judges.standings.bootstrap import Interval

_JUDGES = ("judge", "trusted", "agreement", "95 %", "kappa", "95 %", "verdicts")
_CHALLENGERS = ("challenger", "could be", "picked", "open", "undecided", "verdicts", "judge", "people", "95 %", "gap")
_TRUSTED = {True: "yes", False: "NO", None: "?"}


def print_calibration(console: Console, found: Calibrated) -> None:
    """Print both tables and what they mean."""
    console.print(table("Challengers beside people", _CHALLENGERS, [_challenger(each) for each in found.challengers]))
    console.print()
    if not found.judges:
        console.print("Nobody has judged a pair yet.")
        return
    console.print(table("Judges beside people", _JUDGES, [_judge(each) for each in found.judges]))
    for note in _notes(found):
        console.print(note, style="dim")


def _judge(row: JudgeBesidePeople) -> tuple[str, ...]:
    found = row.agreement
    agreement, kappa = _percent(found.agreement), "—" if found.kappa is None else f"{found.kappa:.2f}"
    between = _range(found.kappa_interval, scale=1, digits=2)
    trust, pairs = _TRUSTED[row.trusted], f"{found.pairs:,}"
    return (row.name, trust, agreement, _range(found.agreement_interval), kappa, between, pairs)


def _challenger(row: ChallengerBesidePeople) -> tuple[str, ...]:
    counts = tuple(f"{each:,}" for each in (row.candidates, row.picked, row.open, row.undecided, row.verdicts))
    rates = (_percent(row.judge_win_rate), _percent(row.human_win_rate), _between(row.human_low, row.human_high))
    return (row.challenger, *counts, *rates, _gap(row))


def _gap(row: ChallengerBesidePeople) -> str:
    if row.human_gap is None:
        return "—"
    larger = row.human_gap_error is not None and abs(row.human_gap) > row.human_gap_error
    return f"{100 * row.human_gap:+.1f}" + ("!" if larger else "")


def _notes(found: Calibrated) -> list[str]:
    floor = f"{100 * found.floor:.0f} %"
    notes = [
        f"Trusted: agrees with people in at least {floor}; ? until they have given {found.labels_needed} verdicts.",
        "People: the win rate as they would have it (PPI++), over all turns, on the scale of sevenths.",
        "Gap: judge minus people, in points; ! where it is larger than its error.",
    ]
    if found.untrusted:
        names = ", ".join(each.name for each in found.judges if each.trusted is False)
        notes.append(f"UNTRUSTED, under the floor of {floor}: {names}")
    return notes


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.1f}"


def _range(interval: Interval | None, *, scale: int = 100, digits: int = 1) -> str:
    """An interval of no width says nothing about certainty, so it is not shown."""
    if interval is None or interval.degenerate:
        return "—"
    return _between(interval.low, interval.high, scale=scale, digits=digits)


def _between(low: float | None, high: float | None, *, scale: int = 100, digits: int = 1) -> str:
    return "—" if low is None or high is None else f"{scale * low:.{digits}f} to {scale * high:.{digits}f}"
