"""Duels for leaderboards: a challenge `v1/2` belongs to the conversation `v1`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from judges.standings.columns import gathered
from judges.standings.leaderboard import ALL_EPOCHS, Conditions, Leaderboard
from judges.standings.outcomes import Outcome, Turn
from judges.standings.standing import Standing
from judges.standings.standings import standings
from judges.standings.tables import Columns
from judges.standings.terms import Asked, Bargain, Bench
from judges.types import Scale
from judges.verdicts import outcome as said


def turn(challenge: str, **facts: Any) -> Turn:
    """Return a turn of production."""
    return Turn(challenge, facts.pop("cluster", challenge.partition("/")[0]), **facts)


def outcome(challenger: str = "x", challenge: str = "v1/1", score: float = 1.0, **facts: Any) -> Outcome:
    """Return one judged duel."""
    return Outcome(challenger, challenge, score, facts.pop("verdict", said(score)), **facts)


def conditions(scale: Scale = "sevenths", epoch: str | None = None) -> Conditions:
    """Return the conditions of all figures in one test."""
    return Conditions(judge="j/1", scale=scale, sampling="00000000", window=epoch or ALL_EPOCHS)


def plainly(
    columns: Columns, *, scale: Scale = "sevenths", seed: int = 1, rounds: int = 2000, **facts: Any
) -> Leaderboard:
    """Return the leaderboard of `columns`, with everything that is not said as it is by default."""
    under = conditions(scale)
    return standings(columns, under, Asked(scale, seed, rounds=rounds), Bench(under.judge), Bargain(), **facts)


def tallied(
    outcomes: Iterable[Outcome], turns: Iterable[Turn] = (), *, scale: Scale = "sevenths", seed: int = 1, **facts: Any
) -> Leaderboard:
    """Return the leaderboard of `outcomes`; turns that are not given are made up."""
    found = list(outcomes)
    known = list(turns)
    missing = dict.fromkeys(row.challenge_id for row in found)
    for row in known:
        missing.pop(row.challenge_id, None)
    columns = gathered([*known, *map(turn, missing)], found)
    under = conditions(scale, epoch=facts.pop("epoch", None))
    parts = [{name: facts.pop(name) for name in kind._fields if name in facts} for kind in (Asked, Bench, Bargain)]
    asked, bench, bargain = Asked(scale, seed, **parts[0]), Bench(under.judge, **parts[1]), Bargain(**parts[2])
    return standings(columns, under, asked, bench, bargain, **facts)


def rows(board: Leaderboard) -> dict[str, Standing]:
    """Return the rows of `board` by name."""
    return {row.challenger: row for row in board.standings}


def names(board: Leaderboard) -> Sequence[str]:
    """Return who stands where, best first."""
    return [row.challenger for row in board.standings]
