"""What happened, in words without anybody's data: names of challengers, figures, epochs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from connector.alerts.options import Kind
from connector.gate_text.sayings import name, sentence
from connector.types import Hold, digest
from judges.standings.gated import Gate, Result
from judges.standings.leaderboard import Leaderboard
from rollouts.errors import BudgetExhausted
from rollouts.ledger import dollars
from rollouts.types import Record
from rollouts.windows import WindowState


class Event(Record):
    """One thing that somebody should know, under an id that is made of what it is."""

    id: str
    """The same event has the same id, however often it is noticed."""
    kind: Kind
    title: str
    text: str
    epoch: str | None = None
    challenger: str | None = None
    tier: str | None = None
    link: str | None = None
    """Into Langfuse, where one takes part."""


def failures(gate: Gate) -> Iterator[Event]:
    """Yield each check that failed, under one id for as long as its epoch is asked, open or closed."""
    for check in gate.checks:
        if check.result is Result.FAIL:
            kind: Kind = "floor" if check.against == "floor" else "regression"
            which = (check.challenger, check.tier, check.against, gate.epoch or "", gate.judge)
            yield Event(
                id=digest("alert", kind, *which),
                kind=kind,
                title=f"{check.challenger} fails in {gate.epoch}: {check.tier} against {check.against}",
                text=f"{name(check)}: {sentence(check)}.",
                epoch=gate.epoch,
                challenger=check.challenger,
                tier=check.tier,
            )


def distrust(board: Leaderboard) -> Iterator[Event]:
    """Yield that the judge is not trusted, once an epoch."""
    if board.trusted is False:
        agreement = board.agreement.agreement if board.agreement else None
        share = f" on {100 * agreement:.0f} % of the duels" if agreement is not None else " too seldom"
        yield Event(
            id=digest("alert", "judge", board.judge, board.epoch or ""),
            kind="judge",
            title=f"The judge is not trusted in {board.epoch}",
            text=f"{board.judge} agrees with people{share}: no switching is supported on its word.",
            epoch=board.epoch,
        )


def shortages(windows: Iterable[WindowState], share: float) -> Iterator[Event]:
    """Yield the limits on money of which at least `share` is spent, once a period."""
    for window in windows:
        if window.limit is not None and window.spent >= share * window.limit:
            spent, limit = dollars(window.spent), dollars(window.limit)
            yield Event(
                id=digest("alert", "budget", window.name, _day(window.since)),
                kind="budget",
                title=f"{100 * share:.0f} % of the budget per {window.name} are spent",
                text=f"${spent:.4f} of ${limit:.4f} are spent since {window.since:%Y-%m-%d %H:%M} UTC.",
            )


def exhaustion(error: BudgetExhausted | None, now: datetime) -> Iterator[Event]:
    """Yield that calls are refused for want of money, once until the next period opens."""
    if error is not None and (error.opens_at is None or error.opens_at > now):
        yield Event(
            id=digest("alert", "exhausted", _day(error.opens_at or now)),
            kind="budget",
            title="The budget is exhausted",
            text=f"{error}.",
        )


def lateness(mark: datetime | None, now: datetime, most: timedelta) -> Iterator[Event]:
    """Yield that traces are read too late, at most once a day."""
    if mark is not None and now - mark > most:
        yield Event(
            id=digest("alert", "lag", _day(now)),
            kind="lag",
            title="Traces are read too late",
            text=f"The newest that was read is of {mark:%Y-%m-%d %H:%M} UTC, {_hours(now - mark):.1f} hours ago.",
        )


def standstills(holds: Sequence[Hold], now: datetime) -> Iterator[Event]:
    """Yield what needs a person before it goes on, each at most once a day; what providers said stays in the log."""
    for hold in holds:
        if not hold.money:
            yield Event(
                id=digest("alert", "stopped", hold.what, _day(now)),
                kind="stopped",
                title=f"Standing still: {hold.what}",
                text=f"It needs a person since {hold.since:%Y-%m-%d %H:%M} UTC; `understudy status` says why.",
                challenger=hold.what.removeprefix("lane ") if hold.what.startswith("lane ") else None,
            )


def outages(names: Iterable[str], now: datetime) -> Iterator[Event]:
    """Yield who is asked by `names` and does not answer, each at most once a day."""
    for each in sorted(names):
        yield Event(
            id=digest("alert", "unavailable", each, _day(now)),
            kind="stopped",
            title=f"No answer: {each}",
            text="Its provider is down or busy; its duels wait, and it is tried again by itself.",
        )


def trial(now: datetime) -> Event:
    """Return an event in which nothing happened."""
    return Event(
        id=digest("alert", "test", now.isoformat()),
        kind="test",
        title="Understudy can reach you",
        text="This is a test: nothing has happened.",
    )


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600
