"""One configured model: asked within its limits and the budget, and never paid twice for one question."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Final
from weakref import WeakValueDictionary

import orjson

from rollouts.budget import Budget
from rollouts.cache import Cache, NoCache, content_of, lasting
from rollouts.cost import BYTES_PER_TOKEN, Price, believable, cost, estimate_tokens
from rollouts.endpoint import PATIENCE_S, Endpoint
from rollouts.errors import Fatal, Permanent, Retryable, UnderstudyError
from rollouts.journal import Journal
from rollouts.ledger import Outcome, Purchase, Role, Settlement, picodollars
from rollouts.limits import Limits, Place
from rollouts.masking import Mask, NoMask, Sees
from rollouts.provider import Provider
from rollouts.types import Completion, Request, Usage
from rollouts.whole import whole
from rollouts.windows import MOST_USD

SAFETY = BYTES_PER_TOKEN
"""How many times more tokens a text may have than `estimate_tokens` says: no token is shorter than a byte."""

USUAL_OUTPUT_TOKENS = 500
"""What an answer is taken to need of the tokens per minute until its true size is known."""


FIRST_WAIT_S: Final = 0.5
"""Before a call is tried again; doubles with every try."""

Fit = Callable[[Completion], bool]
"""Whether an answer is worth keeping for whoever asks the same."""


def _now() -> datetime:
    return datetime.now(UTC)


class Model:
    """A provider with a name, a price, limits, a journal, a cache and a budget."""

    def __init__(
        self,
        provider: Provider,
        *,
        name: str,
        price: Price | None,
        limits: Limits,
        journal: Journal,
        budget: Budget,
        cache: Cache | None = None,
        mask: Mask | None = None,
        role: Role = "challenger",
        worst_output_tokens: int = 16384,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """`worst_output_tokens` is set aside for requests without `max_tokens`. Raises `Fatal` for unfit limits.

        Under a budget nothing longer is asked for: a length that nobody limits could overrun any budget. An answer that
        is cut there is none, as it would have been longer for production.
        """
        if isinstance(provider, Endpoint) and provider.connections < limits.concurrency:
            raise Fatal(
                f"{name} may have {limits.concurrency} calls at once over {provider.connections} connections",
                hint="raise `connections` or lower `concurrency`: waiting for a connection would count as latency",
            )
        self.name = name
        self.provider = provider
        self.price = price
        self.role: Role = role
        self.version = _version(provider, (mask or NoMask()).sees)
        """Changes with anything that may change the answers: provider, model, address, what is added or left out."""
        self.label = f"{name}{_options(provider)}"
        """The name, and a mark that changes with what is added to requests or left out of them."""
        self._limits = limits
        self._journal = journal
        self._budget = budget
        self._cache = cache or NoCache()
        self._mask = mask or NoMask()
        self._now = now
        self.retries = provider.max_retries if isinstance(provider, Endpoint) else 0
        """How often a call is tried again within seconds."""
        self._worst_output_tokens = worst_output_tokens
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ask(self, request: Request, *, fit: Fit = lambda _: True) -> Completion:
        """Return the answer to `request`, bought now or before. Raises what the provider or the budget raises.

        Two callers with one question get one answer: the second waits for the first. An answer that is cut off, or not
        `fit`, is returned and not kept for others who ask the same; where only our own limit has cut it off, that is a
        `Permanent`.
        """
        request = self._mask.request(request)
        content = content_of(request, self.version)
        async with self._asking.setdefault(content, asyncio.Lock()):
            if (kept := await self._journal.kept(request.key)) is not None:
                return kept
            if (known := await self._cache.get(content, request.trace_id)) is not None:
                await self._journal.hit(self._purchase(0))
                return known.model_copy(update={"cached": True})
            completion = await self._buy(request)
            if lasting(completion) and fit(completion):
                await self._cache.put(content, completion, request.trace_id)
        return completion

    async def aclose(self) -> None:
        """Release what the provider opened."""
        await self.provider.aclose()

    async def _buy(self, request: Request) -> Completion:
        """Try again within seconds what may work then; every try is a purchase of its own."""
        for tried in count():
            try:
                return await self._try(request)
            except Retryable as error:
                wait_s = max(error.retry_after_s or 0.0, FIRST_WAIT_S * 2**tried)
                if tried >= self.retries or wait_s > PATIENCE_S or not error.soon:
                    raise
                await self._limits.sleep(wait_s)
        raise AssertionError

    async def _try(self, request: Request) -> Completion:
        request = await self._mask.shown(request)
        capped, request = self._is_capped(request), self._bounded(request)
        read = estimate_tokens(request.messages, request.tools)
        tokens = read + min(request.parameters.max_tokens or USUAL_OUTPUT_TOKENS, USUAL_OUTPUT_TOKENS)
        async with self._limits.slot(tokens) as place:
            # Only now, so that what the journal knows as begun after a crash was in flight, and not waiting for a slot.
            return await self._purchased(request, self._purchase(self._worst(request, read)), place, capped=capped)

    async def _purchased(self, request: Request, purchase: Purchase, place: Place, *, capped: bool) -> Completion:
        """Reserve, note, send, note, settle; a call that is cancelled is settled too."""
        with await self._budget.reserve(purchase) as reservation:
            entry = await self._journal.begin(request.key, reservation.purchase)
            try:
                completion = self._priced(self._kept_of(whole(await self.provider.complete(request)), request))
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, UnderstudyError):
                    error.args = (
                        self._mask.words(str(error), request),
                    )  # providers repeat in errors what they were asked
                    place.failed(error)
                ended = self._journal.drop(request.key, entry, reservation.settle(_failed(error, purchase)))
                await asyncio.shield(ended)  # else the ledger would show it as under way until the next start
                raise
            place.answered(completion)
            paid = reservation.settle(_answered(completion))
            if capped and completion.truncated:
                await self._journal.drop(request.key, entry, paid)
                raise self._cut()
            await self._journal.keep(request.key, entry, completion, paid)
        return completion

    def _cut(self) -> Permanent:
        """Nobody knows what the model would have said: that is no fault of its own."""
        return Permanent(
            f"cut at {self._worst_output_tokens} tokens, for the sake of the budget", hint="raise budget.output_tokens"
        )

    def _kept_of(self, completion: Completion, request: Request) -> Completion:
        """What a model knows or makes up is masked before anything remembers it. Such an answer is paid in any case."""
        if self.provider.wordless:
            return completion
        try:
            return self._mask.completion(completion, request)
        except UnderstudyError as error:
            error.paid = True
            raise

    def _purchase(self, worst: int | None) -> Purchase:
        return Purchase(at=self._now(), model=self.name, role=self.role, worst=worst)

    def _worst(self, request: Request, read_tokens: int) -> int | None:
        written = request.parameters.max_tokens or self._worst_output_tokens
        return None if self.price is None else self.price.worst(SAFETY * read_tokens, written)

    def _is_capped(self, request: Request) -> bool:
        """Whether nobody but us limits the answer, and we do: where it costs money, and money is limited."""
        free = self.price is not None and self.price.free
        return not (request.parameters.max_tokens or free) and self._budget.limits(self.name)

    def _bounded(self, request: Request) -> Request:
        if not self._is_capped(request):
            return request
        bounded = request.parameters.model_copy(update={"max_tokens": self._worst_output_tokens})
        return request.model_copy(update={"parameters": bounded})

    def _priced(self, completion: Completion) -> Completion:
        """What the provider itself says that it cost wins, if it is an amount; tokens that no call has are unknown."""
        usage = completion.usage if believable(completion.usage) else Usage()
        said = completion.cost_usd if 0 <= (completion.cost_usd or 0.0) <= MOST_USD else None
        return completion.model_copy(
            update={"usage": usage, "cost_usd": cost(self.price, usage) if said is None else said}
        )


def _answered(completion: Completion) -> Settlement:
    usage, cost_usd = completion.usage, completion.cost_usd
    return Settlement(
        outcome=Outcome.ANSWERED,
        spent=None if cost_usd is None else picodollars(cost_usd),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
    )


def _failed(error: BaseException, purchase: Purchase) -> Settlement:
    """What nobody expected may have been paid like any other call."""
    if isinstance(error, UnderstudyError) and not error.paid:
        return Settlement(outcome=Outcome.REFUSED, spent=0)
    return Settlement(outcome=Outcome.LOST, spent=purchase.worst)


def _options(provider: Provider) -> str:
    """Wherever a model is reached, it is the same model; told otherwise, it is another."""
    if not isinstance(provider, Endpoint):
        return ""
    told = provider.model_dump(mode="json", exclude={"model", "base_url", *Endpoint.OPERATIONAL}, exclude_defaults=True)
    return f"~{hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:4]}" if told else ""


def _version(provider: Provider, sees: Sees) -> str:
    # Without defaults, so that a field added in a later release does not make everything be paid again.
    fields = provider.model_dump(mode="json", exclude=set(Endpoint.OPERATIONAL), exclude_defaults=True)
    kind = f"{type(provider).__module__}.{type(provider).__qualname__}"
    told = [kind, fields] if sees == "masks" else [kind, fields, sees]
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]
