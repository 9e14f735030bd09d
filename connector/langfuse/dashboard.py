"""A native Langfuse dashboard, where the server's unstable API offers one. Made once, then it belongs to its users."""

from __future__ import annotations

from typing import Any

import structlog

from connector.langfuse.client import Client, NotHere
from connector.langfuse.own import ROLLOUTS
from connector.langfuse.paging import by_number
from connector.scoring import VERDICT, WIN
from rollouts.errors import Permanent

log = structlog.get_logger(__name__)

NAME = "Understudy leaderboard"
_BASE = "/api/public/unstable"
_HIDDEN = {"column": "environment", "operator": "any of", "type": "stringOptions", "value": [ROLLOUTS]}


async def ensure(client: Client) -> str | None:
    """Create the dashboard unless there is one of its name; return its id, or `None` where there is no API for it."""
    try:
        async for row in by_number(client, f"{_BASE}/dashboards", {"limit": 50}):
            if row["name"] == NAME:
                return str(row["id"])
        made = await client.post(f"{_BASE}/dashboards", {"name": NAME, "description": "Kept by Understudy's users."})
    except NotHere:
        log.info("dashboard.not_offered", hint="this server has no dashboards API; every other result is written")
        return None
    for place, widget in enumerate(_WIDGETS):
        await _place(client, str(made["id"]), widget, place)
    return str(made["id"])


async def _place(client: Client, dashboard_id: str, widget: dict[str, Any], place: int) -> None:
    """Add one widget, two to a row. One that this server's unstable API refuses is left out, out loud."""
    try:
        made = await client.post(f"{_BASE}/dashboard-widgets", widget)
        position = {"x": 6 * (place % 2), "y": 6 * (place // 2), "width": 6, "height": 6}
        body = {"type": "widget", "widgetId": made["id"], **position}
        await client.post(f"{_BASE}/dashboards/{dashboard_id}/placements", body)
    except Permanent as error:
        log.warning("dashboard.widget_refused", widget=widget["name"], caused_by=str(error))


def _pivot(name: str, view: str, by: list[str], metrics: list[tuple[str, str]], about: list[str]) -> dict[str, Any]:
    named = [{"column": "name", "operator": "any of", "type": "stringOptions", "value": about}] if about else []
    return {
        "name": name,
        "description": "by Understudy",
        "view": view,
        "dimensions": [{"field": field} for field in by],
        "metrics": [{"measure": measure, "agg": agg} for measure, agg in metrics],
        "filters": named or [_HIDDEN],
        "chartType": "PIVOT_TABLE",
        "chartConfig": {"type": "PIVOT_TABLE", "row_limit": 50},
    }


_WIDGETS = [
    _pivot(
        "Win rate by model", "scores-numeric", ["observationModelName"], [("value", "avg"), ("count", "count")], [WIN]
    ),
    _pivot(
        "Verdicts by model",
        "scores-categorical",
        ["observationModelName", "stringValue"],
        [("count", "count")],
        [VERDICT],
    ),
    _pivot("Cost by model", "observations", ["providedModelName"], [("totalCost", "avg"), ("totalCost", "sum")], []),
    _pivot("Latency by model", "observations", ["providedModelName"], [("latency", "p50"), ("latency", "p95")], []),
]
