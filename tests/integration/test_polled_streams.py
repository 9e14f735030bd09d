"""Any order in which spans may arrive, and any rhythm of polls: every trace is taken once, with all of its turns."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connector.demo.langfuse import Observation, SmallLangfuse
from connector.types import Fate
from tests.integration.reading import NOON, Reader, agent, answers_of, hold, reading, trace_id
from tests.logged import ledger as ledger_of

Arrival = tuple[float, Observation]
"""Seconds after noon at which a row can first be read, and the row."""

LONGEST_POLL_S = 600
LATEST_S = 1080  # so that with a poll every ten minutes a span is read before it leaves settle + overlap, 35 minutes
LONG_AGENT_S = 7200.0
COPY = timedelta(milliseconds=1)
"""How much later a copy of a row begins: the small server keeps one row per trace, span and start."""


@st.composite
def traces(draw: st.DrawFn, name: str) -> list[Arrival]:
    """One trace: turns that arrive late and in any order, a root that may come hours after them, copies of both."""
    begun = draw(st.integers(0, 1800))
    root, *turns = agent(name, NOON + timedelta(seconds=begun), turns=draw(st.integers(1, 3)), seconds=60.0)
    found = [(begun + 60 + draw(st.floats(0, LATEST_S)), turn) for turn in turns]
    root_lag_s = draw(st.sampled_from([0.0, 30.0, LATEST_S, LONG_AGENT_S]))
    if root_lag_s == LONG_AGENT_S:
        root = root.model_copy(update={"end_ms": root.start_ms + int(LONG_AGENT_S) * 1000})
    found.append((begun + 60 + root_lag_s, root))
    for at_s, each in draw(st.lists(st.sampled_from(found), max_size=2)):
        copy = each.model_copy(update={"start_ms": each.start_ms + 1, "updated_ms": each.updated_ms + 1})
        found.append((at_s + draw(st.floats(0, 300)), copy))
    return found


@st.composite
def streams(draw: st.DrawFn) -> tuple[dict[str, int], list[Arrival], list[int]]:
    """Traces with their number of turns, everything that arrives, and the pauses between polls."""
    names = [f"t{number}" for number in range(draw(st.integers(1, 5)))]
    arrivals = {name: draw(traces(name)) for name in names}
    turns = {name: len({row.id for _, row in found if row.type == "GENERATION"}) for name, found in arrivals.items()}
    pauses = draw(st.lists(st.integers(120, LONGEST_POLL_S), min_size=5, max_size=5))
    return turns, sorted((pair for found in arrivals.values() for pair in found), key=lambda pair: pair[0]), pauses


@given(streams())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example takes half a second, shrinking takes thousands
)
def test_every_trace_is_taken_once_and_whole(stream: tuple[dict[str, int], list[Arrival], list[int]]) -> None:
    """None lost, none twice, and at no poll did the mark pass a trace that was there and had not settled."""
    asyncio.run(_follow(*stream))


async def _follow(turns: dict[str, int], arrivals: list[Arrival], pauses: list[int]) -> None:
    async with SmallLangfuse() as server, reading(server) as reader:
        over, rhythm = NOON + timedelta(seconds=arrivals[-1][0] + 4200), 0
        waiting = list(arrivals)
        while reader.hands.now < over:
            now = reader.hands.now + timedelta(seconds=pauses[rhythm % len(pauses)])
            rhythm += 1
            while waiting and NOON + timedelta(seconds=waiting[0][0]) <= now:
                hold(server, waiting.pop(0)[1])
            await reader.poll(after_s=(now - reader.hands.now).total_seconds())
            await _marks_no_further_than_settled(reader, turns)
        assert await reader.answers() == sorted(a for name, count in turns.items() for a in answers_of([name], count))
        assert [await reader.fate(name) for name in turns] == [Fate.CHALLENGED] * len(turns)
        assert Counter(fate for of, fate, _ in await ledger_of(reader.engine.store) if of == "trace")[Fate.WAITING] == 0


async def _marks_no_further_than_settled(reader: Reader, turns: dict[str, int]) -> None:
    mark, settled_before = await reader.mark(), reader.hands.now - reader.engine.pace.settle
    assert mark is not None
    for name in turns:
        begun = _begun(reader, name, settled_before)
        if begun is not None and await reader.fate(name) in {None, Fate.WAITING}:
            assert mark <= begun + COPY, f"{name} has not settled, and the mark has passed it"


def _begun(reader: Reader, name: str, before: datetime) -> datetime | None:
    """Return when the oldest visible row of a trace began, if that is before `before`."""
    rows = [row for row in reader.server.observations() if row.trace_id == trace_id(name)]
    begun = [NOON + timedelta(milliseconds=row.start_ms - NOON.timestamp() * 1000) for row in rows]
    roots = [moment for moment, row in zip(begun, rows, strict=True) if row.is_root]
    known = min(roots or begun, default=None)
    return known if known is not None and known < before else None
