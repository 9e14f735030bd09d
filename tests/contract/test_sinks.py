"""What every sink promises, over each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from connector.demo.langfuse import SmallLangfuse
from connector.langfuse.capabilities import detect
from connector.langfuse.client import Client
from connector.periods import Run
from connector.ports import Sink
from connector.sinks.jsonl import JsonlSink
from connector.sinks.langfuse import LangfuseSink
from connector.types import Duel
from judges.types import Judgment, Label, Round, Verdict
from rollouts.types import Challenge, Completion, Message, Origin, Rollout, Text, Usage
from tests.outcomes import outcome, tallied

KINDS = ["jsonl", "langfuse events_only", "langfuse dual", "langfuse list_scores", "langfuse v3"]
MOMENT = datetime(2026, 11, 18, 12, tzinfo=UTC)


@asynccontextmanager
async def opened(kind: str, tmp_path: Path) -> AsyncIterator[tuple[Sink, SmallLangfuse | Path]]:
    """Open one sink, and where it writes."""
    if kind == "jsonl":
        yield JsonlSink(tmp_path / "out.jsonl"), tmp_path / "out.jsonl"
        return
    async with SmallLangfuse(kind.split()[1]) as server:  # type: ignore[arg-type]
        client = Client(server.base_url, server.public_key, server.secret_key)
        yield LangfuseSink(client, await detect(client), dataset="d"), server
        await client.aclose()


def duel(number: int = 0) -> Duel:
    """Return a judged duel."""
    answer = Completion(message=said(f"answer {number}"), model="m", usage=Usage(input_tokens=3), started_at=MOMENT)
    origin = Origin(trace_id=f"{number:032x}", observation_id=f"{number:016x}", started_at=MOMENT)
    asked = (said("hi", "user"),)
    challenge = Challenge(
        id=f"c{number}",
        conversation_id="v",
        content_id="t",
        origin=origin,
        messages=asked,
        baseline=answer,
    )
    looks = tuple(
        Round(challenger_seat=seat, label=Label.TIE, score=0.5, text="even", asks=1, model="j", usage=Usage(),
              cost_usd=None,               latency_s=0.1, started_at=MOMENT)
        for seat in ("B", "A")
    )  # fmt: skip
    judgment = Judgment(
        judge="arena_hard/j/1", verdict=Verdict.TIE, score=0.5, consistent=True, reason="even", rounds=looks
    )
    fresh = Duel.of(challenge, "rival", "f1")
    return fresh.rolled(Rollout(challenger="rival", completion=answer)).judged(judgment)


def said(text: str, role: str = "assistant") -> Message:
    """Return a message."""
    return Message.model_validate({"role": role, "parts": (Text(content=text),)})


def written(place: SmallLangfuse | Path) -> list[str]:
    """Return the ids of everything written, each as often as it is there."""
    if isinstance(place, Path):
        lines = [orjson.loads(line) for line in place.read_bytes().split(b"\n") if line]
        return sorted({line["kind"] + line["id"] for line in lines})
    rows = [f"{row.trace_id}/{row.id}" for row in place.observations()]
    return sorted([*rows, *(score.id for score in place.scores()), *place.dataset_items])


@pytest.mark.parametrize("kind", KINDS)
async def test_posting_again_adds_nothing(kind: str, tmp_path: Path) -> None:
    """A crash between the write and our knowing of it costs nothing but the write."""
    duels = [duel(0), duel(1)]
    challenges = [each.challenge for each in duels]
    async with opened(kind, tmp_path) as (sink, place):
        await sink.post(duels, challenges, doubtful=())
        once = written(place)
        await sink.post(duels, challenges, doubtful={challenge.id for challenge in challenges})
        assert written(place) == once
    assert len(once) == len(set(once)) > 0
    if isinstance(place, SmallLangfuse):
        assert set(place.versions.values()) == {1}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_posted_is_not_missing(kind: str, tmp_path: Path) -> None:
    """Reading back finds everything that the other side kept."""
    async with opened(kind, tmp_path) as (sink, _):
        await sink.post([duel(0), duel(1)], [duel(0).challenge, duel(1).challenge], doubtful=())
        assert await sink.missing([duel(0), duel(1)]) == set()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "jsonl"])
@pytest.mark.parametrize("what", ["score", "span"])
async def test_what_was_swallowed_is_missing(kind: str, what: str, tmp_path: Path) -> None:
    """A server that answers 200 and keeps nothing is found out, and for the right duel."""
    async with opened(kind, tmp_path) as (sink, server):
        assert isinstance(server, SmallLangfuse)
        await sink.post([duel(0)], [duel(0).challenge], doubtful=())
        server.swallow(what, times=99)  # type: ignore[arg-type]
        await sink.post([duel(1)], [duel(1).challenge], doubtful=())
        assert await sink.missing([duel(0), duel(1)]) == {duel(1).id}


@pytest.mark.parametrize("kind", KINDS)
async def test_publishing_again_adds_nothing(kind: str, tmp_path: Path) -> None:
    """A leaderboard overwrites itself, also from another process."""
    board = tallied([outcome("rival", "v/1", 0.5)], epoch="2026-W47")
    async with opened(kind, tmp_path) as (sink, place):
        await sink.post([duel(0)], [duel(0).challenge], doubtful=())
        await sink.publish(board, {"rival": Run(fingerprint="f1", begun_at=MOMENT)})
        once = written(place)
        await sink.publish(board, {"rival": Run(fingerprint="f1", begun_at=MOMENT)})
        assert written(place) == once
