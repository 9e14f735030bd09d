import asyncio
import math
from typing import ClassVar

import pytest

from rollouts.budget import Budget
from rollouts.cache import MemoryCache
from rollouts.cost import FREE, Price
from rollouts.errors import BudgetExhausted, Fatal, Permanent, Retryable
from rollouts.journal import MemoryJournal
from rollouts.ledger import PICODOLLARS, Outcome, Purchase, Settlement
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.provider import Provider
from rollouts.providers.openai import OpenAI
from rollouts.providers.scripted import Scripted
from rollouts.types import Completion, Message, Parameters, Request, Text, ToolDefinition, Usage

PRICE = Price(input=1_000_000, output=1_000_000)
"""A dollar a token."""
HEY = (Message(role="user", parts=(Text(content="hey!"),)),)
"""About 5 tokens."""


class Failing(Provider):
    """Raises what it is told."""

    model: str = "failing"
    how: str = "retryable"

    async def complete(self, request: Request) -> Completion:
        """Fail."""
        if self.how == "retryable":
            raise Retryable("later", retry_after_s=7)
        if self.how == "lost":
            raise Retryable("no answer in time", paid=True)
        if self.how == "broken":
            raise ZeroDivisionError
        raise Permanent("never")


class Priced(Scripted):
    """Reports tokens and leaves the cost to others."""

    async def complete(self, request: Request) -> Completion:
        """Answer without a cost."""
        return (await super().complete(request)).model_copy(update={"cost_usd": None})


class Billed(Scripted):
    """Reports a cost of its own."""

    bill: float | None

    async def complete(self, request: Request) -> Completion:
        """Answer at that cost."""
        return (await super().complete(request)).model_copy(update={"cost_usd": self.bill})


