import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.limits import Limits


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        await asyncio.sleep(0)


async def starts(limits: Limits, clock: Clock, tokens: list[int]) -> list[tuple[int, float]]:
    """Begin one call per entry at once; return (number, seconds until it began) in the order of beginning."""
    began: list[tuple[int, float]] = []
    zero = clock()

    async def call(number: int) -> None:
        async with limits.slot(tokens[number]):
            began.append((number, clock() - zero))

    await asyncio.gather(*(call(number) for number in range(len(tokens))))
    return began


async def test_no_more_calls_at_once_than_allowed() -> None:
    """The number of calls under way never passes `concurrency`."""
    limits, under_way, most = Limits(concurrency=3), 0, 0

    async def call() -> None:
        nonlocal under_way, most
        async with limits.slot(1):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.001)
            under_way -= 1

    await asyncio.gather(*(call() for _ in range(20)))
    assert most == 3


async def test_requests_per_minute() -> None:
    """Sixty a minute is one a second."""
    clock = Clock()
    began = await starts(Limits(rpm=60, clock=clock, sleep=clock.sleep), clock, [1] * 5)
    assert [at for _, at in began] == pytest.approx([0, 1, 2, 3, 4])


async def test_a_small_prompt_does_not_overtake_a_large_one() -> None:
    """Whoever comes first begins first, however many tokens it needs."""
    clock = Clock()
    began = await starts(Limits(tpm=6_000, clock=clock, sleep=clock.sleep), clock, [100, 5_000, 1, 1])
    assert [number for number, _ in began] == [0, 1, 2, 3]


async def test_a_call_larger_than_the_bucket_begins_and_the_next_pays_for_it() -> None:
    """A call of three seconds' worth of tokens begins with a full bucket; the next waits out the debt."""
    clock = Clock()
    began = await starts(Limits(tpm=6_000, clock=clock, sleep=clock.sleep), clock, [300, 100])
    assert [at for _, at in began] == pytest.approx([0, 3])


async def test_unused_tokens_come_back() -> None:
    """What a call was thought to need and did not is free for the next."""
    clock = Clock()
    limits = Limits(tpm=6_000, clock=clock, sleep=clock.sleep)
    await starts(limits, clock, [1_000])
    limits.settle(1_000, 100)
    assert (await starts(limits, clock, [100]))[0][1] == pytest.approx(1)


async def test_a_retry_after_holds_everyone() -> None:
    """After a server asked for 30 seconds nobody begins earlier, and a shorter wish does not shorten it."""
    clock = Clock()
    limits = Limits(clock=clock, sleep=clock.sleep)
    limits.penalise(30)
    limits.penalise(5)
    assert [at for _, at in await starts(limits, clock, [1, 1])] == pytest.approx([30, 30])


@given(tokens=st.lists(st.integers(0, 3_000), min_size=1, max_size=30), rpm=st.integers(1, 600))
def test_rates_hold_over_any_time(tokens: list[int], rpm: int) -> None:
    """Calls begin in order, and never more of them than the rate allows since the start."""
    clock = Clock()
    limits = Limits(concurrency=1_000, rpm=rpm, tpm=60_000, clock=clock, sleep=clock.sleep)
    began = asyncio.run(starts(limits, clock, tokens))
    assert [number for number, _ in began] == list(range(len(tokens)))
    for count, (_, at) in enumerate(began, start=1):
        assert count <= max(1.0, rpm / 60) + rpm / 60 * at + 1e-6
        before = sum(tokens[: count - 1])
        assert before <= 1_000 * (1 + at) + 1e-3


async def test_a_cancelled_waiter_leaves_its_place() -> None:
    """A waiter that gives up does not hold up those behind it."""
    clock = Clock()
    limits = Limits(concurrency=1, clock=clock, sleep=clock.sleep)
    release = asyncio.Event()

    async def hold() -> None:
        async with limits.slot(1):
            await release.wait()

    first, second = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    second.cancel()
    release.set()
    await first
    assert len(await starts(limits, clock, [1])) == 1
