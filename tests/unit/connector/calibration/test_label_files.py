from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.calibration import files
from connector.calibration.blinding import Exhibit, Preference, pair
from rollouts.errors import Fatal
from tests.duelling import challenge, rollout

EXHIBITS = [Exhibit(pair(f"duel-{n}", "s", datetime.now(UTC)), challenge(n), rollout()) for n in range(3)]
IDS = [each.pair.id for each in EXHIBITS]


def test_what_was_written_is_read_once_it_is_filled_in(tmp_path: Path) -> None:
    """Lines without a label say nothing yet; several people may label one pair."""
    path = tmp_path / "pairs.jsonl"
    files.write(path, EXHIBITS)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["pair"] for row in rows] == sorted(IDS)
    assert set(rows[0]["output"]) == {"A", "B"}
    assert files.read(path, IDS) == []
    rows[0]["label"] = "A better"
    rows.append({"pair": IDS[1], "label": "equal", "person": "somebody else"})
    path.write_text("\n".join(map(json.dumps, rows)))
    first = rows[0]["pair"]
    assert files.read(path, IDS) == [
        Preference(first, "somebody", "A better"),
        Preference(IDS[1], "somebody else", "equal"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        '{"pair": "unknown", "label": "equal"}',
        '{"pair": "PAIR", "label": "A wins"}',
        "no JSON",
        "[]",
        '{"label": "equal"}',
        '{"pair": ["PAIR"], "label": "equal"}',
        '{"pair": "PAIR", "label": {"text": "equal"}}',
    ],
)
def test_what_cannot_be_meant_is_refused_by_line(tmp_path: Path, line: str) -> None:
    """With the file, the line, and what a line should be."""
    path = tmp_path / "labels.jsonl"
    path.write_text("\n" + line.replace("PAIR", IDS[0]))
    with pytest.raises(Fatal, match=r"labels\.jsonl:2: ") as caught:
        files.read(path, IDS)
    assert "cannot tell" in str(caught.value.hint)


def test_a_file_that_an_editor_marked_as_unicode_is_read(tmp_path: Path) -> None:
    """Some editors begin a file with a byte order mark, which is no part of what people said."""
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({"pair": IDS[0], "label": "equal"}), encoding="utf-8-sig")
    assert files.read(path, IDS) == [Preference(IDS[0], "somebody", "equal")]


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    """Reading and writing alike."""
    with pytest.raises(Fatal, match="cannot be read"):
        files.read(tmp_path / "nothing", IDS)
    with pytest.raises(Fatal, match="cannot be written"):
        files.write(tmp_path / "no folder" / "pairs.jsonl", EXHIBITS)