class Journal(MemoryJournal):
    """Remembers what it was told, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    async def begin(self, key: str, purchase: Purchase) -> int:
        """Note it."""
        self.notes.append(f"begin {key}")
        return await super().begin(key, purchase)

    async def keep(self, key: str, entry: int, completion: Completion, settlement: Settlement) -> None:
        """Note it."""
        self.notes.append(f"keep {key}")
        await super().keep(key, entry, completion, settlement)

    async def drop(self, key: str, entry: int, settlement: Settlement) -> None:
        """Note it."""
        self.notes.append(f"drop {key}")
        await super().drop(key, entry, settlement)

    @property
    def settled(self) -> list[tuple[Outcome | None, int | None]]:
        """How every purchase ended, and what was paid."""
        return [(s.outcome, s.spent) if s else (None, None) for _, s in self.entries]


def model(provider: Provider, **others: object) -> Model:
    """Configure a model without limits, except for `others`."""
    parts = {"price": None, "limits": Limits(), "journal": Journal(), "budget": Budget(None), **others}
    return Model(provider, name="m", **parts)  # type: ignore[arg-type]


def asked(key: str = "k", **parameters: object) -> Request:
    """Ask something short."""
    return Request(key=key, messages=HEY, parameters=Parameters.model_validate(parameters))


async def test_one_question_is_paid_once() -> None:
    """Asking again, later or at the same time, returns the first answer."""
    provider = Scripted(answers=("a", "b"), latency_s=0.01)
    asking = model(provider)
    together = await asyncio.gather(*(asking.ask(asked()) for _ in range(5)))
    assert {answer.message.text for answer in [*together, await asking.ask(asked())]} == {"a"}
    assert provider.calls == 1
    assert (await asking.ask(asked("other"))).message.text == "b"


async def test_the_journal_hears_before_and_after() -> None:
    """A call is noted before it is made, and kept or dropped after it."""
    journal = Journal()
    await model(Scripted(answers=("a",)), journal=journal).ask(asked("1"))
    with pytest.raises(Permanent):
        await model(Failing(how="permanent"), journal=journal).ask(asked("2"))
    assert journal.notes == ["begin 1", "keep 1", "begin 2", "drop 2"]


async def test_what_the_journal_keeps_needs_no_budget() -> None:
    """An answer already paid is free, even when no money is left."""
    journal = MemoryJournal()
    paid = await model(Scripted(answers=("a",)), journal=journal).ask(asked())
    assert await model(Scripted(answers=("b",)), journal=journal, price=PRICE, budget=Budget(0.0)).ask(asked()) == paid


async def test_cost_follows_from_tokens_and_price() -> None:
    """Where the provider names no cost, tokens and price give it, and the budget counts it."""
    budget = Budget(1_000.0)
    provider = Priced(answers=("a",), usage=Usage(input_tokens=6, output_tokens=2))
    answer = await model(provider, price=PRICE, budget=budget).ask(asked(max_tokens=10))
    assert answer.cost_usd == pytest.approx(8)
    assert budget.spent == 8 * PICODOLLARS
    assert budget.reserved == 0


async def test_an_unknown_price_leaves_the_cost_unknown() -> None:
    """Nobody makes up a cost, and a limited budget refuses such a model."""
    provider = Priced(answers=("a",), usage=Usage(input_tokens=6, output_tokens=2))
    assert (await model(provider).ask(asked())).cost_usd is None
    with pytest.raises(Fatal, match="price"):
        await model(provider, budget=Budget(5.0)).ask(asked())


@pytest.mark.parametrize(
    ("usage", "bill", "spent"),
    [
        (Usage(input_tokens=6, output_tokens=-500), None, 29),
        (Usage(input_tokens=-1, output_tokens=2), None, 29),
        (Usage(input_tokens=10**18, output_tokens=2), None, 29),
        (Usage(input_tokens=6, output_tokens=2), 1e300, 8),
        (Usage(input_tokens=6, output_tokens=2), -3.0, 8),
        (Usage(input_tokens=6, output_tokens=2), math.nan, 8),
        (Usage(input_tokens=-1, output_tokens=2), 0.5, 0.5),
    ],
)
async def test_figures_that_no_call_has_say_nothing(usage: Usage, bill: float | None, spent: float) -> None:
    """No call gives money back, and none is too dear for the ledger: tokens count then, and without them the worst."""
    journal, budget = Journal(), Budget(1_000.0)
    odd = Billed(answers=("a",), usage=usage, bill=bill)
    answer = await model(odd, price=PRICE, budget=budget, journal=journal).ask(asked(max_tokens=9))
    assert (budget.spent, budget.reserved) == (spent * PICODOLLARS, 0)
    assert min(answer.usage.input_tokens or 0, answer.usage.output_tokens or 0) >= 0


async def test_the_worst_case_must_fit() -> None:
    """A call whose prompt and longest answer do not fit is not made."""
    provider = Scripted(answers=("a",))
    with pytest.raises(BudgetExhausted):
        await model(provider, price=PRICE, budget=Budget(100.0)).ask(asked(max_tokens=100))
    with pytest.raises(BudgetExhausted):
        await model(provider, price=PRICE, budget=Budget(100.0), worst_output_tokens=100).ask(asked())
    assert provider.calls == 0
    assert await model(provider, price=PRICE, budget=Budget(100.0)).ask(asked(max_tokens=80))


async def test_what_is_set_aside_holds_what_providers_say_about_tools() -> None:
    """Before a short question with a small tool stand up to 530 tokens that nobody here has written."""
    tools = (ToolDefinition(name="f", parameters={}),)
    question, budget = asked(max_tokens=9).model_copy(update={"tools": tools}), Budget(100_000.0)
    most = Usage(input_tokens=530 + 29, output_tokens=9)
    journal = Journal()
    await model(Priced(answers=("a",), usage=most), price=PRICE, budget=budget, journal=journal).ask(question)
    [(purchase, settlement)] = journal.entries
    assert settlement is not None
    assert (settlement.spent or 0) <= (purchase.worst or 0)


async def test_a_failed_call_gives_the_money_back_and_heeds_retry_after() -> None:
    """After a Retry-After nobody is sent to the same server too early, and nothing is spent."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.sleep(0)
        clock.append(clock[-1] + seconds)

    clock = [100.0]
    budget = Budget(1_000.0)
    failing = model(
        Failing(),
        price=PRICE,
        budget=budget,
        limits=Limits(clock=lambda: clock[-1], sleep=sleep),
        worst_output_tokens=9,
    )
    with pytest.raises(Retryable):
        await failing.ask(asked())
    assert (budget.spent_usd, budget.reserved, waited) == (0, 0, [])
    with pytest.raises(Retryable):
        await failing.ask(asked())
    assert waited == [pytest.approx(7)]


def test_the_version_names_what_may_change_an_answer() -> None:
    """Another model or address is another version; time-outs and keys are not, and no secret is in it."""
    plain = OpenAI(model="a")
    same = [OpenAI(model="a", timeout_s=9, api_key_env="OTHER", connections=2_000, max_retries=0)]
    other = [OpenAI(model="b"), OpenAI(model="a", base_url="https://x"), OpenAI(model="a", extra_body={"x": 1})]
    assert len(model(plain).version) == 12
    assert {model(provider).version for provider in same} == {model(plain).version}
    assert len({model(provider).version for provider in [plain, *other]}) == 4


def test_connections_must_not_throttle() -> None:
    """A concurrency above the connections is refused at the start: waiting would pass for latency."""
    with pytest.raises(Fatal, match="200 calls at once over 100 connections"):
        model(OpenAI(model="a", connections=100), limits=Limits(concurrency=200))


