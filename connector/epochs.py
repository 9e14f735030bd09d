"""The periods that results are counted in: `2026-11-22`, `2026-W47` or `2026-11`, in UTC. Its name says its length."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from connector.clock import Duration
from rollouts.errors import Fatal
from rollouts.types import Options

Length = Literal["day", "week", "month"]


class Epochs(Options):
    """How long results are gathered before they are closed and never change again."""

    length: Length = "week"
    """Of one epoch, in UTC; weeks are ISO's, from Monday."""
    close_after: Duration = timedelta(days=2)
    """How long after its end an epoch closes, if all its duels are finished: for traces and spans that come late."""
    close_at_latest: Duration = timedelta(days=14)
    """How long after its end it closes all the same; what is unfinished then is counted, and left out. Of a draw what
    is decided stands for all of it."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.close_at_latest < self.close_after:
            raise PydanticCustomError("epochs", "close_at_latest must not be shorter than close_after")
        return self


def epoch_of(moment: datetime, length: Length = "week") -> str:
    """Name the epoch in which `moment` lies."""
    moment = moment.astimezone(UTC)
    if length == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02d}"
    return moment.strftime("%Y-%m-%d" if length == "day" else "%Y-%m")


def begins(epoch: str) -> datetime:
    """Return when an epoch begins. Raises `Fatal` for what is no epoch's name."""
    for length, text, form in (
        ("week", f"{epoch}-1", "%G-W%V-%u"),
        ("day", epoch, "%Y-%m-%d"),
        ("month", epoch, "%Y-%m"),
    ):
        try:
            found = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        if epoch_of(found, length) == epoch:  # type: ignore[arg-type]
            return found
    raise Fatal(f"{epoch!r} is no epoch", hint="an epoch is named like 2026-W47, 2026-11-22 or 2026-11")


def ends(epoch: str) -> datetime:
    """Return when the next epoch of the same length begins."""
    begun = begins(epoch)
    if "W" in epoch:
        return begun + timedelta(days=7)
    if epoch.count("-") == 2:  # noqa: PLR2004  a day has two
        return begun + timedelta(days=1)
    return (begun + timedelta(days=32)).replace(day=1)
