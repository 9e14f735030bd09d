"""All figures of all rows for a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson

from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing


def as_csv(board: Leaderboard) -> str:
    """Return every field of every standing with its full precision, one line each; what is unknown is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(Standing.model_fields), lineterminator="\n")
    writer.writeheader()
    for standing in board.standings:
        writer.writerow({name: _flat(value) for name, value in standing.model_dump(mode="json").items()})
    return text.getvalue()


def _flat(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else value
