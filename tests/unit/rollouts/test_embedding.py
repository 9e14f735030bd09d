"""Embeddings over HTTP: whole, in the ledger, within the budget, and never paid twice for one draw."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from rollouts.budget import Budget
from rollouts.cost import Price
from rollouts.embedding import BATCH, EmbeddingModel
from rollouts.embeddings import Embeddings
from rollouts.errors import BudgetExhausted, Fatal, Retryable
from rollouts.journal import MemoryJournal
from rollouts.ledger import PICODOLLARS, Outcome
from rollouts.limits import Limits
from rollouts.model import Model


class Server:
    """An endpoint that counts what it is asked, and answers in the wrong order."""

    def __init__(self) -> None:
        self.texts: list[list[str]] = []
        self.answers: list[web.Response] = []
        self.url = ""
        self.keys: list[str | None] = []

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with a vector made of each text's length."""
        body = await request.json()
        self.texts.append(body["input"])
        self.keys.append(request.headers.get("authorization"))
        if self.answers:
            return self.answers.pop(0)
        rows = [{"index": n, "embedding": [float(len(text)), 1.0]} for n, text in enumerate(body["input"])]
        return web.json_response({"data": rows[::-1], "model": body["model"], "usage": {"prompt_tokens": 7}})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Serve on loopback."""
    found, app = Server(), web.Application(client_max_size=2**24)
    app.router.add_post("/v1/embeddings", found.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield found
    await runner.cleanup()


def opened(
    server: Server, limit_usd: float | None = None, **options: Any
) -> tuple[EmbeddingModel, MemoryJournal, Model]:
    """Open a model that costs a dollar per million tokens."""
    journal = MemoryJournal()
    model = Model(
        Embeddings(model="e-1", base_url=server.url, **options),
        name="e-1",
        price=Price(input=1.0, output=0.0),
        limits=Limits(concurrency=2),
        journal=journal,
        budget=Budget(limit_usd),
        role="embedding",
    )
    return EmbeddingModel(model), journal, model


async def test_each_text_gets_its_own_vector_in_calls_of_256(server: Server) -> None:
    """Rows are put in order by their index, and many texts are several calls."""
    embedder, journal, model = opened(server)
    texts = ["x" * (n % 9 + 1) for n in range(600)]
    vectors = await embedder.embed(texts)
    await model.aclose()
    assert vectors.shape == (600, 2)
    assert np.allclose(vectors[:, 0] / vectors[:, 1], [len(text) for text in texts], rtol=2e-3)
    assert [len(some) for some in server.texts] == [BATCH, BATCH, 88]
    assert server.keys == [None] * 3
    assert [purchase.role for purchase, _ in journal.entries] == ["embedding"] * 3


async def test_what_the_endpoint_counts_is_what_the_ledger_says(server: Server) -> None:
    """Seven tokens at a dollar per million are seven millionths, set aside at one token per byte before."""
    embedder, journal, model = opened(server, 1.0)
    await embedder.embed(["where is my parcel"])
    await model.aclose()
    [(purchase, settlement)] = journal.entries
    assert settlement is not None
    assert (settlement.outcome, settlement.spent) == (Outcome.ANSWERED, 7 * PICODOLLARS // 10**6)
    assert purchase.worst is not None
    assert purchase.worst >= len("where is my parcel") * PICODOLLARS // 10**6


async def test_a_spent_budget_sends_nothing(server: Server) -> None:
    """What could cost more than is left is not asked."""
    embedder, _, model = opened(server, 1e-9)
    with pytest.raises(BudgetExhausted):
        await embedder.embed(["where is my parcel"])
    await model.aclose()
    assert not server.texts


async def test_the_same_texts_are_paid_once(server: Server) -> None:
    """A draw that a crash cut off finds what it bought."""
    embedder, journal, model = opened(server)
    one, other = await embedder.embed(["a", "b"]), await embedder.embed(["a", "b"])
    await model.aclose()
    assert np.array_equal(one, other)
    assert len(server.texts) == len(journal.entries) == 1


async def test_what_fails_for_a_moment_is_asked_again_and_stands_in_the_ledger(server: Server) -> None:
    """A refusal costs nothing; the answer that follows does."""
    server.answers = [web.json_response({"error": {"message": "busy"}}, status=503)]
    embedder, journal, model = opened(server)
    await embedder.embed(["a"])
    await model.aclose()
    assert [s.outcome for _, s in journal.entries if s][-1] is Outcome.ANSWERED
    assert len(journal.entries) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"data": []},
        {"data": [{"index": 0, "embedding": [1.0]}] * 2},
        {"data": [{"index": 0, "embedding": "AAAA"}]},
        {"data": None},
        {"error": "none"},
        {"data": [{"index": 0, "embedding": []}]},
        [],
    ],
    ids=str,
)
async def test_an_answer_that_cannot_be_read_is_lost_and_no_vector(server: Server, answer: Any) -> None:
    """Too few rows, too many, or none: it was paid, and may work later."""
    server.answers = [web.json_response(answer)]
    embedder, journal, model = opened(server, max_retries=0)
    with pytest.raises(Retryable):
        await embedder.embed(["a"])
    await model.aclose()
    [(_, settlement)] = journal.entries
    assert settlement is not None
    assert settlement.outcome is Outcome.LOST


async def test_a_wrong_key_waits_for_a_person(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable, and does not show the key."""
    monkeypatch.setenv("EMBED_KEY", "sk-wrong")
    server.answers = [web.json_response({"error": {"message": "bad key sk-wrong"}}, status=401)]
    embedder, _, model = opened(server, api_key_env="EMBED_KEY")
    with pytest.raises(Fatal) as caught:
        await embedder.embed(["a"])
    await model.aclose()
    assert "sk-wrong" not in str(caught.value)
    assert server.keys == ["Bearer sk-wrong"]
