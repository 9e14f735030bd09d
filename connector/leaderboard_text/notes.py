"""What the figures are, and what they are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from connector.leaderboard_text.figures import NO_SPREAD
from connector.leaderboard_text.rules import level, scale
from connector.leaderboard_text.sheets import ALARM, CONTROL, DISTINCT, FEW, Sheet
from judges.standings.leaderboard import Leaderboard

_MARKS: Final = {
    CONTROL: "the control: production's own model replayed",
    FEW: "rests on few {unit}s: a rough guide",
    DISTINCT: "a difference at the {level} level, after Holm's correction over all that were tried",
    ALARM: "look at this first",
}


def notes(board: Leaderboard, sheets: Sequence[Sheet]) -> list[str]:
    """Return the footnotes that hold for all `sheets`, and what the marks in them mean."""
    return [*_conditions(board), *_reading(board), *_marks(board, sheets)]


def _conditions(board: Leaderboard) -> Iterator[str]:
    yield f"Judge {board.judge}."
    yield f"Epoch {board.epoch or 'all'}; comparability hash {board.comparability or 'unknown'}, seed {board.seed}."
    if board.closed_at is not None:
        yield f"Closed on {board.closed_at:%Y-%m-%d}: these figures stay. {_left_out(board)}".rstrip()
    if board.held_up is not None:
        yield board.held_up
    if board.cheaper_duels:
        yield _elsewhere(board)
    yield "Figures under another judge, scale, sampling or window have another hash and are never compared."
    if board.decided_by:
        yield f"Weights and margin {board.decided_by}: they change what is weighed up or advised, and no other figure."


def _elsewhere(board: Leaderboard) -> str:
    said = f"In no figure: {board.cheaper_duels:,} duel(s) that {board.cheaper_judge} judged while money was short"
    return f"{said}." if board.closed_at else f"{said}; `understudy rejudge` has {board.judge} judge them too."


def _left_out(board: Leaderboard) -> str:
    parts = ((board.unfinished, "were unfinished then"), (board.late, "came later"))
    said = ", ".join(f"{number} duel(s) {which}" for number, which in parts if number)
    stands = " What was decided of a draw stands for all of it." if board.unfinished and board.draws else ""
    return f"In no figure: {said}.{stands}" if said else ""


def _reading(board: Leaderboard) -> Iterator[str]:
    if board.traffic_turns is not None and round(board.traffic_turns) != board.drawn_turns:
        stands_for, drawn = f"{board.traffic_turns:,.0f}", f"{board.drawn_turns:,}"
        yield f"Figures estimate all traffic, about {stands_for} turns, from {drawn} drawn; counts are of these."
    yield from board.draws
    yield f"Win rate against production's own answers. Scale {scale(board)}."
    yield f"{level(board)} intervals by bootstrap over {board.unit}s, by Student's t where they are few."
    yield "All ranks hold together (Holm). $/1k is what 1,000 turns cost, in USD."
    if board.noise_floor:
        low, high = board.noise_floor
        yield f"Noise floor {100 * low:.1f} … {100 * high:.1f}: within it, nobody can be told from production replayed."


def _marks(board: Leaderboard, sheets: Sequence[Sheet]) -> Iterator[str]:
    used = {cell.text[-1:] for sheet in sheets for row in sheet.rows for cell in row}
    if any(NO_SPREAD in cell.text for sheet in sheets for row in sheet.rows for cell in row):
        yield f"{NO_SPREAD}: all {board.unit}s say the same, so no interval can tell how sure that is."
    for mark, meaning in _MARKS.items():
        if mark in used:
            yield f"{mark} {meaning.format(unit=board.unit, level=level(board))}."