@pytest.mark.parametrize(
    ("how", "error", "outcome"),
    [
        ("permanent", Permanent, (Outcome.REFUSED, 0)),
        ("lost", Retryable, (Outcome.LOST, 29 * PICODOLLARS)),
        ("broken", ZeroDivisionError, (Outcome.LOST, 29 * PICODOLLARS)),
    ],
)
async def test_only_a_refusal_is_known_to_be_free(
    how: str, error: type[Exception], outcome: tuple[Outcome, int]
) -> None:
    """A call without an answer may have been paid, and so may one that ended in nobody knows what: at the worst."""
    journal, budget = Journal(), Budget(1_000.0)
    with pytest.raises(error):
        await model(Failing(how=how), price=PRICE, budget=budget, journal=journal).ask(asked(max_tokens=9))
    assert journal.settled == [outcome]
    assert (budget.spent, budget.reserved) == (outcome[1], 0)


class Counting(Scripted):
    """Remembers the longest answer that it was allowed."""

    allowed: ClassVar[list[int | None]] = []

    async def complete(self, request: Request) -> Completion:
        """Note it."""
        self.allowed.append(request.parameters.max_tokens)
        return await super().complete(request)


async def test_under_a_budget_no_answer_is_longer_than_what_was_set_aside() -> None:
    """Where production limited nothing, the request does; without a budget it stays as it was."""
    Counting.allowed.clear()
    for budget in (Budget(None), Budget(1_000.0)):
        await model(Counting(answers=("a",)), price=PRICE, budget=budget, worst_output_tokens=77).ask(asked())
    await model(Counting(answers=("a",)), price=PRICE, budget=Budget(1_000.0)).ask(asked(max_tokens=9))
    assert Counting.allowed == [None, 77, 9]


async def test_an_answer_that_only_the_budget_has_cut_is_none() -> None:
    """It is paid and never kept, as the model was not done; one that production would have cut as well is an answer."""
    journal, budget, cut = Journal(), Budget(1_000.0), Scripted(answers=("a b c",), finish_reason="length")
    limited = model(cut, price=PRICE, budget=budget, journal=journal, worst_output_tokens=77)
    for _ in range(2):
        with pytest.raises(Permanent, match="cut at 77 tokens"):
            await limited.ask(asked())
    assert cut.calls == 2, "and nothing of it was kept"
    assert [outcome for outcome, _ in journal.settled] == [Outcome.ANSWERED] * 2
    assert (await limited.ask(asked(max_tokens=9))).truncated
    assert (await model(cut, price=PRICE, budget=Budget(None)).ask(asked())).truncated
    assert (await model(cut, price=FREE, budget=Budget(1.0)).ask(asked())).truncated


class Silent(Scripted):
    """Never answers."""

    async def complete(self, request: Request) -> Completion:
        """Wait for ever."""
        del request
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_call_that_is_cancelled_is_settled_at_once() -> None:
    """It may have been paid, so it counts at its worst; it is under way no longer."""
    journal, budget = Journal(), Budget(1_000.0)
    silent = model(Silent(answers=("",)), price=PRICE, budget=budget, journal=journal)
    asking = asyncio.create_task(silent.ask(asked(max_tokens=9)))
    while not journal.entries:  # noqa: ASYNC110  nobody tells
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert journal.settled == [(Outcome.LOST, 29 * PICODOLLARS)]
    assert (budget.spent, budget.reserved) == (29 * PICODOLLARS, 0)


class Saying(Scripted):
    """Reports what it wants to have cost."""

    said: float = 0.0

    async def complete(self, request: Request) -> Completion:
        """Answer with a price."""
        return (await super().complete(request)).model_copy(update={"cost_usd": self.said})


async def test_what_the_provider_says_that_it_cost_wins() -> None:
    """But for what is no amount of money."""
    journal, usage = Journal(), Usage(input_tokens=6, output_tokens=2)
    for said, counted in ((0.25, 0.25), (float("nan"), 8.0), (-1.0, 8.0), (float("inf"), 8.0)):
        provider = Saying(answers=("a",), usage=usage, said=said)
        answer = await model(provider, price=PRICE, journal=journal).ask(asked(str(said)))
        assert answer.cost_usd == counted
    assert [spent for _, spent in journal.settled] == [PICODOLLARS // 4, *[8 * PICODOLLARS] * 3]


async def test_what_is_not_bought_is_in_the_ledger_for_nothing() -> None:
    """An answer from the cache costs 0, whatever it cost when it was bought."""
    journal, cache = Journal(), MemoryCache()
    for key in ("1", "2"):
        answer = await model(
            Priced(answers=("a",), usage=Usage(input_tokens=6, output_tokens=2)),
            price=PRICE,
            journal=journal,
            cache=cache,
        ).ask(asked(key))
        assert answer.cost_usd == 8
    assert journal.settled == [(Outcome.ANSWERED, 8 * PICODOLLARS), (Outcome.CACHED, 0)]
