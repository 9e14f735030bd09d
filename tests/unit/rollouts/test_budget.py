import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.budget import Budget
from rollouts.errors import BudgetExhausted, Fatal, Retryable
from rollouts.ledger import PICODOLLARS, Outcome, Purchase, Settlement
from rollouts.windows import Caps

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""A Sunday, the last day of its week."""


class Clock:
    """A clock that is moved by hand."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """Tell it."""
        return self.at


def costing(worst: int | None, model: str = "m", at: datetime = NOON) -> Purchase:
    """Return a purchase of at most `worst` picodollars."""
    return Purchase(at=at, model=model, role="challenger", worst=worst)


def usd(dollars: float) -> Purchase:
    """Return a purchase of at most so many dollars."""
    return costing(round(dollars * PICODOLLARS))


def paid(spent: int | None) -> Settlement:
    """Return the settlement of a call that was answered."""
    return Settlement(outcome=Outcome.ANSWERED, spent=spent)


def budget(clock: Clock | None = None, **limits: float) -> Budget:
    """Return a budget with limits such as `day=1`, in USD."""
    return Budget(Caps(**{f"per_{period}_usd": usd for period, usd in limits.items()}), now=clock or Clock())


CALLS = st.lists(
    st.tuples(st.integers(0, 3_000), st.floats(0, 1), st.integers(0, 4), st.sampled_from(["a", "b", "c"])), max_size=40
)
LIMIT = st.integers(0, 9_000)


@settings(max_examples=200)
@given(calls=CALLS, day=LIMIT, own=LIMIT)
def test_no_limit_is_passed_however_calls_overlap(calls: list[tuple[int, float, int, str]], day: int, own: int) -> None:
    """What is spent and set aside stays within every window at every moment, and nobody waits for ever."""
    caps = Caps(per_day_usd=day / PICODOLLARS), Caps(per_week_usd=own / PICODOLLARS)
    held = Budget(caps[0], now=Clock())
    held.limit("a", caps[1])
    refused = list[tuple[int, str]]()

    async def call(worst: int, share: float, steps: int, model: str) -> None:
        try:
            reservation = await held.reserve(costing(worst, model))
        except BudgetExhausted:
            refused.append((worst, model))
            return
        for _ in range(steps):
            assert all(window.spent + window.reserved <= (window.limit or 0) for window in held.windows)
            await asyncio.sleep(0)
        reservation.settle(paid(round(worst * share)))

    async def everybody() -> None:
        async with asyncio.timeout(5):
            await asyncio.gather(*(call(*each) for each in calls))

    asyncio.run(everybody())
    whole, of_a = held.windows
    assert (whole.reserved, of_a.reserved) == (0, 0)
    for worst, model in refused:
        assert whole.spent + worst > day or (model == "a" and of_a.spent + worst > own)


@settings(max_examples=100)
@given(
    calls=st.lists(st.tuples(st.integers(1, 900), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40),
    limit=st.integers(500, 3_000),
)
def test_each_day_has_its_own_money(calls: list[tuple[int, int, int]], limit: int) -> None:
    """Calls that begin and end at any hour count in the day in which they began, and no day passes its limit."""
    clock = Clock()
    held = Budget(Caps(per_day_usd=limit / PICODOLLARS), now=clock)
    days: dict[object, int] = {}

    async def call(worst: int) -> None:
        try:
            reservation = await held.reserve(costing(worst, at=clock()))
        except BudgetExhausted:
            return
        await ended[worst].wait()
        reservation.settle(paid(worst))
        days[reservation.purchase.at.date()] = days.get(reservation.purchase.at.date(), 0) + worst

    ended: dict[int, asyncio.Event] = {}

    async def over_days() -> None:
        tasks = []
        for worst, hours, _ in calls:
            clock.at += timedelta(hours=hours)
            ended.setdefault(worst, asyncio.Event())
            tasks.append(asyncio.create_task(call(worst)))
            await asyncio.sleep(0)
        for worst, _, hours in calls:
            clock.at += timedelta(hours=hours)
            ended[worst].set()
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks)

    asyncio.run(over_days())
    assert all(spent <= limit for spent in days.values())


async def test_a_call_waits_while_others_may_still_leave_room() -> None:
    """A call that does not fit beside others goes ahead once they turn out cheaper."""
    held = Budget(1.0)
    first = await held.reserve(usd(0.9))
    second = asyncio.create_task(held.reserve(usd(0.5)))
    await asyncio.sleep(0)
    assert not second.done()
    first.settle(paid(usd(0.1).worst))
    await second
    assert held.reserved == usd(0.5).worst


async def test_an_exhausted_budget_says_so() -> None:
    """A call that can never fit is refused with the figures, at once and also after waiting in vain."""
    held = Budget(1.0)
    (await held.reserve(usd(0.8))).settle(paid(usd(0.8).worst))
    first = await held.reserve(usd(0.15))
    with pytest.raises(BudgetExhausted, match=r"\$0\.8000 of \$1\.0000 are spent in this run"):
        await held.reserve(usd(0.3))
    second = asyncio.create_task(held.reserve(usd(0.2)))
    await asyncio.sleep(0)
    first.settle(paid(usd(0.15).worst))
    with pytest.raises(BudgetExhausted):
        await second


@pytest.mark.parametrize(
    ("period", "opens"), [("day", (2026, 11, 23)), ("week", (2026, 11, 23)), ("month", (2026, 12, 1))]
)
async def test_a_period_opens_again(period: str, opens: tuple[int, int, int]) -> None:
    """Who is refused hears when the next period opens in UTC, and from then on there is money again."""
    clock, told = Clock(), list[str]()
    held = budget(clock, **{period: 1.0})
    held.when_exhausted = lambda: told.append(period)
    (await held.reserve(usd(1.0))).settle(paid(usd(1.0).worst))
    with pytest.raises(BudgetExhausted, match=f"in this {period}, .* opens at 2026") as refused:
        await held.reserve(usd(0.1))
    assert refused.value.opens_at == datetime(*opens, tzinfo=UTC)
    assert told == [period]
    clock.at = refused.value.opens_at
    assert (await held.reserve(costing(usd(1.0).worst, at=clock()))).purchase.at == clock()


async def test_whoever_is_refused_hears_when_it_is_worth_coming_back() -> None:
    """Of several windows without money the one that opens last is named."""
    held = budget(day=1, month=1, week=5)
    (await held.reserve(usd(1.0))).settle(paid(usd(1.0).worst))
    with pytest.raises(BudgetExhausted, match="in this month"):
        await held.reserve(usd(0.1))


async def test_a_run_has_no_next_period() -> None:
    """Nobody is told to wait for what never comes."""
    with pytest.raises(BudgetExhausted) as refused:
        await Budget(0.0).reserve(usd(0.1))
    assert refused.value.opens_at is None
    assert refused.value.hint == "raise the budget"


async def test_one_model_may_have_less() -> None:
    """A model's own limit stops that model alone, by its name; of two the smaller holds."""
    held = budget(day=10)
    held.limit("dear", Caps(per_day_usd=5))
    held.limit("dear", Caps(per_day_usd=2, per_month_usd=3))
    held.limit("dear", Caps())
    assert [(window.name, window.limit) for window in held.windows] == [
        ("day", 10 * PICODOLLARS),
        ("dear/day", 2 * PICODOLLARS),
        ("dear/month", 3 * PICODOLLARS),
    ]
    with pytest.raises(BudgetExhausted, match="in this day of dear"):
        await held.reserve(costing(3 * PICODOLLARS, "dear"))
    assert await held.reserve(costing(3 * PICODOLLARS, "cheap"))


