"""What stands where: money, queues and what holds them up, as the state file tells it to anybody beside the daemon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from connector.app import App
from connector.sampling.types import Draw
from connector.store.sqlite import is_worked_on
from connector.types import Hold, Masked
from rollouts.ledger import Outcome, Spent, dollars
from rollouts.types import Record
from rollouts.windows import PERIODS, WindowState, begins, ends

_COLUMNS: Final[Mapping[Outcome | None, str]] = {
    Outcome.ANSWERED: "answered",
    Outcome.REFUSED: "refused",
    Outcome.LOST: "lost",
    Outcome.CACHED: "cached",
    None: "under_way",
}


class Money(Record):
    """One window: what was spent in it, and what may be."""

    window: str
    since: datetime
    until: datetime | None
    spent_usd: float
    reserved_usd: float
    """What calls under way may cost at worst."""
    left_usd: float | None
    limit_usd: float | None
    """`None` where there is no limit."""


class Calls(Record):
    """The calls of one model in one role, this month."""

    model: str
    role: str
    answered: int = 0
    refused: int = 0
    lost: int = 0
    """Sent, and nobody knows whether they were paid: they count at their worst."""
    cached: int = 0
    under_way: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    spent_usd: float = 0.0
    unpriced: int = 0
    """Calls that cost an unknown amount, which is in no sum."""


class Queue(Record):
    """Duels of one challenger in one state."""

    challenger: str
    state: str
    duels: int


class Status(Record):
    """Everything that `status` shows."""

    at: datetime
    working: bool
    """Whether a process is working on the state now."""
    mark: datetime | None
    """Up to where traces have been read."""
    lag_s: float | None
    holds: tuple[Hold, ...]
    money: tuple[Money, ...]
    calls: tuple[Calls, ...]
    queues: tuple[Queue, ...]
    draws: tuple[Draw, ...]
    """Of the two latest epochs that anything was drawn from."""
    masked: dict[str, Masked]
    """What was masked in turns and answers, by kind."""
    originals: int
    """Values that are kept for models of one's own."""


async def status(app: App, state: str) -> Status:
    """Read everything from the store, which lies in the file `state`."""
    now, store = app.engine.clock.now(), app.store
    mark = await _mark(app)
    states = await store.states(app.engine.fingerprints)
    return Status(
        at=now,
        working=is_worked_on(state),
        mark=mark,
        lag_s=(now - mark).total_seconds() if mark else None,
        holds=tuple(await store.holds()),
        money=tuple([await _money(app, window) for window in await _windows(app, now)]),
        calls=tuple(_calls(await store.spending(begins("month", now)))),
        draws=tuple(await _draws(app)),
        masked=dict(await store.masked()),
        originals=await store.count_originals(),
        queues=tuple(Queue(challenger=name, state=state, duels=n) for (name, state), n in sorted(states.items())),
    )


async def _mark(app: App) -> datetime | None:
    """Offline nobody knows the project's name, so the sources of the configured kind are asked for."""
    kind = f"{app.config.source.kind}/"
    marks = [
        await app.store.mark(name)
        for name in await app.store.sources()
        if name.startswith(kind) and "/scores/" not in name
    ]
    return max((mark for mark in marks if mark is not None), default=None)


async def _draws(app: App) -> list[Draw]:
    made = await app.store.draws()
    latest = sorted({each.epoch for each in made})[-2:]
    return [each for each in made if each.epoch in latest]


async def _windows(app: App, now: datetime) -> list[WindowState]:
    """Return every period, and every limit of a single model; the run is the last that bought anything."""
    limited = {window.name: window for window in app.budget.windows}
    for period in PERIODS:
        empty = WindowState(period=period, since=begins(period, now), until=ends(period, now))
        limited.setdefault(period, empty)
    found = sorted(limited.values(), key=lambda window: (window.model or "", PERIODS.index(window.period)))
    run = await app.store.last_run()
    begun = run[1] if run else now
    return [w if w.period != "run" else w.model_copy(update={"since": begun}) for w in found]


async def _money(app: App, window: WindowState) -> Money:
    spent, reserved = await app.store.spent(window.since), await app.store.reserved(window.since)
    whole, open_ = (_of(window.model, sums) for sums in (spent, reserved))
    seen = window.model_copy(update={"spent": whole - open_, "reserved": open_})
    return Money(
        window=seen.name,
        since=seen.since,
        until=seen.until,
        spent_usd=dollars(seen.spent),
        reserved_usd=dollars(seen.reserved),
        left_usd=None if seen.left is None else dollars(seen.left),
        limit_usd=None if seen.limit is None else dollars(seen.limit),
    )


def _of(model: str | None, sums: Mapping[str, int]) -> int:
    return sum(sums.values()) if model is None else sums.get(model, 0)


def _calls(spent: Iterable[Spent]) -> list[Calls]:
    rows = dict[tuple[str, str], Calls]()
    for each in spent:
        row = rows.get((each.model, each.role)) or Calls(model=each.model, role=each.role)
        rows[each.model, each.role] = row.model_copy(
            update={
                _COLUMNS[each.outcome]: each.calls,
                "input_tokens": row.input_tokens + (each.input_tokens or 0),
                "output_tokens": row.output_tokens + (each.output_tokens or 0),
                "spent_usd": row.spent_usd + dollars(each.spent),
                "unpriced": row.unpriced + each.unpriced,
            }
        )
    return list(rows.values())
