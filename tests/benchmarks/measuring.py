"""What every benchmark measures alike: processor time, wall clock, memory; and servers in processes of their own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass
class Span:
    """How much a stretch of work took; filled when it is over."""

    cpu_s: float = 0.0
    """Of all threads of this process, and of no other process."""
    wall_s: float = 0.0


@contextmanager
def measured() -> Iterator[Span]:
    """Measure what happens inside."""
    span, cpu_s, wall_s = Span(), _cpu_s(), time.perf_counter()
    yield span
    span.cpu_s, span.wall_s = _cpu_s() - cpu_s, time.perf_counter() - wall_s


def say(span: Span, calls: int, **aside: float) -> None:
    """Print what `calls` calls took, as one line of JSON for the process that started this one."""
    figures = {"cpu_ms": 1000 * span.cpu_s / calls, "calls_s": calls / span.wall_s, "peak_mb": peak_mb(), **aside}
    sys.stdout.write(json.dumps(figures) + "\n")


def peak_mb() -> float:
    """Return the most memory that this process ever held.

    `ru_maxrss` may be that of the process which started this one, so Linux's own figure goes first.
    """
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mb() -> float:
    """Return the memory that this process holds now; where the system does not say, the most it ever held."""
    return _status("VmRSS") or peak_mb()


@contextmanager
def serving(module: str, *options: str) -> Iterator[str]:
    """Run a server in its own process; yield the first line that it prints, which is its address."""
    server = subprocess.Popen(
        [sys.executable, "-m", module, *options], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    try:
        address = server.stdout.readline().strip() if server.stdout else ""
        if not address:
            raise RuntimeError(f"{module} did not start")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=10)
        if server.stdout:
            server.stdout.close()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _status(field: str) -> float | None:
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024
