"""Limits on money that hold at any concurrency: what a call may cost at worst is set aside before it is sent.

A call counts in the periods in which its money was set aside, for all models together and for its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from rollouts.errors import BudgetExhausted, Fatal, UnderstudyError
from rollouts.ledger import Purchase, Settlement, dollars
from rollouts.windows import PERIODS, Caps, Period, Tally, Window, WindowState

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)


class Budget:
    """What may be spent. Without a limit it only counts. Inside, money is picodollars."""

    def __init__(
        self,
        limits: Caps | float | None = None,
        *,
        degrade_at: float = 1.0,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """`limits` hold for all models together, and a bare number for the run.

        From `degrade_at` of any limit on, there is a `degraded` window.
        """
        caps = limits if isinstance(limits, Caps) else Caps(per_run_usd=limits)
        self.now = now
        self._run = Window("run", caps.limit("run"), now())
        self._all = [self._run, *_windows(caps, now(), periods=PERIODS[1:])]
        self._own: dict[str, Caps] = {}
        self._of: dict[str, list[Window]] = {}
        self._degrade_at = degrade_at
        self._changed = asyncio.Event()
        self.unpriced_calls = 0
        """Calls whose cost nobody knows."""
        self.exhausted: BudgetExhausted | None = None
        """Why a call was refused for want of money the last time that one was."""
        self.when_exhausted: Callable[[], None] = lambda: None
        """Called whenever that happens."""

    def limit(self, model: str, caps: Caps) -> None:
        """Limit one model by itself. Where it is limited already, the smaller limits hold."""
        self._own[model] = caps.within(self._own.get(model, caps))
        self._of[model] = _windows(self._own[model], self.now(), model)

    @property
    def spent(self) -> int:
        """What this run is known to have spent."""
        return self._run.tally.spent

    @property
    def reserved(self) -> int:
        """What calls under way may still cost."""
        return self._run.tally.reserved

    @property
    def spent_usd(self) -> float:
        """What this run is known to have spent, to be shown."""
        return dollars(self.spent)

    @property
    def windows(self) -> list[WindowState]:
        """Every limit as it stands now."""
        self._roll(self._limited)
        return [window.state for window in self._limited]

    @property
    def degraded(self) -> WindowState | None:
        """The window of which so much is spent that less should be; `None` while there is none."""
        self._roll(self._limited)
        return next((w.state for w in self._limited if w.tally.spent >= self._degrade_at * (w.limit or 0)), None)

    def limits(self, model: str) -> bool:
        """Whether any limit holds for `model`."""
        return any(window.limit is not None for window in self._windows(model))

    @property
    def periods(self) -> dict[Period, datetime]:
        """The periods that are limited, the run apart, and when those that run now began."""
        return {window.period: window.since for window in self._limited if window.period != "run"}

    def recall(self, period: Period, spent: Mapping[str, int]) -> None:
        """Count what earlier processes have spent since `period` began, by model."""
        for window in self._limited:
            if window.period == period:
                window.tally.spent += sum(spent.values()) if window.model is None else spent.get(window.model, 0)

    async def reserve(self, purchase: Purchase) -> Reservation:
        """Set the worst price aside, waiting for calls under way if only they stand in the way.

        Raises `BudgetExhausted` when it cannot fit any more, and `Fatal` for an unknown price under a limit.
        """
        if purchase.worst is None and self.limits(purchase.model):
            raise Fatal(
                f"the price of {purchase.model} is unknown, so the budget cannot hold",
                hint="give the model a price, mark it as free, or lift the budget",
            )
        windows, worst = self._windows(purchase.model), purchase.worst or 0
        while True:
            self._roll(windows, purchase.at)
            if lacking := [window for window in windows if window.lacks(worst)]:
                self.exhausted = _exhausted(max(lacking, key=lambda window: window.until or _NEVER).state, worst)
                self.when_exhausted()
                raise self.exhausted
            if not any(window.is_full(worst) for window in windows):
                return Reservation(self, purchase, [window.tally for window in windows])
            await self._changed.wait()
            purchase = purchase.model_copy(update={"at": self.now()})

    @property
    def _limited(self) -> list[Window]:
        everything = [*self._all, *(window for windows in self._of.values() for window in windows)]
        return [window for window in everything if window.limit is not None]

    def _windows(self, model: str) -> list[Window]:
        own = self._of.get(model)
        return self._all if own is None else [*self._all, *own]

    def _roll(self, windows: Sequence[Window], now: datetime | None = None) -> None:
        now = now or self.now()
        for window in windows:
            window.at(now)

    def _settled(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Reservation:
    """Money set aside for one call. Leaving its context gives it back if the call was never sent.

    A call that was interrupted may have been paid all the same: then it counts as the worst.
    """

    def __init__(self, budget: Budget, purchase: Purchase, tallies: Sequence[Tally]) -> None:
        self.purchase = purchase
        """What was asked for, at the time at which its money was set aside."""
        self._budget, self._tallies = budget, tallies
        self._worst = purchase.worst or 0
        self._open = True
        for tally in tallies:
            tally.reserved += self._worst

    def settle(self, settlement: Settlement) -> Settlement:
        """Note what the call came to; when unknown, what was set aside counts as spent. Return the settlement."""
        if settlement.spent is None:
            self._budget.unpriced_calls += 1
        self._end(self._worst if settlement.spent is None else settlement.spent)
        return settlement

    def _end(self, spent: int) -> None:
        if not self._open:
            return
        self._open = False
        for tally in self._tallies:
            tally.reserved -= self._worst
            tally.spent += spent
        self._budget._settled()  # noqa: SLF001 - one pair, one file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._end(0 if isinstance(error, UnderstudyError) else self._worst)


def _windows(caps: Caps, now: datetime, model: str | None = None, periods: Sequence[Period] = PERIODS) -> list[Window]:
    limits = {period: caps.limit(period) for period in periods}
    return [Window(period, limit, now, model) for period, limit in limits.items() if limit is not None]


def _exhausted(window: WindowState, worst: int) -> BudgetExhausted:
    when = f"; the next one opens at {window.until:%Y-%m-%d %H:%M} UTC" if window.until else ""
    return BudgetExhausted(
        f"{window.words}, and the next call may cost ${dollars(worst):.4f}{when}",
        hint="raise the budget, or wait for its next period" if window.until else "raise the budget",
        opens_at=window.until,
    )
