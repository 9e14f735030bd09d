"""Spending less while money runs short: a share of the turns, the same for every challenger, and a cheaper judge."""

from __future__ import annotations

from datetime import datetime

from connector.config_budget import BudgetTable
from rollouts.budget import Budget
from rollouts.ledger import dollars


class Thrift:
    """Says how much of what waits may be asked now."""

    def __init__(
        self, budget: Budget | None = None, table: BudgetTable | None = None, *, judge: str | None = None
    ) -> None:
        """Without a budget, or unless the table says `degrade`, everything may be asked. `judge` is the cheaper one."""
        self._judge = judge
        self._table = table or BudgetTable()
        self._budget = budget if self._table.on_exhausted == "degrade" else None

    @property
    def is_on(self) -> bool:
        """Whether less is to be spent now."""
        return self._budget is not None and self._budget.degraded is not None

    @property
    def below(self) -> str | None:
        """While less is to be spent, the id below which a turn is still asked; `None` for all of them.

        Ids of challenges are digests, so that this is a random share of the turns and the same for all challengers.
        """
        return f"{int(self._table.degrade_to * 16**8):08x}" if self.is_on else None

    @property
    def until(self) -> datetime | None:
        """When there is money again."""
        window = None if self._budget is None else self._budget.degraded
        return None if window is None else window.until

    @property
    def words(self) -> str | None:
        """Why less is spent, and how much less; `None` while nothing is held back."""
        window = None if self._budget is None else self._budget.degraded
        if window is None:
            return None
        spent = f"${dollars(window.spent):.4f} of ${dollars(window.limit or 0):.4f} per {window.name}"
        judge = f", and {self._judge} judges" if self._judge else ""
        return f"degraded: {spent} is spent, so {self._table.degrade_to:.0%} of the turns are asked{judge}"
