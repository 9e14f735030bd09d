"""A row of Langfuse's API → our words, whichever version wrote it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from connector.formats.format import decoded
from connector.traces import Observation
from rollouts.errors import Permanent

Row = Mapping[str, Any]


def observation(row: Row) -> Observation:
    """Read one observation of v2/observations or of the v3 endpoints.

    v2 gives input and output as text, and empty strings for nothing; the model is `model` on the wire and
    `providedModelName` in the documents. Raises `Permanent` for a row that cannot be read.
    """
    try:
        return _observation(row)
    except (KeyError, TypeError, ValueError) as error:
        raise Permanent(f"observation {row.get('id')} cannot be read: {error!r}") from error


def _observation(row: Row) -> Observation:
    return Observation(
        id=row["id"],
        trace_id=row["traceId"],
        parent_id=row.get("parentObservationId") or None,
        type=row.get("type") or "SPAN",
        name=row.get("name") or None,
        level=row.get("level") or "DEFAULT",
        status_message=row.get("statusMessage") or None,
        environment=row.get("environment") or None,
        started_at=moment(row["startTime"]),
        ended_at=moment(row["endTime"]) if row.get("endTime") else None,
        input=decoded(row.get("input")),
        output=decoded(row.get("output")),
        metadata=_table(row.get("metadata")),
        model=row.get("model") or row.get("providedModelName") or None,
        parameters=_table(row.get("modelParameters")),
        usage=_figures(row.get("usageDetails")),
        cost_usd=_cost(row),
        latency_s=_latency(row),
    )


def newest(rows: Iterable[Row]) -> list[Row]:
    """Drop earlier copies of a row: until ClickHouse merges them, v2 may return one span twice."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row["traceId"], row["id"])
        if key not in found or str(row.get("updatedAt") or "") >= str(found[key].get("updatedAt") or ""):
            found[key] = row
    return list(found.values())


def moment(text: str) -> datetime:
    """Read a time of the API, which is UTC."""
    return datetime.fromisoformat(text)


def _table(value: Any) -> dict[str, Any]:
    value = decoded(value)
    return value if isinstance(value, dict) else {}


def _figures(value: Any) -> dict[str, float]:
    """Numbers, which some loggers write as text."""
    found = {key: _figure(figure) for key, figure in _table(value).items()}
    return {key: figure for key, figure in found.items() if figure is not None}


def _figure(value: Any) -> float | None:
    try:
        figure = float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return figure if figure is not None and math.isfinite(figure) else None


def _cost(row: Row) -> float | None:
    """The total, where any cost was logged or derived; a bare 0 stands for "no price" as well, so it is unknown."""
    total = _figures(row.get("costDetails")).get("total") or row.get("totalCost") or row.get("calculatedTotalCost")
    return float(total) if total else None


def _latency(row: Row) -> float | None:
    """Seconds from start to end; unknown where the clock of what was observed ran backwards."""
    if row.get("endTime"):
        latency = (moment(row["endTime"]) - moment(row["startTime"])).total_seconds()
        return latency if latency >= 0 else None
    return float(row["latency"]) if row.get("latency") else None
