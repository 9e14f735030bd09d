"""A limit on money that holds at any concurrency: what may still be spent is set aside before each call."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from rollouts.errors import BudgetExhausted, Fatal, UnderstudyError
from rollouts.ledger import Purchase, Settlement, dollars, picodollars


class Budget:
    """What may be spent. Without a limit it only counts. Inside, money is picodollars."""

    def __init__(self, limit_usd: float | None, *, spent: int = 0) -> None:
        self.limit = None if limit_usd is None else picodollars(limit_usd)
        self.spent = spent
        """What is known to be spent, earlier runs included if they were given."""
        self.reserved = 0
        """What calls under way may still cost."""
        self.unpriced_calls = 0
        """Calls whose cost nobody knows."""
        self._changed = asyncio.Event()

    @property
    def spent_usd(self) -> float:
        """What is known to be spent, to be shown."""
        return dollars(self.spent)

    async def reserve(self, purchase: Purchase) -> Reservation:
        """Set the worst price aside, waiting for calls under way if only they stand in the way.

        Raises `BudgetExhausted` when it cannot fit any more, and `Fatal` for an unknown price under a limit.
        """
        worst = purchase.worst
        if self.limit is None:
            return self._set_aside(worst or 0)
        if worst is None:
            raise Fatal(
                "the price of this model is unknown, so the budget cannot hold",
                hint="give the model a price, mark it as free, or lift the budget",
            )
        while self.spent + self.reserved + worst > self.limit:
            if self.spent + worst > self.limit:
                raise BudgetExhausted(
                    f"${dollars(self.spent):.4f} of ${dollars(self.limit):.4f} are spent, and the next call may cost "
                    f"${dollars(worst):.4f}",
                    hint="raise the budget, or wait for its next period",
                )
            await self._changed.wait()
        return self._set_aside(worst)

    def _set_aside(self, worst: int) -> Reservation:
        self.reserved += worst
        return Reservation(self, worst)

    def _close(self, worst: int, spent: int) -> None:
        self.reserved -= worst
        self.spent += spent
        self._changed.set()
        self._changed = asyncio.Event()


class Reservation:
    """Money set aside for one call. Leaving its context gives it back if the call was never sent.

    A call that was interrupted may have been paid all the same: then it counts as the worst.
    """

    def __init__(self, budget: Budget, worst: int) -> None:
        self._budget = budget
        self._worst = worst
        self._open = True

    def settle(self, settlement: Settlement) -> Settlement:
        """Note what the call came to; when unknown, what was set aside counts as spent. Return the settlement."""
        if settlement.spent is None:
            self._budget.unpriced_calls += 1
        self._end(self._worst if settlement.spent is None else settlement.spent)
        return settlement

    def _end(self, spent: int) -> None:
        if self._open:
            self._open = False
            self._budget._close(self._worst, spent)  # noqa: SLF001 - one pair, one file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._end(0 if isinstance(error, UnderstudyError) else self._worst)
