import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.breaker import FAILURES, FIRST_S
from rollouts.errors import Throttled, Unanswered, Unavailable
from rollouts.gate import Gate
from rollouts.limits import Limits
from rollouts.types import Completion, Message


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


def shared(clock: Clock, **limits: float) -> Gate:
    """Return the gate of an account."""
    return Gate(clock=clock, sleep=clock.sleep, **limits)  # type: ignore[arg-type]


async def test_models_of_one_account_keep_its_rate_together() -> None:
    """Sixty a minute for three models is one a second for all of them, and each keeps its own limit inside."""
    clock = Clock()
    gate = shared(clock, rpm=60)
    models = [Limits(shared=gate, rpm=rpm, clock=clock, sleep=clock.sleep) for rpm in (None, None, 10)]
    zero, began = clock(), dict[int, list[float]]({0: [], 1: [], 2: []})

    async def call(number: int) -> None:
        async with models[number].slot(1):
            began[number].append(clock() - zero)

    await asyncio.gather(*(call(number % 3) for number in range(30)))
    together = sorted(at for each in began.values() for at in each)
    assert len(together) == 30
    assert all(at >= count - 1e-6 for count, at in enumerate(together))
    assert all(later - sooner >= 6 - 1e-6 for sooner, later in zip(began[2], began[2][1:], strict=False))


@pytest.mark.parametrize("crowd", [1, 200])
async def test_nobody_is_starved_by_a_crowd(crowd: int) -> None:
    """A judge whose call comes after two hundred of a challenger's begins second or third: models take turns."""
    clock = Clock()
    gate, order = shared(clock, rpm=60), list[str]()
    challenger, judge = (Limits(shared=gate, clock=clock, sleep=clock.sleep) for _ in range(2))

    async def call(name: str, limits: Limits) -> None:
        async with limits.slot(1):
            order.append(name)

    asked = [call("challenger", challenger) for _ in range(crowd)] + [call("judge", judge) for _ in range(3)]
    await asyncio.gather(*asked)
    assert order.index("judge") <= 2
    assert len(order) == crowd + 3
    assert [place for place, name in enumerate(order) if name == "judge"][-1] <= 7


@given(
    calls=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2_000)), min_size=1, max_size=40),
    rpm=st.integers(30, 600),
    at_once=st.integers(1, 5),
)
def test_an_account_s_limits_hold_whoever_asks(calls: list[tuple[int, int]], rpm: int, at_once: int) -> None:
    """Requests, tokens and calls at once of all models together stay within the account's, in every order."""
    clock = Clock()
    gate = shared(clock, rpm=rpm, tpm=60_000, concurrency=at_once)
    models = [Limits(shared=gate, clock=clock, sleep=clock.sleep) for _ in range(3)]
    zero, began, under_way, most = clock(), list[tuple[float, int]](), 0, 0

    async def call(number: int, tokens: int) -> None:
        nonlocal under_way, most
        async with models[number].slot(tokens):
            began.append((clock() - zero, tokens))
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    async def all_calls() -> None:
        await asyncio.gather(*(call(number, tokens) for number, tokens in calls))

    asyncio.run(all_calls())
    assert most <= at_once
    assert len(began) == len(calls)
    for count, (at, _) in enumerate(began, start=1):
        assert count <= max(1.0, rpm / 60) + rpm / 60 * at + 1e-6
        assert sum(tokens for _, tokens in began[: count - 1]) <= 1_000 * (1 + at) + 1e-3


async def test_a_pause_of_minutes_is_not_waited_for() -> None:
    """Whoever comes then is told when to come back, and nothing is sent."""
    clock = Clock()
    limits = Limits(clock=clock, sleep=clock.sleep)
    limits.penalise(600)
    with pytest.raises(Unavailable) as refused:
        async with limits.slot(1):
            pytest.fail("it was sent")
    assert refused.value.retry_after_s == pytest.approx(600)


async def test_where_nothing_is_left_everybody_waits() -> None:
    """An answer whose headers say that the rate is used up holds the whole account until it is not."""
    clock = Clock()
    gate = shared(clock)
    first, second = (Limits(shared=gate, clock=clock, sleep=clock.sleep) for _ in range(2))
    async with first.slot(1) as place:
        place.answered(Completion(message=Message(role="assistant"), exhausted_s=20))
    assert (await starts(second, clock, [1]))[0][1] == pytest.approx(20)


async def test_refusals_lower_the_calls_at_once_and_answers_raise_them() -> None:
    """A 429 at ten calls leaves eight; rounds of answers bring the ten back."""
    limits = Limits(concurrency=10)

    async def refused() -> None:
        async with limits.slot(1) as place:
            await asyncio.sleep(0.001)
            place.failed(Throttled("slow down"))

    await asyncio.gather(*(refused() for _ in range(10)))
    assert limits.own.pressure.allowed == 8
    for _ in range(30):
        async with limits.slot(1) as place:
            place.answered(Completion(message=Message(role="assistant")))
    assert limits.own.pressure.allowed == 10


async def test_who_does_not_answer_is_not_asked() -> None:
    """The failure that shows it and all calls after it are `Unavailable`; after a while one call finds out."""
    clock = Clock()
    limits = Limits(clock=clock, sleep=clock.sleep)
    sent = 0

    async def ask(error: Unanswered | None) -> None:
        nonlocal sent
        async with limits.slot(1) as place:
            sent += 1
            if error is None:
                place.answered(Completion(message=Message(role="assistant")))
                return
            place.failed(error)
            raise error

    failures = await asyncio.gather(*(ask(Unanswered("gone", paid=True)) for _ in range(100)), return_exceptions=True)
    assert all(isinstance(failure, Unanswered) for failure in failures[: FAILURES - 1])
    assert all(isinstance(failure, Unavailable) for failure in failures[FAILURES - 1 :])
    assert sent == FAILURES
    clock.now += FIRST_S
    await ask(None)
    await ask(None)
    assert sent == FAILURES + 2


async def test_a_probe_that_is_cancelled_lets_another_find_out() -> None:
    """Nobody is locked out by a call that never came to an end."""
    clock = Clock()
    limits = Limits(clock=clock, sleep=clock.sleep)
    for _ in range(FAILURES):
        limits.breaker.failed(Unanswered("gone"), probe=False)
    clock.now += FIRST_S

    async def hang() -> None:
        async with limits.slot(1):
            await asyncio.Event().wait()

    probe = asyncio.create_task(hang())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await hang()
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert len(await starts(limits, clock, [1])) == 1
