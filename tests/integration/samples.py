"""Samples of what integrations really store, in the folder beside the repository, each with its expected reading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "formats"
MANIFEST: list[dict[str, Any]] = (
    [json.loads(line) for line in (FOLDER / "manifest.jsonl").read_text(encoding="utf-8").split("\n") if line]
    if FOLDER.is_dir()
    else []
)
needed = pytest.mark.skipif(not MANIFEST, reason="the samples in ../shared/data/formats are not here")


def stored(sample: dict[str, Any]) -> dict[str, Any]:
    """Return what the integration stored."""
    found: dict[str, Any] = json.loads((FOLDER / sample["file"]).read_text(encoding="utf-8"))
    return found


def rows_of(sample: dict[str, Any]) -> list[dict[str, Any]]:
    """Return its observations as the API would, with the fields that every row has."""
    body = stored(sample)
    rows = body["observations"] if "observations" in body else [body["observation"]]
    trace_id = body["trace"]["id"] if "trace" in body else sample["id"]
    return [{"traceId": trace_id, "startTime": "2026-01-01T00:00:00Z", **row} for row in rows]


def as_strings(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as v2/observations has it: input and output as text."""
    texts = {
        key: row.get(key) if isinstance(row.get(key), str | None) else json.dumps(row[key])
        for key in ("input", "output")
    }
    return row | texts
