"""Purchases and settlements where a test does not care about their figures."""

from __future__ import annotations

from datetime import UTC, datetime

from rollouts.journal import Journal
from rollouts.ledger import Outcome, Purchase, Settlement
from rollouts.types import Completion

BOUGHT_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
PURCHASE = Purchase(at=BOUGHT_AT, model="m", role="challenger", worst=100)
ANSWERED = Settlement(outcome=Outcome.ANSWERED, spent=40, input_tokens=3, output_tokens=2)
REFUSED = Settlement(outcome=Outcome.REFUSED, spent=0)


async def opened(journal: Journal, key: str, purchase: Purchase = PURCHASE) -> int:
    """Begin a call; return its entry."""
    return await journal.begin(key, purchase)


async def bought(
    journal: Journal, key: str, completion: Completion, *, purchase: Purchase = PURCHASE, settled: Settlement = ANSWERED
) -> int:
    """Begin a call and keep its answer; return its entry."""
    entry = await journal.begin(key, purchase)
    await journal.keep(key, entry, completion, settled)
    return entry
