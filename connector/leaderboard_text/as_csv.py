"""All figures of all rows for a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson

from connector.leaderboard_text.tiers import tier_figure_names, tier_figures
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing


def as_csv(board: Leaderboard) -> str:
    """Return every field of every standing and of its tiers with full precision, one line each; unknown is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*Standing.model_fields, *tier_figure_names()], lineterminator="\n")
    writer.writeheader()
    for standing in board.standings:
        figures = standing.model_dump(mode="json") | tier_figures(board, standing.challenger)
        writer.writerow({name: _flat(value) for name, value in figures.items()})
    return text.getvalue()


def _flat(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else value
