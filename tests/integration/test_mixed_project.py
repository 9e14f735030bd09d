"""One project with everything in it: every sample, every format, errors and nonsense. Its ledger adds up."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.assemble import assemble
from connector.demo.langfuse import Observation as Row
from connector.demo.langfuse import SmallLangfuse
from connector.langfuse.rows import observation
from connector.traces import Observation, Use
from connector.types import Count, Fate
from tests.integration.layouts import LAYOUTS
from tests.integration.reading import NOON, Reader, hold, reading, settle
from tests.integration.samples import MANIFEST, rows_of
from tests.integration.test_mutated_samples import EXCHANGE, LOOP, mutants
from tests.writers import WRITERS

NONSENSE = 4
"""Damaged calls of each format."""
Logged = Iterable[tuple[str, Observation]]
"""Observations, each with its session, which may be none."""


def written() -> Iterator[Logged]:
    """Yield one conversation in each format and each layout, and some of its calls damaged."""
    for name, writer in WRITERS.items():
        said = EXCHANGE if writer.one_exchange else LOOP if writer.calls and writer.words_beside else LOOP[:3]
        for layout in LAYOUTS:
            for trace in layout(said, writer.write):
                yield [(f"{name} {layout.__name__}" if trace.session_id else "", one) for one in trace.observations]
        whole = writer.write(said)
        for damaged in mutants(whole, NONSENSE, random.Random(name)):
            yield [("", whole.model_copy(update={"input": damaged.input, "output": damaged.output}))]


def stored() -> Iterator[Logged]:
    """Yield each trace of the samples, but for what Langfuse's own evaluators wrote: nobody is shown that at all."""
    for sample in MANIFEST:
        rows = rows_of(sample)
        for trace_id in dict.fromkeys(row["traceId"] for row in rows):
            of_it = [row for row in rows if row["traceId"] == trace_id]
            if any((row.get("environment") or "").startswith("langfuse-") for row in of_it):
                continue
            yield [(row.get("sessionId") or "", observation(row)) for row in of_it]


def put(server: SmallLangfuse, project: Sequence[Logged]) -> int:
    """Hold every trace, one second after the other; return how many observations they have."""
    rows = [row for number, logged in enumerate(project) for row in _rows([*logged], f"trace {number}", number)]
    hold(server, *rows)
    return len(rows)


def _rows(logged: list[tuple[str, Observation]], name: str, number: int) -> Iterator[Row]:
    first, known = min(one.started_at for _, one in logged), {one.id for _, one in logged}
    begun = NOON - timedelta(minutes=30) + timedelta(seconds=number)
    for session, one in logged:
        parent = one.parent_id if one.parent_id in known and one.parent_id != one.id else None
        yield Row(
            id=_id(name, one.id)[:16],
            trace_id=_id(name),
            project_id="local-project",
            **_times(begun + min(one.started_at - first, timedelta(minutes=1))),
            parent_id=None if parent is None else _id(name, parent)[:16],
            is_root=parent is None,
            type=one.type,
            name=one.name or "",
            level=one.level,
            environment=one.environment or "production",
            session_id=session,
            input=_text(one.input),
            output=_text(one.output),
            metadata=one.metadata,
            model=one.model or "",
            model_parameters=one.parameters,
        )


def _id(*names: str) -> str:
    return hashlib.md5(" ".join(names).encode()).hexdigest()


def _times(begun: datetime) -> dict[str, int]:
    start_ms = round(begun.timestamp() * 1000)
    return {"start_ms": start_ms, "end_ms": start_ms + 500, "created_ms": start_ms, "updated_ms": start_ms}


def _text(side: Any) -> str:
    return "" if side is None else side if isinstance(side, str) else json.dumps(side)


async def read_twice(server: SmallLangfuse, project: Sequence[Logged]) -> tuple[list[Count], list[Count], int]:
    """Poll until all is settled, look at every trace, then poll once more; return both ledgers and all challenges."""
    async with reading(server) as reader:
        observations = put(server, project)
        await settle(reader)
        ledger = await reader.engine.store.ledger()
        assert await _looked_at(reader, len(project)) == observations
        await settle(reader)
        return ledger, await reader.engine.store.ledger(), len(await reader.duels())


async def _looked_at(reader: Reader, traces: int) -> int:
    """Check that every observation was taken for something, and that each lost one is counted; return how many."""
    count = 0
    for number in range(traces):
        sighting = await reader.engine.arena.source.find(_id(f"trace {number}"))
        assert sighting is not None
        trace = await reader.engine.arena.source.read(sighting)
        assembly = assemble(trace)
        assert [glance.observation_id for glance in assembly.glances] == [one.id for one in trace.observations]
        lost = sum(glance.use is Use.LOST for glance in assembly.glances)
        assert lost == len(assembly.lost)
        assert all(turn.reason for turn in assembly.lost)
        count += len(trace.observations)
    return count


def totals(ledger: Iterable[Count], of: str) -> Counter[Fate]:
    """Return how many ended where."""
    found: Counter[Fate] = Counter()
    for row in ledger:
        found[row.fate] += row.count if row.of == of else 0
    return found


def adds_up(ledger: list[Count], again: list[Count], challenges: int, traces: int) -> None:
    """Check that each trace and each turn is in one place, with a reason, and that looking again changes nothing."""
    assert ledger == again
    assert totals(ledger, "trace").total() == traces
    assert totals(ledger, "turn")[Fate.CHALLENGED] == challenges
    assert not totals(ledger, "trace")[Fate.WAITING]
    assert all(row.reason for row in ledger if row.fate is not Fate.CHALLENGED)


async def test_every_format_in_every_layout_and_nonsense() -> None:
    """Each trace in exactly one fate, each turn in exactly one; of every format some are challenged."""
    project = [*written()]
    async with SmallLangfuse() as server:
        ledger, again, challenges = await read_twice(server, project)

    adds_up(ledger, again, challenges, len(project))
    read_by = {row.format for row in ledger if row.fate is Fate.CHALLENGED}
    assert {name.split(maxsplit=1)[0] for name in WRITERS} - {"custom_keys"} <= read_by


@pytest.mark.skipif(not MANIFEST, reason="the samples in ../shared/data/formats are not here")
async def test_every_sample() -> None:
    """What real integrations stored, in one project: the same sums."""
    project = [*stored()]
    async with SmallLangfuse() as server:
        ledger, again, challenges = await read_twice(server, project)

    adds_up(ledger, again, challenges, len(project))
    assert challenges > 80
