"""What a judge has said, without having been asked."""

from __future__ import annotations

from judges.types import Label, Round, Seat
from judges.verdicts import score
from rollouts.types import Usage


def round_of(seat: Seat, label: Label | None) -> Round:
    """Return a round that ended with `label`, the challenger in `seat`; figures are unknown."""
    return Round(
        challenger_seat=seat,
        label=label,
        score=score(label, seat) if label else None,
        text="",
        asks=1,
        model=None,
        usage=Usage(),
        cost_usd=None,
        latency_s=None,
    )
