"""Pairs as lines of a file, for people who do not work in Langfuse.

What `write` writes, `read` reads once somebody has filled in the labels: `{"pair": …, "label": "A better"}`, with
`"person"` where several people label.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from connector.calibration.blinding import LABELS, Exhibit, Preference, asked, seated
from rollouts.errors import Fatal

_HINT = 'a line is {"pair": "…", "label": "…"}, the label one of: ' + ", ".join(LABELS)


def write(path: Path, exhibits: Iterable[Exhibit]) -> None:
    """Write one line for each, in an order that says nothing. Raises `Fatal` for what cannot be written."""
    lines = [_line(each) for each in sorted(exhibits, key=lambda each: each.pair.id)]
    try:
        path.write_bytes(b"".join(lines))
    except OSError as error:
        raise Fatal(f"{path} cannot be written: {error.strerror}") from None


def read(path: Path, known: Iterable[str]) -> list[Preference]:
    """Return what people said of the pairs `known` by id; who has said nothing is left out.

    Raises `Fatal` naming file and line.
    """
    try:
        lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).split(b"\n")
    except OSError as error:
        raise Fatal(f"{path} cannot be read: {error.strerror}") from None
    return list(_preferences(path, lines, frozenset(known)))


def _line(exhibit: Exhibit) -> bytes:
    body = {"pair": exhibit.pair.id, "label": None, "input": asked(exhibit.challenge), "output": seated(exhibit)}
    return orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE)


def _preferences(path: Path, lines: Sequence[bytes], known: frozenset[str]) -> Iterator[Preference]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = _row(line, f"{path}:{number}")
        pair, label = row.get("pair"), row.get("label")
        if not isinstance(pair, str) or pair not in known:
            raise Fatal(f"{path}:{number}: no pair of this state is {pair!r}", hint=_HINT)
        if label is None or label == "":
            continue
        if not isinstance(label, str) or label not in LABELS:
            raise Fatal(f"{path}:{number}: {label!r} is no label", hint=_HINT)
        yield Preference(pair, str(row.get("person") or "somebody"), label)


def _row(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Fatal(f"{where}: {error}", hint=_HINT) from None
    if not isinstance(row, dict):
        raise Fatal(f"{where}: this is no object", hint=_HINT)
    return row
