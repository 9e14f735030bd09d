"""What may be spent and what calls cost, as the configuration and the ledger say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from connector.config import ModelTable
from connector.config_budget import BudgetTable
from connector.store.sqlite import SqliteStore
from judges.jury import Jury
from rollouts.budget import Budget
from rollouts.cost import FREE, Price
from rollouts.endpoint import Endpoint
from rollouts.errors import Fatal
from rollouts.price_list import price_of
from rollouts.provider import Provider
from rollouts.windows import Caps


def open_budget(table: BudgetTable, max_cost_usd: float | None) -> Budget:
    """Return the budget of one process; `max_cost_usd` is one more limit of its run."""
    return Budget(table.within(Caps(per_run_usd=max_cost_usd)), degrade_at=table.degrade_at)


async def open_ledger(budget: Budget, store: SqliteStore, *, alone: bool) -> int:
    """Let `budget` know what was spent before; return how many calls were in flight when the last process died.

    Those count as paid. Beside another process, which must not be `alone`, nothing is settled: its calls are under way.
    """
    store.run = budget.now().isoformat()
    interrupted = await store.forget_interrupted() if alone else 0
    for period, since in budget.periods.items():
        budget.recall(period, await store.spent(since))
    return interrupted


def price(provider: Provider, table: ModelTable, path: Path) -> Price | None:
    """Return what a model costs, who says so and when; `None` if nobody does."""
    if table.free or provider.free:
        return FREE
    if table.price is None:
        return price_of(provider.model)
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC).date() if path.is_file() else None
    return table.price.model_copy(update={"as_of": table.price.as_of or written})


def check_price(found: Price | None, model: str, path: Path, at: tuple[str, ...]) -> None:
    """Raise `Fatal` for a model without a known price, naming its table: what it spends could not be limited."""
    if found is None:
        raise Fatal(
            f"{path}: {'.'.join(at)}: nobody knows the price of {model}",
            hint="set `price = { input = …, output = … }` there, in USD per million tokens, or `free = true` for a "
            "model of your own",
        )


def check_length(asked: Provider, path: Path, at: tuple[str, ...]) -> None:
    """Raise `Fatal` for a model whose answers are as long as they please: what they cost could not be limited."""
    if isinstance(asked, Endpoint) and asked.unbounded:
        raise Fatal(
            f"{path}: {'.'.join((*at, asked.unbounded))}: {asked.model} is not told how much to write at most, so no "
            "budget can hold",
            hint="leave that out, and limit answers by `parameters = { max_tokens = … }` of a challenger, `max_tokens` "
            "of a judge or `output_tokens` in [budget]; or lift the budget",
        )


def check_cheaper(cheaper: Jury, jury: Jury, path: Path) -> None:
    """Raise `Fatal` for a judge that cannot take the place of `jury` while money is short."""
    at = f"{path}: cheaper_judge"
    if jury.together or cheaper.together:
        raise Fatal(f"{at}: who ranks all answers at once takes nobody's place, and nobody takes theirs")
    if cheaper.version == jury.version:
        raise Fatal(f"{at}: {cheaper.version} judges already", hint="take a cheaper model, or fewer rounds")
    usual, less = _per_duel(jury), _per_duel(cheaper)
    if usual is not None and less is not None and less >= usual:
        raise Fatal(f"{at}: it is no cheaper than those in whose place it judges", hint="take a cheaper model")


def _per_duel(jury: Jury) -> int | None:
    """What judges may cost for each thousand tokens, in picodollars; stand-ins are not reckoned with."""
    known = [(juror.judge, juror.model.price) for juror in jury.jurors if not juror.stand_in]
    costs = [None if price is None else judge.rounds * price.worst(1000, 1000) for judge, price in known]
    return None if None in costs else sum(filter(None, costs))
