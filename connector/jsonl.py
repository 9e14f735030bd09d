"""Traces as lines of JSON: what `export` writes, and what `import` and the jsonl source read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from connector.traces import Trace
from rollouts.errors import Fatal


def places(path: Path) -> Iterator[tuple[int, Trace]]:
    """Yield each trace of a file with the byte at which its line begins. Raises `Fatal` naming file and line.

    Lines end at a newline alone: conversations may hold U+2028, at which `str.splitlines` would cut.
    """
    place = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield place, _trace(line, f"{path}:{number}")
                place += len(line)
    except OSError as error:
        raise Fatal(f"{path}: {error.strerror}") from None


def trace_at(path: Path, place: int) -> Trace:
    """Return the trace whose line begins at byte `place`. Raises as `places` does."""
    try:
        with path.open("rb") as file:
            file.seek(place)
            return _trace(file.readline(), f"{path}, byte {place}")
    except OSError as error:
        raise Fatal(f"{path}: {error.strerror}") from None


def line_of(trace: Trace) -> str:
    """Return one line, with its end."""
    return trace.model_dump_json(exclude_none=True) + "\n"


def _trace(line: bytes, where: str) -> Trace:
    try:
        return Trace.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "line"
        raise Fatal(
            f"{where}: {place}: {first['msg']}",
            hint="each line is a trace with its observations, as `export` writes it",
        ) from None