async def test_what_was_spent_before_counts() -> None:
    """A restart opens no new day: what the ledger knows of each period is in its windows."""
    held = budget(None, day=1, month=5)
    held.limit("m", Caps(per_day_usd=0.4))
    assert held.periods == {"day": datetime(2026, 11, 22, tzinfo=UTC), "month": datetime(2026, 11, 1, tzinfo=UTC)}
    held.recall("day", {"m": usd(0.3).worst or 0, "other": usd(0.4).worst or 0})
    held.recall("month", {"m": usd(4.8).worst or 0})
    assert [window.spent for window in held.windows] == [usd(each).worst for each in (0.7, 4.8, 0.3)]
    with pytest.raises(BudgetExhausted, match="in this day of m"):
        await held.reserve(usd(0.15))
    with pytest.raises(BudgetExhausted, match="in this month"):
        await held.reserve(costing(usd(0.25).worst, "another"))


async def test_less_is_spent_in_time() -> None:
    """From a share of any limit on the budget says so, and not any more when a new period opens."""
    clock = Clock()
    held = Budget(Caps(per_day_usd=1), degrade_at=0.8, now=clock)
    (await held.reserve(usd(0.79))).settle(paid(usd(0.79).worst))
    assert held.degraded is None
    (await held.reserve(usd(0.01))).settle(paid(usd(0.01).worst))
    assert held.degraded is not None
    assert held.degraded.name == "day"
    clock.at += timedelta(days=1)
    assert held.degraded is None


async def test_an_unknown_price_is_refused_only_under_a_limit() -> None:
    """Without a limit an unknown price is counted; with one it stops the call, with a hint."""
    with pytest.raises(Fatal, match="price of m") as refused:
        await Budget(1.0).reserve(costing(None))
    assert refused.value.hint
    free = Budget(None)
    (await free.reserve(costing(None))).settle(paid(None))
    assert (free.spent_usd, free.unpriced_calls) == (0, 1)


async def test_a_failed_call_costs_nothing_and_an_interrupted_one_its_worst() -> None:
    """An error of the provider gives the money back; a cancelled call may have been paid."""
    held = Budget(10.0)
    with pytest.raises(Retryable), await held.reserve(usd(3.0)):
        raise Retryable("later")
    assert (held.spent_usd, held.reserved) == (0, 0)
    with pytest.raises(asyncio.CancelledError), await held.reserve(usd(3.0)):
        raise asyncio.CancelledError
    assert (held.spent_usd, held.reserved) == (3.0, 0)


async def test_an_unknown_cost_counts_as_the_worst_and_only_once() -> None:
    """Without tokens in the answer, what was set aside is taken as spent; closing twice changes nothing."""
    held = Budget(10.0)
    with await held.reserve(usd(2.0)) as reservation:
        reservation.settle(paid(None))
    assert (held.spent_usd, held.reserved, held.unpriced_calls) == (2.0, 0, 1)
