"""Score configs: what values a score of some name may have. Names are not unique."""

from __future__ import annotations

from uuid import uuid4

from aiohttp import web

from connector.demo.langfuse.replies import fields_of, invalid, missing, page_of, reply
from connector.demo.langfuse.state import STATE

routes = web.RouteTableDef()

MAX_NAME = 35
_BOOLEAN = [{"label": "True", "value": 1}, {"label": "False", "value": 0}]


@routes.post("/api/public/score-configs")
async def create_config(request: web.Request) -> web.Response:
    """Keep a new config, also where one of its name exists."""
    state, body = request.app[STATE], await fields_of(request, "name", "dataType")
    name, data_type = body["name"], body["dataType"]
    if len(name) > MAX_NAME:
        message = f"Too big: expected string to have <={MAX_NAME} characters"
        raise invalid(
            {"origin": "string", "code": "too_big", "maximum": MAX_NAME, "path": ["name"], "message": message}
        )
    now = state.clock.now()
    config = {
        "id": str(uuid4()),
        "name": name,
        "isArchived": False,
        "description": body.get("description"),
        "createdAt": now,
        "updatedAt": now,
        "projectId": state.project_id,
        "maxValue": body.get("maxValue"),
        "minValue": body.get("minValue"),
        "dataType": data_type,
        "categories": _BOOLEAN if data_type == "BOOLEAN" else body.get("categories"),
    }
    state.score_configs[config["id"]] = config
    return reply(config)


@routes.get("/api/public/score-configs")
async def list_configs(request: web.Request) -> web.Response:
    """One page of configs, newest first."""
    return reply(page_of(request, list(reversed(request.app[STATE].score_configs.values()))))


@routes.get("/api/public/score-configs/{id}")
async def get_config(request: web.Request) -> web.Response:
    """One config."""
    config = request.app[STATE].score_configs.get(request.match_info["id"])
    if config is None:
        raise missing("Score config not found within authorized project")
    return reply(config)


@routes.patch("/api/public/score-configs/{id}")
async def change_config(request: web.Request) -> web.Response:
    """Change what the body names."""
    state, config_id = request.app[STATE], request.match_info["id"]
    if config_id not in state.score_configs:
        raise missing("Score config not found within authorized project")
    changed = {**state.score_configs[config_id], **await fields_of(request), "updatedAt": state.clock.now()}
    state.score_configs[config_id] = changed
    return reply(changed)
