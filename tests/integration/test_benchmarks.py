"""The benchmarks are kept in working order; what they measure is nobody's promise here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_the_benchmark_of_the_route_prints_its_table() -> None:
    """One command measures the route and the three bare loops side by side, and ends with a table of ratios."""
    command = [sys.executable, "-m", "tests.benchmarks.route", "--quick", "--duels", "12", "--concurrency", "4"]

    run = subprocess.run(command, capture_output=True, check=False, cwd=REPOSITORY, text=True, timeout=120)

    assert run.returncode == 0, run.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in run.stdout.splitlines() if "|" in line]
    head, _, *body = rows
    assert head == ["at once", "contestant", "CPU ms/call", "to AsyncOpenAI", "to aiohttp", "calls/s", "peak MB"]
    assert [row[1] for row in body] == ["route", "AsyncOpenAI", "AsyncOpenAI on aiohttp", "aiohttp"]
    assert all(float(cell) > 0 for row in body for cell in (row[0], *row[2:]))
    assert "to poll a trace" in run.stdout
