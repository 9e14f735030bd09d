"""What changed between two epochs, in a sentence: the challenger, or what it is asked."""

from __future__ import annotations

from connector.leaderboard_text.figures import bounds, percent, points
from judges.standings.changes import Shift


def move(found: Shift) -> str:
    """Tell the challenger's own change from that of the traffic, and say how much of the traffic was compared."""
    head = f"{found.earlier} to {found.later}: {points(found.change)} points"
    if found.within is None:
        return f"{head}; nothing divides the traffic of both, so own change and other traffic cannot be told apart."
    own = f"{points(found.within)} on the same {found.dimension}s in the same mix ({bounds(found.low, found.high)})"
    covered = f"{percent(found.covered_before, 0)} and {percent(found.covered_after, 0)} of the traffic compared"
    return f"{head} = {own} {points(found.mix)} by other traffic; {covered}. {_meaning(found)}{_largest(found)}"


def _meaning(found: Shift) -> str:
    if found.low is None or found.high is None:
        return "How sure that is, nobody can tell."
    if found.high < 0:
        return "The challenger has become worse."
    return "The challenger has become better." if found.low > 0 else "No change of its own is certain."


def _largest(found: Shift) -> str:
    moved = next(iter(found.largest), None)
    if moved is None or found.low is None or found.high is None or found.low <= 0 <= found.high:
        return ""
    return f" Most by {moved.value}: {percent(moved.before)} to {percent(moved.after)}."
