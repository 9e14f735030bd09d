"""How much processor time a model call takes on the whole route, beside bare loops that only make the calls.

    python -m tests.benchmarks.route            # some minutes
    python -m tests.benchmarks.route --quick    # about one

Every contestant runs in a fresh process against one model server with 50 ms latency, and the contestants take turns, so
that a busy machine is busy for all of them. Compare ratios within one run: seconds differ from machine to machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from tests.benchmarks import traffic
from tests.benchmarks.measuring import REPOSITORY, serving

CONTESTANTS = {
    "route": ("tests.benchmarks.whole_route",),
    "AsyncOpenAI": ("tests.benchmarks.bare_openai", "default"),
    "AsyncOpenAI on aiohttp": ("tests.benchmarks.bare_openai", "aiohttp"),
    "aiohttp": ("tests.benchmarks.bare_aiohttp", "session"),
}
CALLS_PER_DUEL = 3
DIFFERENT = 64
"""Challenges whose requests the bare loops send in turn."""
ANSWER = "On balance the second answer is the one that helps. " * 28 + "\n[[B>A]]"
"""Some 1,500 characters with a label, so that one text serves as anyone's answer."""

Figures = Mapping[str, float]


def main() -> None:
    """Measure all contestants side by side and print a table."""
    options = _options()
    found: dict[tuple[int, str], list[Figures]] = defaultdict(list)
    model_server = ("connector.demo.models", "--latency", str(options.latency), "--answer", ANSWER)
    with tempfile.TemporaryDirectory() as folder, serving(*model_server) as address:
        bodies = Path(folder) / "bodies.json"
        bodies.write_bytes(orjson.dumps(asyncio.run(_bodies(options.messages))))
        for concurrency, name in _turns(options):
            work = _work(name, options, bodies) | {"url": f"{address}/v1", "concurrency": concurrency}
            figures = _measured(name, work)
            found[concurrency, name].append(figures)
            sys.stderr.write(f"{name} at {concurrency}: {_brief(figures)}\n")
    medians = {place: _median(repetitions) for place, repetitions in found.items()}
    sys.stdout.write("\n".join(_report(medians, options)) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="150 duels, once: about a minute")
    parser.add_argument("--duels", type=int, help="of three model calls each (default 1200)")
    parser.add_argument("--repetitions", type=int, help="of which the median is shown (default 3)")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[8, 64, 256])
    parser.add_argument("--challengers", type=int, default=1, help="that answer each challenge")
    parser.add_argument("--messages", type=int, default=2, help="in each history, of 1,500 characters each")
    parser.add_argument("--latency", type=float, default=0.05, help="of the model server, in seconds")
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    options = parser.parse_args()
    options.duels = options.duels or (150 if options.quick else 1200)
    options.repetitions = options.repetitions or (1 if options.quick else 3)
    options.challenges = options.duels // options.challengers
    options.calls = CALLS_PER_DUEL * options.challenges * options.challengers
    return options


async def _bodies(messages: int) -> list[dict[str, object]]:
    return [body for each in traffic.challenges(DIFFERENT, messages) for body in await traffic.bodies(each)]


def _turns(options: argparse.Namespace) -> Iterator[tuple[int, str]]:
    for _ in range(options.repetitions):
        for concurrency in options.concurrency:
            for name in options.contestants:
                yield concurrency, name


def _work(name: str, options: argparse.Namespace, bodies: Path) -> dict[str, object]:
    if name == "route":
        return {figure: getattr(options, figure) for figure in ("challenges", "challengers", "messages")}
    return {"bodies": bodies, "calls": options.calls}


def _measured(name: str, work: Mapping[str, object]) -> Figures:
    module, *client = CONTESTANTS[name]
    flags = [word for flag, value in work.items() for word in (f"--{flag}", str(value))]
    command = [sys.executable, "-m", module, *client, *flags]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=REPOSITORY)
    figures: dict[str, float] = json.loads(run.stdout)
    return figures


def _median(repetitions: Sequence[Figures]) -> Figures:
    return {key: statistics.median(one[key] for one in repetitions) for key in repetitions[0]}


def _report(medians: Mapping[tuple[int, str], Figures], options: argparse.Namespace) -> Iterator[str]:
    yield (
        f"Medians of {options.repetitions} times {options.calls} model calls of {1000 * options.latency:g} ms; "
        f"histories of {options.messages} messages, {options.challengers} challenger(s).\n"
    )
    yield "| at once | contestant | CPU ms/call | to AsyncOpenAI | to aiohttp | calls/s | peak MB |"
    yield "|--:|:--|--:|--:|--:|--:|--:|"
    for (concurrency, name), figures in sorted(medians.items(), key=lambda pair: pair[0][0]):
        ratios = (_ratio(figures, medians.get((concurrency, to))) for to in ("AsyncOpenAI", "aiohttp"))
        shown = (f"{figures['cpu_ms']:.2f}", *ratios, f"{figures['calls_s']:.0f}", f"{figures['peak_mb']:.0f}")
        yield f"| {concurrency} | {name} | {' | '.join(shown)} |"
    for (concurrency, name), figures in medians.items():
        if name == "route":
            yield (
                f"\nAt {concurrency}, beside the calls: {figures['polling_ms']:.2f} CPU ms to poll a trace, "
                f"{figures['reading_back_ms']:.2f} to read a duel back."
            )


def _ratio(figures: Figures, other: Figures | None) -> str:
    return "" if other is None else f"{figures['cpu_ms'] / other['cpu_ms']:.2f}"


def _brief(figures: Figures) -> str:
    return ", ".join(f"{key} {value:.2f}" for key, value in figures.items())


if __name__ == "__main__":
    main()
