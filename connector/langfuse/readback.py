"""Finding out whether the server shows the spans that it took: listed by environment and time, not one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from connector.langfuse.capabilities import Capabilities
from connector.langfuse.client import Client
from connector.langfuse.own import JUDGES, ROLLOUTS
from connector.langfuse.paging import by_cursor, by_number
from connector.scoring import (
    baseline_trace_id,
    judge_span_id,
    judge_trace_id,
    judged_at,
    rollout_trace_id,
    shown_at,
    span_id,
)
from connector.types import Duel
from rollouts.types import Record

_ROUNDING = timedelta(seconds=1)


class Place(Record):
    """Where one span of ours should be."""

    shows: str
    """What is shown there: things of one kind lie close together in time."""
    environment: str
    trace_id: str
    span_id: str
    started_at: datetime


async def unseen(client: Client, server: Capabilities, duels: Sequence[Duel]) -> set[str]:
    """Return the ids of the duels of which the server does not show every span."""
    wanted = sorted(((place, duel.id) for duel in duels for place in places(duel)), key=lambda pair: pair[0].shows)
    absent = set[str]()
    for _, some in groupby(wanted, key=lambda pair: pair[0].shows):
        pairs = list(some)
        there = await _there(client, server, [place for place, _ in pairs])
        absent |= {duel_id for place, duel_id in pairs if not there & {place.span_id, place.trace_id}}
    return absent


def places(duel: Duel) -> Iterator[Place]:
    """Yield where production's answer, the challenger's and the judge's rounds are shown."""
    challenge, rounds = duel.challenge, duel.judgment.looks if duel.judgment else ()
    asked_at = shown_at(challenge)
    yield Place(
        shows="baseline",
        environment=ROLLOUTS,
        trace_id=baseline_trace_id(challenge.id),
        span_id=span_id(challenge.id, "baseline"),
        started_at=asked_at,
    )
    if duel.rollout is not None:
        yield Place(
            shows="rollout",
            environment=ROLLOUTS,
            trace_id=rollout_trace_id(duel),
            span_id=span_id(duel.id),
            started_at=duel.rollout.completion.started_at or asked_at,
        )
    for number, look in enumerate(rounds, start=1):
        yield Place(
            shows="judge",
            environment=JUDGES,
            trace_id=judge_trace_id(duel),
            span_id=judge_span_id(duel, number),
            started_at=look.started_at or judged_at(duel),
        )


async def _there(client: Client, server: Capabilities, some: Sequence[Place]) -> set[str]:
    """Return the ids of what is shown in the environment and the time of these places: spans, or on v3 traces."""
    start, end = _around(place.started_at for place in some)
    shared = {"fields": "core", "environment": some[0].environment}
    if server.reads == "observations":
        query = {"fromStartTime": start, "toStartTime": end, "limit": 1000}
        return {str(row["id"]) async for row in by_cursor(client, "/api/public/v2/observations", shared | query)}
    query = {"fromTimestamp": start, "toTimestamp": end, "limit": 100}
    return {str(row["id"]) async for row in by_number(client, "/api/public/traces", shared | query)}


def _around(moments: Iterable[datetime]) -> tuple[str, str]:
    known = list(moments)
    return (min(known) - _ROUNDING).isoformat(), (max(known) + _ROUNDING).isoformat()
