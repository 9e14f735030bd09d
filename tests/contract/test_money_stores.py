"""What every store promises of money: each call is in every sum once, and what stands still is told since when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.store.sqlite import SqliteStore
from connector.types import Hold
from rollouts.errors import Fatal
from rollouts.ledger import Outcome, Settlement, Spent
from tests.buying import ANSWERED, BOUGHT_AT, PURCHASE, REFUSED, bought, opened
from tests.duelling import completion

EARLIER, LATER = BOUGHT_AT - timedelta(days=1), BOUGHT_AT + timedelta(days=1)


@pytest.fixture(params=[":memory:", "file"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Return every kind of store, empty."""
    found = SqliteStore(":memory:" if request.param == ":memory:" else str(tmp_path / "understudy.db"))
    yield found
    await found.aclose()


async def test_what_is_under_way_counts_at_its_worst(store: SqliteStore) -> None:
    """It is both in what was spent and in what is reserved; settled, it counts as what it was."""
    await bought(store, "answered", completion("a"))
    await store.drop("refused", await opened(store, "refused"), REFUSED)
    lost = await opened(store, "lost")
    assert (await store.spent(EARLIER), await store.reserved(EARLIER)) == ({"m": 140}, {"m": 100})
    await store.drop("lost", lost, Settlement(outcome=Outcome.LOST, spent=100))
    assert (await store.spent(EARLIER), await store.reserved(EARLIER)) == ({"m": 140}, {})


async def test_a_call_counts_from_when_its_money_was_set_aside(store: SqliteStore) -> None:
    """A period holds what was reserved in it, its first moment included; each model has a sum of its own."""
    await bought(store, "now", completion("a"))
    await bought(store, "then", completion("a"), purchase=PURCHASE.model_copy(update={"at": EARLIER, "model": "n"}))
    assert await store.spent(EARLIER) == {"m": 40, "n": 40}
    assert await store.spent(BOUGHT_AT) == {"m": 40}
    assert await store.spent(LATER) == {}


async def test_calls_are_added_up_by_model_role_and_outcome(store: SqliteStore) -> None:
    """The dearest first; an answer from the cache costs nothing, and what nobody can price is told apart."""
    store.run = "first"
    judging = PURCHASE.model_copy(update={"role": "judge"})
    await bought(store, "a", completion("a"))
    await bought(store, "b", completion("b"))
    await opened(store, "c", judging)
    store.run = "second"
    await store.hit(judging)
    unknown = PURCHASE.model_copy(update={"worst": None})
    await bought(store, "d", completion("d"), purchase=unknown, settled=ANSWERED.model_copy(update={"spent": None}))
    found = await store.spending()
    assert found == [
        _spent("judge", None, 1, 100),
        _spent("challenger", Outcome.ANSWERED, 3, 80, input_tokens=9, output_tokens=6, unpriced=1),
        _spent("judge", Outcome.CACHED, 1, 0),
    ]
    assert [each.calls for each in await store.spending(run="second")] == [1, 1]
    assert await store.spending(LATER) == []
    assert await store.last_run() == ("second", BOUGHT_AT)


def _spent(role: str, outcome: Outcome | None, calls: int, spent: int, **others: int) -> Spent:
    known = {"input_tokens": None, "output_tokens": None, "unpriced": 0} | others
    return Spent.model_validate(
        {"model": "m", "role": role, "outcome": outcome, "calls": calls, "spent": spent} | known
    )


async def test_what_stands_still_is_told_since_when(store: SqliteStore) -> None:
    """It keeps its beginning while its reason changes in words alone; what moves again is told no more."""
    lane = Hold(what="lane good", reason="no money", money=True, since=EARLIER, until=LATER)
    delivery = Hold(what="delivery", reason="no key", money=False, since=BOUGHT_AT)
    await store.hold([lane, delivery])
    assert await store.holds() == [lane, delivery]
    again = lane.model_copy(update={"reason": "still no money", "since": BOUGHT_AT})
    await store.hold([again])
    assert await store.holds() == [again.model_copy(update={"since": EARLIER})]
    await store.hold([again.model_copy(update={"money": False})])
    assert [each.since for each in await store.holds()] == [BOUGHT_AT]
    await store.hold([])
    assert await store.holds() == []


async def test_a_second_process_may_look_at_the_money(tmp_path: Path) -> None:
    """It reads the same sums beside the one that spends, and cannot take its place."""
    path = str(tmp_path / "understudy.db")
    working = SqliteStore(path)
    await bought(working, "a", completion("a"))
    beside = SqliteStore(path, alone=False)
    assert await beside.spent(EARLIER) == {"m": 40}
    with pytest.raises(Fatal):
        SqliteStore(path)
    await beside.aclose()
    await working.aclose()
