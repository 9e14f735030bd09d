"""A process that buys answers through the product's own model, ledger and budget until it has them all, or is killed.

    python -m tests.integration.spender FOLDER URL CALLS PER_DAY_USD

Ends with 0 when every answer is there, and with 4 when the money is spent.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from connector.config_budget import BudgetTable
from connector.money import open_budget, open_ledger
from connector.store.sqlite import SqliteStore
from rollouts.cost import Price
from rollouts.errors import BudgetExhausted, Retryable, Unavailable
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.providers.openai_compatible import OpenAICompatible
from rollouts.types import Message, Parameters, Request, Text

CONCURRENCY: Final = 256
LONGEST: Final = 50
"""Tokens of an answer."""
PRICE: Final = Price(input=0.123457, output=1.654321)
_WORDS: Final = "tell me more " * 400
"""Longer than the server will ever say that it was."""


async def spend(folder: Path, url: str, calls: int, per_day_usd: float) -> int:
    """Buy what is not there yet."""
    budget = open_budget(BudgetTable(per_day_usd=per_day_usd), None)
    store = SqliteStore(str(folder / "understudy.db"))
    sys.stdout.write(f"interrupted {await open_ledger(budget, store, alone=True)}\n")
    sys.stdout.flush()
    model = Model(
        OpenAICompatible(base_url=url, model="m", api_key_env=None, timeout_s=4, max_retries=0),
        name="m",
        price=PRICE,
        limits=Limits(concurrency=CONCURRENCY),
        journal=store,
        budget=budget,
    )
    ended = await asyncio.gather(*(_bought(model, number) for number in range(calls)), return_exceptions=True)
    await model.aclose()
    await store.aclose()
    for error in filter(None, ended):
        if not isinstance(error, BudgetExhausted):
            raise error
    return 4 if any(ended) else 0


async def _bought(model: Model, number: int) -> None:
    said = (Message(role="user", parts=(Text(content=f"question {number}: {_WORDS}"),)),)
    request = Request(key=f"call {number}", messages=said, parameters=Parameters(max_tokens=LONGEST))
    while True:
        try:
            await model.ask(request)
        except Retryable as error:
            await asyncio.sleep(error.retry_after_s or 0.05 if isinstance(error, Unavailable) else 0.05)
        else:
            return


if __name__ == "__main__":
    raise SystemExit(asyncio.run(spend(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
