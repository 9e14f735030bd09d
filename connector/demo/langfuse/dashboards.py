"""Dashboards and their widgets, by the endpoints that Langfuse itself calls unstable."""

from __future__ import annotations

from uuid import uuid4

from aiohttp import web

from connector.demo.langfuse.guards import modern
from connector.demo.langfuse.replies import Refusal, fields_of, new_id, page_of, reply
from connector.demo.langfuse.state import STATE, Document, State

routes = web.RouteTableDef()

_DASHBOARDS = "/api/public/unstable/dashboards"
_WIDGETS = "/api/public/unstable/dashboard-widgets"
_WIDGET = ("name", "description", "view", "dimensions", "metrics", "filters", "chartType", "chartConfig")
_SCORE_DIMENSIONS = [
    "configId",
    "dataType",
    "environment",
    "name",
    "observationModelName",
    "observationName",
    "observationPromptName",
    "observationPromptVersion",
    "source",
    "tags",
    "timestampDay",
    "timestampMonth",
    "traceName",
    "traceRelease",
    "traceVersion",
]


@routes.post(_WIDGETS)
@modern
async def create_widget(request: web.Request) -> web.Response:
    """Keep a widget. Those over scores cannot be split by experiment."""
    state, body = request.app[STATE], await fields_of(request)
    _check_dimensions(body)
    widget = {**_stamped(state), **{name: body.get(name) for name in _WIDGET}}
    state.widgets[widget["id"]] = widget
    return reply(widget)


@routes.get(_WIDGETS)
@modern
async def list_widgets(request: web.Request) -> web.Response:
    """One page of widgets, newest first."""
    return reply(page_of(request, list(reversed(request.app[STATE].widgets.values()))))


@routes.get(_WIDGETS + "/{id}")
@modern
async def get_widget(request: web.Request) -> web.Response:
    """One widget."""
    return reply(_one(request.app[STATE].widgets, request.match_info["id"], "Widget"))


@routes.patch(_WIDGETS + "/{id}")
@modern
async def change_widget(request: web.Request) -> web.Response:
    """Change what the body names."""
    state, body = request.app[STATE], await fields_of(request)
    widget = _one(state.widgets, request.match_info["id"], "Widget")
    changed = {**widget, **{name: body[name] for name in _WIDGET if name in body}, "updatedAt": state.clock.now()}
    _check_dimensions(changed)
    state.widgets[widget["id"]] = changed
    return reply(changed)


@routes.delete(_WIDGETS + "/{id}")
@modern
async def delete_widget(request: web.Request) -> web.Response:
    """Forget a widget that stands on no dashboard."""
    state = request.app[STATE]
    widget = _one(state.widgets, request.match_info["id"], "Widget")
    if any(place["widgetId"] == widget["id"] for board in state.dashboards.values() for place in _places(board)):
        raise Refusal(409, {"message": "Widget is still placed on a dashboard", "code": "conflict"})
    del state.widgets[widget["id"]]
    return reply({"message": "Dashboard widget successfully deleted"})


@routes.post(_DASHBOARDS)
@modern
async def create_dashboard(request: web.Request) -> web.Response:
    """Keep a dashboard without widgets."""
    state, body = request.app[STATE], await fields_of(request, "name")
    dashboard = {
        **_stamped(state),
        "name": body["name"],
        "description": body.get("description", ""),
        "definition": body.get("definition") or {"widgets": []},
        "filters": body.get("filters") or [],
    }
    state.dashboards[dashboard["id"]] = dashboard
    return reply(dashboard)


@routes.get(_DASHBOARDS)
@modern
async def list_dashboards(request: web.Request) -> web.Response:
    """One page of dashboards, newest first."""
    return reply(page_of(request, list(reversed(request.app[STATE].dashboards.values()))))


@routes.get(_DASHBOARDS + "/{id}")
@modern
async def get_dashboard(request: web.Request) -> web.Response:
    """One dashboard."""
    return reply(_dashboard(request))


@routes.patch(_DASHBOARDS + "/{id}")
@modern
async def change_dashboard(request: web.Request) -> web.Response:
    """Change what the body names."""
    names = ("name", "description", "definition", "filters")
    body = await fields_of(request)
    return reply(_changed(request, {name: body[name] for name in names if name in body}))


@routes.delete(_DASHBOARDS + "/{id}")
@modern
async def delete_dashboard(request: web.Request) -> web.Response:
    """Forget a dashboard; its widgets stay."""
    del request.app[STATE].dashboards[_dashboard(request)["id"]]
    return reply({"message": "Dashboard successfully deleted"})


@routes.post(_DASHBOARDS + "/{id}/placements")
@modern
async def place_widget(request: web.Request) -> web.Response:
    """Put a widget onto a dashboard."""
    body = await fields_of(request)
    _one(request.app[STATE].widgets, str(body.get("widgetId")), "Widget")
    sizes = {"x": 0, "y": 0, "width": 6, "height": 6}
    place = {"type": "widget", "widgetId": body["widgetId"], **{name: body.get(name, sizes[name]) for name in sizes}}
    place["id"] = str(uuid4())
    _changed(request, {"definition": {"widgets": [*_places(_dashboard(request)), place]}})
    return reply(place)


@routes.delete(_DASHBOARDS + "/{id}/placements/{placement}")
@modern
async def remove_placement(request: web.Request) -> web.Response:
    """Take a widget off a dashboard."""
    places = _places(_dashboard(request))
    rest = [place for place in places if place["id"] != request.match_info["placement"]]
    if len(rest) == len(places):
        raise _not_found("Placement")
    _changed(request, {"definition": {"widgets": rest}})
    return reply({"message": "Dashboard placement successfully deleted"})


def _places(dashboard: Document) -> list[Document]:
    places: list[Document] = dashboard["definition"]["widgets"]
    return places


def _dashboard(request: web.Request) -> Document:
    return _one(request.app[STATE].dashboards, request.match_info["id"], "Dashboard")


def _changed(request: web.Request, changes: Document) -> Document:
    state, old = request.app[STATE], _dashboard(request)
    state.dashboards[old["id"]] = {**old, **changes, "updatedAt": state.clock.now()}
    return state.dashboards[old["id"]]


def _one(documents: dict[str, Document], document_id: str, kind: str) -> Document:
    if document_id not in documents:
        raise _not_found(kind)
    return documents[document_id]


def _not_found(kind: str) -> Refusal:
    return Refusal(404, {"message": f"{kind} not found", "code": "resource_not_found"})


def _stamped(state: State) -> Document:
    now = state.clock.now()
    return {"id": new_id(), "createdAt": now, "updatedAt": now}


def _check_dimensions(body: Document) -> None:
    if not str(body.get("view")).startswith("scores-"):
        return
    fields = [dimension["field"] for dimension in body.get("dimensions") or ()]
    if bad := [field for field in fields if field not in _SCORE_DIMENSIONS]:
        details = {"field": "dimensions", "invalidValues": bad, "allowedValues": _SCORE_DIMENSIONS}
        raise Refusal(400, {"message": "Invalid dimensions", "code": "invalid_body", "details": details})
