"""What is said of draws."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connector.leaderboard_text.notes import notes
from connector.sampling.telling import told
from connector.sampling.types import Draw
from tests.outcomes import outcome, tallied


def made(number: int, epoch: str = "2026-W46", **facts: Any) -> Draw:
    """Return one draw of 5 turns of 50."""
    known: dict[str, Any] = {"strategy": "cluster", "quota": 5, "held": 50, "drawn": 5, **facts}
    return Draw(epoch=epoch, number=number, at=datetime(2026, 11, 20, tzinfo=UTC), **known)


def test_draws_are_told_by_epoch_and_what_went_wrong_is_told_once() -> None:
    """Another strategy amid an epoch shows, and so do collapses and what came too late."""
    few = "only 9 different texts"
    found = told(
        [
            made(1, fell_back=few),
            made(2, fell_back=few),
            made(3, strategy="uniform"),
            made(1, "2026-W47", drawn=0, uncovered=50, fell_back="no money"),
        ]
    )
    assert found == [
        "2026-W46: 15 of 150 turns were drawn, in 3 draw(s), cluster, then uniform.",
        "2026-W46: draws 1, 2 were stratified instead: only 9 different texts.",
        "2026-W47: 0 of 50 turns were drawn, in 1 draw(s), cluster.",
        "2026-W47: 50 came too late, and nothing drawn stands for them.",
        "2026-W47: draw 1 was stratified instead: no money.",
    ]
    assert told([]) == []


def test_the_leaderboard_says_how_its_turns_were_drawn() -> None:
    """A collapse changes what slices there are: whoever reads the figures is told."""
    lines = tuple(told([made(1, fell_back="too few texts")]))
    board = tallied([outcome()]).model_copy(update={"draws": lines})
    assert set(lines) <= set(notes(board, []))
