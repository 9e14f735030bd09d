"""Duels stream through: what is held does not depend on how many there are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

TOLERATED_MB = 7.0
"""The allocator's moods and what a look notes of 900 more traces come to 2 or 3 MB.

Were 2,700 more duels kept, their answers alone would come to 13 MB, their judgments to 30, their challenges to 45.
"""


def _peak_mb(challenges: int) -> float:
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.memory", "--challenges", str(challenges), "--challengers", "3"],
        capture_output=True,
        check=True,
        cwd=REPOSITORY,
        text=True,
        timeout=120,
    )
    found = re.search(r"peak ([\d.]+) MB", run.stdout)
    assert found, run.stdout
    return float(found[1])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
def test_four_times_the_duels_take_no_more_memory() -> None:
    """1,200 challenges and 3 challengers peak where 300 challenges do."""
    few, many = _peak_mb(300), _peak_mb(1200)

    assert many - few < TOLERATED_MB
