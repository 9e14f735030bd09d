"""One configured model: asked within its limits and the budget, and never paid twice for one question."""

from __future__ import annotations

import asyncio
import hashlib
from weakref import WeakValueDictionary

import orjson

from rollouts.budget import Budget
from rollouts.cost import Price, cost, estimate_tokens
from rollouts.endpoint import Endpoint
from rollouts.errors import Fatal, Retryable, UnderstudyError
from rollouts.journal import Journal
from rollouts.limits import Limits
from rollouts.provider import Provider
from rollouts.types import Completion, Request
from rollouts.whole import whole

SAFETY = 2
"""JSON and code have up to twice as many tokens as `estimate_tokens` says; the budget reckons with that."""

USUAL_OUTPUT_TOKENS = 500
"""What an answer is taken to need of the tokens per minute until its true size is known."""


class Model:
    """A provider with a name, a price, limits, a journal and a budget."""

    def __init__(
        self,
        provider: Provider,
        *,
        name: str,
        price: Price | None,
        limits: Limits,
        journal: Journal,
        budget: Budget,
        worst_output_tokens: int = 4096,
    ) -> None:
        """`worst_output_tokens` is set aside for requests without `max_tokens`. Raises `Fatal` for unfit limits."""
        if isinstance(provider, Endpoint) and provider.connections < limits.concurrency:
            raise Fatal(
                f"{name} may have {limits.concurrency} calls at once over {provider.connections} connections",
                hint="raise `connections` or lower `concurrency`: waiting for a connection would count as latency",
            )
        self.name = name
        self.provider = provider
        self.price = price
        self.version = _version(provider)
        """Changes with anything that may change the answers: provider, model, address, what is added or left out."""
        self.label = f"{name}{_options(provider)}"
        """The name, and a mark that changes with what is added to requests or left out of them."""
        self._limits = limits
        self._journal = journal
        self._budget = budget
        self._worst_output_tokens = worst_output_tokens
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ask(self, request: Request) -> Completion:
        """Return the answer to `request`, bought now or before. Raises what the provider or the budget raises.

        Two callers with one key get one answer: the second waits for the first.
        """
        read = estimate_tokens(request.messages, request.tools)
        written = min(request.parameters.max_tokens or USUAL_OUTPUT_TOKENS, USUAL_OUTPUT_TOKENS)
        async with self._asking.setdefault(request.key, asyncio.Lock()), self._limits.slot(read + written):
            # Only now, so that what the journal knows as begun after a crash was in flight, and not waiting for a slot.
            if (kept := await self._journal.begin(request.key)) is not None:
                self._limits.settle(read + written, 0)
                return kept
            try:
                completion = await self._buy(request, read)
            except UnderstudyError:
                await self._journal.drop(request.key)
                raise
            await self._journal.keep(request.key, completion)
        usage = completion.usage
        if usage.input_tokens is not None and usage.output_tokens is not None:
            self._limits.settle(read + written, usage.input_tokens + usage.output_tokens)
        return completion

    async def aclose(self) -> None:
        """Release what the provider opened."""
        await self.provider.aclose()

    async def _buy(self, request: Request, read_tokens: int) -> Completion:
        with await self._budget.reserve(self._worst_usd(request, read_tokens)) as reservation:
            completion = self._priced(whole(await self._complete(request)))
            reservation.settle(completion.cost_usd)
        return completion

    async def _complete(self, request: Request) -> Completion:
        try:
            return await self.provider.complete(request)
        except Retryable as error:
            if error.retry_after_s:
                self._limits.penalise(error.retry_after_s)
            raise

    def _worst_usd(self, request: Request, read_tokens: int) -> float | None:
        written = request.parameters.max_tokens or self._worst_output_tokens
        return None if self.price is None else self.price.worst_usd(SAFETY * read_tokens, written)

    def _priced(self, completion: Completion) -> Completion:
        if completion.cost_usd is not None:
            return completion
        return completion.model_copy(update={"cost_usd": cost(self.price, completion.usage)})


def _options(provider: Provider) -> str:
    """Wherever a model is reached, it is the same model; told otherwise, it is another."""
    if not isinstance(provider, Endpoint):
        return ""
    told = provider.model_dump(mode="json", exclude={"model", "base_url", *Endpoint.OPERATIONAL}, exclude_defaults=True)
    return f"~{hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:4]}" if told else ""


def _version(provider: Provider) -> str:
    # Without defaults, so that a field added in a later release does not make everything be paid again.
    fields = provider.model_dump(mode="json", exclude=set(Endpoint.OPERATIONAL), exclude_defaults=True)
    kind = f"{type(provider).__module__}.{type(provider).__qualname__}"
    return hashlib.sha256(orjson.dumps([kind, fields], option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]
