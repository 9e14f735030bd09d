"""All points for a spreadsheet."""

from __future__ import annotations

import csv
import io

from connector.chronicle import History, Point


def as_csv(history: History) -> str:
    """Return every field of every point with its full precision, one line each; what is unknown is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(Point.model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(point.model_dump(mode="json") for point in history.points)
    return text.getvalue()
