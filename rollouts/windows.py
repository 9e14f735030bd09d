"""Periods in which money is limited: one run, a day, a week from Monday, or a month, all in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, get_args

from pydantic import Field

from rollouts.ledger import dollars, picodollars
from rollouts.types import Options, Record

Period = Literal["run", "day", "week", "month"]
PERIODS: Final[tuple[Period, ...]] = get_args(Period)
MOST_USD: Final = 1_000_000
"""Sums stay within SQLite's integers up to some nine times as much."""


class Caps(Options):
    """The most that may be spent in each period; no limit where a key is left out."""

    per_run_usd: float | None = Field(default=None, ge=0, le=MOST_USD)
    """No call begins that could overrun this in one `once` or one life of the daemon."""
    per_day_usd: float | None = Field(default=None, ge=0, le=MOST_USD)
    """The same from midnight to midnight, in UTC."""
    per_week_usd: float | None = Field(default=None, ge=0, le=MOST_USD)
    """The same from Monday to Sunday, in UTC."""
    per_month_usd: float | None = Field(default=None, ge=0, le=MOST_USD)
    """The same from the first to the last day of a month, in UTC."""

    def limit(self, period: Period) -> int | None:
        """Return the limit of one period in picodollars."""
        usd: float | None = getattr(self, f"per_{period}_usd")
        return None if usd is None else picodollars(usd)

    def within(self, other: Caps) -> Caps:
        """Return the smaller limit of each period."""
        given = {name: (getattr(self, name), getattr(other, name)) for name in Caps.model_fields}
        known = {name: [usd for usd in both if usd is not None] for name, both in given.items()}
        return Caps(**{name: min(both, default=None) for name, both in known.items()})


def begins(period: Period, at: datetime) -> datetime:
    """Return when the period began in which `at` lies; a run begins at `at`."""
    at = at.astimezone(UTC)
    if period == "run":
        return at
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def ends(period: Period, at: datetime) -> datetime | None:
    """Return when the next period begins; a run has none."""
    begun = begins(period, at)
    match period:
        case "run":
            return None
        case "day":
            return begun + timedelta(days=1)
        case "week":
            return begun + timedelta(days=7)
        case "month":
            return (begun + timedelta(days=32)).replace(day=1)


class Tally:
    """The money of one period, in picodollars."""

    __slots__ = ("reserved", "spent")

    def __init__(self, spent: int = 0) -> None:
        self.spent = spent
        self.reserved = 0
        """What calls under way may still cost."""


class Window:
    """One limit, for all models or for one, in the period that runs now."""

    def __init__(self, period: Period, limit: int | None, now: datetime, model: str | None = None) -> None:
        self.period, self.limit, self.model = period, limit, model
        self.since, self.until = begins(period, now), ends(period, now)
        self.tally = Tally()

    def at(self, now: datetime) -> Tally:
        """Return the tally of the period of `now`. What is still under way of an older one is settled there."""
        if self.until is not None and now >= self.until:
            self.since, self.until = begins(self.period, now), ends(self.period, now)
            self.tally = Tally()
        return self.tally

    def lacks(self, worst: int) -> bool:
        """Whether `worst` will not fit in this period any more, whatever becomes of the calls under way."""
        return self.limit is not None and self.tally.spent + worst > self.limit

    def is_full(self, worst: int) -> bool:
        """Whether `worst` does not fit beside the calls under way."""
        return self.limit is not None and self.tally.spent + self.tally.reserved + worst > self.limit

    @property
    def state(self) -> WindowState:
        """What a person may see of it."""
        return WindowState(
            period=self.period,
            model=self.model,
            since=self.since,
            until=self.until,
            spent=self.tally.spent,
            reserved=self.tally.reserved,
            limit=self.limit,
        )


class WindowState(Record):
    """One window as it stands, in picodollars."""

    period: Period
    model: str | None = None
    """`None` for all models together."""
    since: datetime
    until: datetime | None
    """When the next one opens; a run has no next."""
    spent: int = 0
    reserved: int = 0
    limit: int | None = None

    @property
    def name(self) -> str:
        """What to call it, such as `day` or `gpt-5/week`."""
        return self.period if self.model is None else f"{self.model}/{self.period}"

    @property
    def left(self) -> int | None:
        """What may still be set aside; never below 0."""
        return None if self.limit is None else max(0, self.limit - self.spent - self.reserved)

    @property
    def words(self) -> str:
        """The window and its figures, as a sentence's beginning."""
        of = f" of ${dollars(self.limit):.4f}" if self.limit is not None else ""
        whose = "" if self.model is None else f" of {self.model}"
        return f"${dollars(self.spent):.4f}{of} are spent in this {self.period}{whose}"
