"""A native Langfuse dashboard, where the server's unstable API offers one. Made once, then it belongs to its users."""

from __future__ import annotations

from typing import Any

import structlog

from connector.langfuse.client import Client, NotHere
from connector.langfuse.own import ROLLOUTS
from connector.langfuse.paging import by_number
from connector.scoring import VERDICT, WIN
from judges.types import Verdict
from rollouts.errors import Permanent

log = structlog.get_logger(__name__)

NAME = "Understudy leaderboard"
_BASE = "/api/public/unstable"


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
    place = 0
    for widget, instead in _WIDGETS:
        if await _placed(client, str(made["id"]), widget, place):
            place += 1
            continue
        for part in instead:
            place += await _placed(client, str(made["id"]), part, place)
    return str(made["id"])


async def _placed(client: Client, dashboard_id: str, widget: dict[str, Any], place: int) -> bool:
    """Add one widget, two to a row; return whether this server's unstable API has taken it."""
    try:
        made = await client.post(f"{_BASE}/dashboard-widgets", widget)
        position = {"x": 6 * (place % 2), "y": 6 * (place // 2), "width": 6, "height": 6}
        body = {"type": "widget", "widgetId": made["id"], **position}
        await client.post(f"{_BASE}/dashboards/{dashboard_id}/placements", body)
    except Permanent as error:
        log.info("dashboard.widget_refused", widget=widget["name"], caused_by=str(error))
        return False
    return True


def _pivot(name: str, view: str, by: list[str], metrics: list[tuple[str, str]], *filters: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": "by Understudy",
        "view": view,
        "dimensions": [{"field": field} for field in by],
        "metrics": [{"measure": measure, "agg": agg} for measure, agg in metrics],
        "filters": list(filters),
        "chartType": "PIVOT_TABLE",
        "chartConfig": {"type": "PIVOT_TABLE", "row_limit": 50},
    }


def _any_of(column: str, *values: str) -> dict[str, Any]:
    return {"column": column, "operator": "any of", "type": "stringOptions", "value": list(values)}


_MODEL, _COUNT = "observationModelName", [("count", "count")]
_WIDGETS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    (_pivot("Win rate by model", "scores-numeric", [_MODEL], [("value", "avg"), *_COUNT], _any_of("name", WIN)), []),
    (
        _pivot("Verdicts by model", "scores-categorical", [_MODEL, "stringValue"], _COUNT, _any_of("name", VERDICT)),
        [
            _pivot(
                f"Verdict {verdict} by model",
                "scores-categorical",
                [_MODEL],
                _COUNT,
                _any_of("name", VERDICT),
                _any_of("stringValue", verdict.value),
            )
            for verdict in Verdict
        ],
    ),
    (
        _pivot(
            "Cost by model",
            "observations",
            ["providedModelName"],
            [("totalCost", "avg"), ("totalCost", "sum")],
            _any_of("environment", ROLLOUTS),
        ),
        [],
    ),
    (
        _pivot(
            "Latency by model",
            "observations",
            ["providedModelName"],
            [("latency", "p50"), ("latency", "p95")],
            _any_of("environment", ROLLOUTS),
        ),
        [],
    ),
]
"""Each widget with what stands in for it where this server refuses it: 4.16 lists no `stringValue` among dimensions."""
