"""A limit on money that holds at any concurrency: what may still be spent is set aside before each call."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from rollouts.errors import BudgetExhausted, Fatal, UnderstudyError


class Budget:
    """What may be spent, in USD. Without a limit it only counts."""

    def __init__(self, limit_usd: float | None, *, spent_usd: float = 0.0) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        """What is known to be spent, earlier runs included if they were given."""
        self.reserved_usd = 0.0
        """What calls under way may still cost."""
        self.unpriced_calls = 0
        """Calls whose cost nobody knows."""
        self._open_calls = 0
        self._changed = asyncio.Event()

    async def reserve(self, worst_usd: float | None) -> Reservation:
        """Set `worst_usd` aside, waiting for calls under way if only they stand in the way.

        Raises `BudgetExhausted` when it cannot fit any more, and `Fatal` for an unknown price under a limit.
        """
        if self.limit_usd is None:
            return self._set_aside(worst_usd or 0.0)
        if worst_usd is None:
            raise Fatal(
                "the price of this model is unknown, so the budget cannot hold",
                hint="give the model a price, mark it as free, or lift the budget",
            )
        while self.spent_usd + self.reserved_usd + worst_usd > self.limit_usd:
            if self.spent_usd + worst_usd > self.limit_usd:
                raise BudgetExhausted(
                    f"${self.spent_usd:.4f} of ${self.limit_usd:.4f} are spent, and the next call may cost "
                    f"${worst_usd:.4f}",
                    hint="raise the budget, or wait for its next period",
                )
            await self._changed.wait()
        return self._set_aside(worst_usd)

    def _set_aside(self, worst_usd: float) -> Reservation:
        self.reserved_usd += worst_usd
        self._open_calls += 1
        return Reservation(self, worst_usd)

    def _close(self, worst_usd: float, spent_usd: float) -> None:
        self._open_calls -= 1
        # Rounding errors must not stay behind: somebody could wait for them to be settled.
        self.reserved_usd = self.reserved_usd - worst_usd if self._open_calls else 0.0
        self.spent_usd += spent_usd
        self._changed.set()
        self._changed = asyncio.Event()


class Reservation:
    """Money set aside for one call. Leaving its context gives it back if the call failed.

    A call that was interrupted may have been paid all the same: then it counts as the worst.
    """

    def __init__(self, budget: Budget, worst_usd: float) -> None:
        self._budget = budget
        self._worst_usd = worst_usd
        self._open = True

    def settle(self, actual_usd: float | None) -> None:
        """Note that the call cost `actual_usd`; when unknown, what was set aside counts as spent."""
        if actual_usd is None:
            self._budget.unpriced_calls += 1
        self._end(self._worst_usd if actual_usd is None else actual_usd)

    def release(self) -> None:
        """Note that the call cost nothing."""
        self._end(0.0)

    def _end(self, spent_usd: float) -> None:
        if self._open:
            self._open = False
            self._budget._close(self._worst_usd, spent_usd)  # noqa: SLF001 - one pair, one file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._end(0.0 if isinstance(error, UnderstudyError) else self._worst_usd)
