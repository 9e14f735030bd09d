import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.budget import Budget
from rollouts.errors import BudgetExhausted, Fatal, Retryable


@given(
    costs=st.lists(st.tuples(st.floats(0, 3), st.floats(0, 1), st.integers(0, 3)), max_size=40),
    limit=st.floats(0, 10),
)
def test_the_limit_holds_at_any_concurrency(costs: list[tuple[float, float, int]], limit: float) -> None:
    """However calls overlap, what is spent and set aside never passes the limit, and nobody waits for ever."""
    budget = Budget(limit)
    refused = []

    async def call(worst: float, share: float, steps: int) -> None:
        try:
            reservation = await budget.reserve(worst)
        except BudgetExhausted:
            refused.append(worst)
            return
        for _ in range(steps):
            assert budget.spent_usd + budget.reserved_usd <= limit + 1e-9
            await asyncio.sleep(0)
        reservation.settle(worst * share)

    async def everybody() -> None:
        async with asyncio.timeout(5):
            await asyncio.gather(*(call(*cost) for cost in costs))

    asyncio.run(everybody())
    assert budget.spent_usd <= limit + 1e-9
    assert budget.reserved_usd == 0
    for worst in refused:
        assert budget.spent_usd + worst > limit


async def test_a_call_waits_while_others_may_still_leave_room() -> None:
    """A call that does not fit beside others goes ahead once they turn out cheaper."""
    budget = Budget(1.0)
    first = await budget.reserve(0.9)
    second = asyncio.create_task(budget.reserve(0.5))
    await asyncio.sleep(0)
    assert not second.done()
    first.settle(0.1)
    await second
    assert budget.reserved_usd == pytest.approx(0.5)


async def test_an_exhausted_budget_says_so() -> None:
    """A call that can never fit is refused with the figures, at once and also after waiting in vain."""
    budget = Budget(1.0, spent_usd=0.8)
    first = await budget.reserve(0.15)
    with pytest.raises(BudgetExhausted, match=r"\$0\.8000 of \$1\.0000"):
        await budget.reserve(0.3)
    second = asyncio.create_task(budget.reserve(0.2))
    await asyncio.sleep(0)
    first.settle(0.15)
    with pytest.raises(BudgetExhausted):
        await second


async def test_an_unknown_price_is_refused_only_under_a_limit() -> None:
    """Without a limit an unknown price is counted; with one it stops the call, with a hint."""
    with pytest.raises(Fatal) as refused:
        await Budget(1.0).reserve(None)
    assert refused.value.hint
    free = Budget(None)
    (await free.reserve(None)).settle(None)
    assert (free.spent_usd, free.unpriced_calls) == (0, 1)


async def test_a_failed_call_costs_nothing_and_an_interrupted_one_its_worst() -> None:
    """An error of the provider gives the money back; a cancelled call may have been paid."""
    budget = Budget(10.0)
    with pytest.raises(Retryable), await budget.reserve(3.0):
        raise Retryable("later")
    assert (budget.spent_usd, budget.reserved_usd) == (0, 0)
    with pytest.raises(asyncio.CancelledError), await budget.reserve(3.0):
        raise asyncio.CancelledError
    assert (budget.spent_usd, budget.reserved_usd) == (3.0, 0)


async def test_an_unknown_cost_counts_as_the_worst_and_only_once() -> None:
    """Without tokens in the answer, what was set aside is taken as spent; closing twice changes nothing."""
    budget = Budget(10.0)
    reservation = await budget.reserve(2.0)
    reservation.settle(None)
    reservation.release()
    assert (budget.spent_usd, budget.unpriced_calls) == (2.0, 1)
