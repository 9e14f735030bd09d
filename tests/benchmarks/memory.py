"""How much memory it takes to carry many duels: the claim is that their number does not matter.

    python -m tests.benchmarks.memory                      # 10,000 challenges, 3 challengers: minutes
    python -m tests.benchmarks.memory --challenges 1000

Traces come from a file, models answer at once and remember nothing, results go into a file.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import structlog

from connector.engine import Engine
from connector.intake import Rules
from connector.jsonl import line_of
from connector.pace import Pace
from connector.pipeline import Arena
from connector.sinks.jsonl import JsonlSink
from connector.sources.jsonl import JsonlSource
from connector.store.sqlite import SqliteStore
from connector.types import Duel
from judges.arena_hard import ArenaHard
from judges.jury import Jury
from rollouts.budget import Budget
from rollouts.cost import FREE
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.provider import Provider
from rollouts.replay import Challenger
from rollouts.types import Challenge, Completion, Message, Request, Text, Usage
from tests.benchmarks import traffic
from tests.benchmarks.measuring import measured, peak_mb, resident_mb

LOOKS = (0.1, 0.25, 0.5, 1.0)
"""When memory is looked at, as shares of all duels."""
WIDTH = 16


class Forgetful(Provider):
    """Answers with one text and keeps nothing, so that what grows is the product's."""

    free: ClassVar[bool] = True

    async def complete(self, request: Request) -> Completion:
        """Say something that is long enough, and different for every question."""
        said = Text(content=f"{request.key} {traffic.ANSWER}\n[[B>A]]")
        return Completion(
            message=Message(role="assistant", parts=(said,)),
            model=self.model,
            finish_reason="stop",
            usage=Usage(input_tokens=1000, output_tokens=200),
            latency_s=0.0,
            started_at=datetime.now(UTC),
        )


class WatchedSink(JsonlSink):
    """A file that notes how much memory is held as it fills."""

    def __init__(self, path: Path, duels: int) -> None:
        super().__init__(path)
        self.posted = 0
        self.held: list[tuple[int, float]] = []
        """Duels posted, and MB held at that time."""
        self._looks = [round(share * duels) for share in LOOKS]

    async def post(self, duels: Sequence[Duel], fresh: Sequence[Challenge], *, doubtful: Collection[str]) -> None:
        """Write, and look when it is time."""
        await super().post(duels, fresh, doubtful=doubtful)
        self.posted += len(duels)
        while self._looks and self.posted >= self._looks[0]:
            self.held.append((self._looks.pop(0), resident_mb()))


async def run(folder: Path, *, challenges: int, challengers: int, messages: int) -> Iterator[str]:
    """Poll and work everything off; return the report, line by line."""
    store = SqliteStore(str(folder / "state.db"))
    sink = WatchedSink(folder / "results.jsonl", challenges * challengers)
    engine = _engine(folder / "traces.jsonl", store, sink, challengers)
    _write_traces(folder / "traces.jsonl", challenges, messages)
    at_start = resident_mb()
    with measured() as span:
        await engine.poll()
        await engine.poll()
        polled = resident_mb()
        await engine.work(until_idle=True)
    await store.aclose()
    if sink.posted != challenges * challengers:
        raise RuntimeError(f"{sink.posted} of {challenges * challengers} duels were posted")
    return _report(sink, at_start, polled, span.cpu_s, span.wall_s)


def _report(sink: WatchedSink, at_start: float, polled: float, cpu_s: float, wall_s: float) -> Iterator[str]:
    yield "| duels posted | MB held |"
    yield "|--:|--:|"
    yield f"| at start | {at_start:.1f} |"
    yield f"| polled | {polled:.1f} |"
    for posted, held in sink.held:
        yield f"| {posted} | {held:.1f} |"
    yield f"\npeak {peak_mb():.1f} MB, {cpu_s:.1f} CPU s, {wall_s:.1f} s"


def _engine(source: Path, store: SqliteStore, sink: JsonlSink, challengers: int) -> Engine:
    def model(name: str, at_once: int) -> Model:
        limits = Limits(concurrency=at_once)
        return Model(Forgetful(model=name), name=name, price=FREE, limits=limits, journal=store, budget=Budget(None))

    names = [f"challenger-{number}" for number in range(1, challengers + 1)]
    arena = Arena(
        source=JsonlSource(source),
        challengers={name: Challenger(name=name, model=model(name, WIDTH)) for name in names},
        jury=Jury.of(ArenaHard(), model("judge", 2 * WIDTH * challengers)),
        sink=sink,
        rules=Rules(),
    )
    return Engine(arena, store, widths=dict.fromkeys(names, WIDTH), pace=Pace(settle=timedelta(0)))


def _write_traces(path: Path, challenges: int, messages: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(line_of(trace) for trace in traffic.traces(challenges, messages))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--challenges", type=int, default=10_000)
    parser.add_argument("--challengers", type=int, default=3)
    parser.add_argument("--messages", type=int, default=6, help="in each history, of 1,500 characters each")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        for line in asyncio.run(run(Path(folder), **vars(options))):
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
