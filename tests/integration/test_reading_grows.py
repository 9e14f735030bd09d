"""What reading costs: memory that does not depend on how much is read, time that grows with what is logged."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

TOLERATED_MB = 6.0
"""The allocator's moods. Were 3,000 more observations kept, their texts alone would come to 40 MB."""
LONGER = 4
"""Times as many turns in a trace, so that each call logs so many times as many messages on average."""
TOLERATED = 2.5
"""How much more than that a call may cost: this machine has other things to do. A quadratic reading costs 16 times."""


def _measured(observations: int, turns: int) -> tuple[float, float]:
    """Return microseconds for each observation, and the most MB held."""
    options = ["--observations", str(observations), "--turns", str(turns)]
    command = [sys.executable, "-m", "tests.benchmarks.reading", *options]
    run = subprocess.run(command, capture_output=True, check=True, cwd=REPOSITORY, text=True, timeout=120)
    [*_, last] = re.findall(r"\| (\d+) \| (\d+) \| [\d.]+ \| (\d+) \|", run.stdout)
    assert last[0] == last[1] == str(observations), "every observation is a turn"
    peak = re.search(r"peak ([\d.]+) MB", run.stdout)
    assert peak, run.stdout
    return float(last[2]), float(peak[1])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
def test_four_times_the_observations_take_no_more_memory() -> None:
    """4,000 observations of every format peak where 1,000 do, and each costs no more."""
    (few_us, few), (many_us, many) = _measured(1000, 10), _measured(4000, 10)

    assert many - few < TOLERATED_MB
    assert many_us < TOLERATED * few_us


@pytest.mark.slow
def test_a_longer_history_costs_by_its_length() -> None:
    """Whole histories in every call: a call of a conversation four times as long costs four times as much, not more."""
    (short_us, _), (long_us, _) = _measured(880, 10), _measured(1760, 10 * LONGER)

    assert long_us < TOLERATED * LONGER * short_us
