"""One plain sentence per challenger for a person who has to decide, and what must be known before any of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from connector.leaderboard_text.figures import count, percent, size
from connector.leaderboard_text.rules import challengers, in_units
from connector.leaderboard_text.tiers import no_traffic
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing

SAME: Final = "not distinguishable from replaying production"
BAD_CALLS: Final = 0.02
"""The share of faulty tool calls from which on it is an alarm: one in fifty breaks most conversations of many calls."""


class Saying(NamedTuple):
    """What is said of one challenger."""

    challenger: str
    sentence: str
    rests: str
    """How far the sentence can be trusted."""
    small: bool
    """Whether it rests on so little that this must be said beside it."""


def advice(board: Leaderboard) -> list[Saying]:
    """Return what to tell about each challenger, in the order of the leaderboard."""
    return [_saying(board, row) for row in challengers(board)]


def alarms(board: Leaderboard) -> list[str]:
    """Return what nobody may overlook: judges that people contradict, and broken tool calls."""
    return [*_fresh(board), *_untrusted(board), *_broken(board)]


def _saying(board: Leaderboard, row: Standing) -> Saying:
    return Saying(row.challenger, in_units(board, _sentence(row)), "; ".join(_grounds(board, row)), row.small)


def _sentence(standing: Standing) -> str:
    said = standing.advice or ("nothing has been judged" if standing.win_rate is None else "switching is undecided")
    if standing.within_noise and not standing.control and SAME not in said:
        said = f"{said}; {SAME}"
    return f"{said}."


def _grounds(board: Leaderboard, standing: Standing) -> Iterator[str]:
    plural = f"{board.unit}s" if standing.conversations != 1 else board.unit
    small = standing.small and bool(standing.turns)
    unequal = standing.effective is not None and standing.effective < standing.conversations
    worth = f", which stand for unequal parts of the traffic and count as {standing.effective}" if unequal else ""
    rough = ", a small sample and a rough guide" if small else ""
    yield f"rests on {count(standing.conversations)} {plural}{worth}{rough}"
    if standing.no_interval:
        yield in_units(board, standing.no_interval)
    if standing.caveat and not small:
        yield in_units(board, standing.caveat)
    if standing.detectable is not None:
        yield f"shows true differences from {size(standing.detectable)} points"
    if standing.more_conversations:
        yield f"±{100 * board.precision:g} points would take {count(standing.more_conversations)} more"


def _fresh(board: Leaderboard) -> Iterator[str]:
    if no_traffic(board):
        yield "NO TRAFFIC: no fresh turn has been judged yet, so only the figures of the tiers are known."


def _untrusted(board: Leaderboard) -> Iterator[str]:
    if board.trusted is False and len(board.judges) > 1:
        known = board.agreement.agreement if board.agreement else None
        yield f"UNTRUSTED JURY: together it agrees with people on {percent(known)} of its duels only."
    for judge in board.judges:
        if judge.trusted is False:
            known = judge.agreement.agreement if judge.agreement else None
            aside = (
                " It is set aside: the win rates are those of the other judges."
                if judge.judge in board.set_aside
                else ""
            )
            yield f"UNTRUSTED JUDGE {judge.name}: it agrees with people on {percent(known)} of their duels only.{aside}"


def _broken(board: Leaderboard) -> Iterator[str]:
    for row in board.standings:
        if row.calls and row.faulty_share >= BAD_CALLS:
            kinds = sorted(row.fault_shares.items(), key=lambda kind: (-kind[1], kind[0]))
            named = ", ".join(f"{percent(share)} {kind.replace('_', ' ')}" for kind, share in kinds)
            who = "production itself" if row.baseline else row.challenger
            share = percent(row.faulty_share)
            yield f"BROKEN TOOL CALLS of {who}: {share} of {count(row.calls)} ({named})."
