"""What each judge is like beside the others, and what the leaderboard would say without it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.leaderboard_text.figures import DASH, count, percent, points
from connector.leaderboard_text.rules import challengers
from connector.leaderboard_text.sheets import Cell, Sheet, alarming, row
from judges.standings.leaderboard import Leaderboard, Seen

_SIDE_BY_SIDE = 8  # judges that fit beside a long name
_MANY_UNREADABLE = 0.05


def jury(board: Leaderboard) -> Iterator[Sheet]:
    """Yield the judges' habits, then, for a jury, the heat map and what leaving each one out does."""
    if board.judges:
        yield _habits(board)
    if len(board.judges) > 1:
        for start in range(0, len(board.judges), _SIDE_BY_SIDE):
            some = list(enumerate(board.judges, 1))[start : start + _SIDE_BY_SIDE]
            yield from _heat_map(board, some)
            yield from _left_out(board, some)


def _habits(board: Leaderboard) -> Sheet:
    columns = ("judge", "", "duels", "harsher by", "favours seat A by", "rounds disagree", "unreadable")
    rows = (_habit(number, judge) for number, judge in enumerate(board.judges, 1))
    return Sheet("What is each judge like? (in points)", columns, tuple(rows))


def _habit(number: int, judge: Seen) -> tuple[Cell, ...]:
    share = judge.unreadable_share
    return row(
        judge.name,
        f"J{number}",
        count(judge.duels),
        points(judge.harshness),
        points(judge.seat_bias),
        percent(judge.disagreeing_share),
        alarming(percent(share), alarm=share is not None and share >= _MANY_UNREADABLE),
    )


def _heat_map(board: Leaderboard, judges: Sequence[tuple[int, Seen]]) -> Iterator[Sheet]:
    rows = [
        row(name, *(_score(judge.by_challenger.get(name)) for _, judge in judges))
        for name in _names(board)
        if any(judge.by_challenger.get(name) is not None for _, judge in judges)
    ]
    if rows:
        heads = ("challenger", *(f"J{number}" for number, _ in judges))
        yield Sheet(f"What does each judge give? (mean score, %{_which(board, judges)})", heads, tuple(rows))


def _left_out(board: Leaderboard, judges: Sequence[tuple[int, Seen]]) -> Iterator[Sheet]:
    rows = [
        row(name, *(points(judge.left_out.get(name)) for _, judge in judges))
        for name in _names(board)
        if any(name in judge.left_out for _, judge in judges)
    ]
    swapped = [
        f"Without J{number}, {first} and {second} change their order."
        for number, judge in judges
        for first, second in judge.swapped
    ]
    if rows or swapped:
        heads = ("challenger", *(f"less J{number}" for number, _ in judges))
        yield Sheet(
            f"What would change without it? (in points{_which(board, judges)})",
            heads,
            tuple(rows),
            notes=tuple(swapped),
        )


def _which(board: Leaderboard, judges: Sequence[tuple[int, Seen]]) -> str:
    return f"; J{judges[0][0]} to J{judges[-1][0]}" if len(judges) < len(board.judges) else ""


def _names(board: Leaderboard) -> list[str]:
    return [standing.challenger for standing in challengers(board)]


def _score(score: float | None) -> Cell:
    return Cell(DASH) if score is None else Cell(f"{100 * score:.1f}", heat=score)
