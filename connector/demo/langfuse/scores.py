"""Where scores arrive. What the schema refuses is a 400; what a config refuses is accepted, and never stored.

A score overwrites the one with its id, its name and the UTC day of its timestamp; what it leaves out stays as it was.
Up to 4.16 `POST /scores` ignores the timestamp that was sent, and takes no list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from aiohttp import web

from connector.demo.langfuse.attributes import environment_of
from connector.demo.langfuse.clock import to_ms
from connector.demo.langfuse.replies import body_of, invalid, missing, reply, wrong_type
from connector.demo.langfuse.rows import Score
from connector.demo.langfuse.state import STATE, Document, State

if TYPE_CHECKING:
    Issue = dict[str, Any]

routes = web.RouteTableDef()

_TARGETS = ("traceId", "sessionId", "datasetRunId", "observationId")
_FIELDS = {
    "trace_id": "traceId",
    "observation_id": "observationId",
    "session_id": "sessionId",
    "dataset_run_id": "datasetRunId",
    "comment": "comment",
    "metadata": "metadata",
    "config_id": "configId",
    "queue_id": "queueId",
}


@routes.post("/api/public/scores")
async def create_scores(request: web.Request) -> web.Response:
    """Take one score, or, on a new server, a list of them."""
    state, body = request.app[STATE], await body_of(request)
    if isinstance(body, list) and state.mode == "list_scores":
        return _take_list(state, body)
    if issues := issues_of(body):
        raise invalid(*issues)
    return reply({"id": keep(state, body, _timestamp(state, body))})


@routes.delete("/api/public/scores/{id}")
async def delete_score(request: web.Request) -> web.Response:
    """Forget a score on all its days."""
    state = request.app[STATE]
    if not (found := state.scores.having("id", [request.match_info["id"]])):
        raise missing("Score not found within authorized project")
    for score in found:
        state.scores.remove(score)
    return reply({"message": "Score deletion queued successfully"}, 202)


def issues_of(body: Any) -> list[Issue]:
    """What the schema has against a score; nothing if it may pass."""
    if not isinstance(body, dict):
        received = "array" if isinstance(body, list) else type(body).__name__
        # Twice, because the real server tries two schemas.
        return [wrong_type("object", received), wrong_type("object", received)]
    if not isinstance(body.get("name"), str):
        return [wrong_type("string", "undefined", "name")]
    return _source_issues(body) or _value_issues(body) or _target_issues(body)


def keep(state: State, body: Document, at_ms: int) -> str:
    """Store a score that the schema let through; its id, whether or not it was stored."""
    score_id = body.get("id") or str(uuid4())
    if not state.faults.swallows("score") and _config_allows(state, body):
        score = _score(body, score_id, at_ms, _data_type(state, body))
        state.write(lambda: _put(state, score, set(body)))
    return score_id


def _take_list(state: State, bodies: list[Any]) -> web.Response:
    errors: list[dict[str, str]] = []
    for body in bodies:
        if issues := issues_of(body):
            errors.append({"message": issues[0]["message"]})
        else:
            keep(state, body, _timestamp(state, body))
    if not errors:
        return reply({"message": "Accepted"}, 202)
    return reply({"accepted": len(bodies) - len(errors), "rejected": len(errors), "errors": errors}, 207)


def _timestamp(state: State, body: Document) -> int:
    sent = body.get("timestamp") if state.mode == "list_scores" else None
    return to_ms(sent) if sent else state.clock.now_ms()


def _put(state: State, score: Score, sent: set[str]) -> None:
    old = next((kept for kept in state.scores.having("id", [score.id]) if kept.identity == score.identity), None)
    if old is not None:
        # The first timestamp, trace and environment stay: they are part of what the row is found by.
        fixed = {name: getattr(old, name) for name in ("timestamp_ms", "created_ms", "environment", "trace_id")}
        unsaid = {field: getattr(old, field) for field, name in _FIELDS.items() if name not in sent}
        score = score.model_copy(update={**unsaid, **fixed, "updated_ms": state.clock.now_ms()})
    state.scores.put(score)


def _score(body: Document, score_id: str, at_ms: int, data_type: str) -> Score:
    value = body["value"]
    label = {"BOOLEAN": "True" if value else "False", "NUMERIC": None}.get(data_type, value)
    return Score(
        id=score_id,
        name=body["name"],
        data_type=data_type,
        value=0 if isinstance(value, str) else value,
        string_value=label,
        source=body.get("source") or "API",
        environment=environment_of(body.get("environment") or "default"),
        timestamp_ms=at_ms,
        created_ms=at_ms - at_ms % 1000,
        updated_ms=at_ms,
        **{field: body[name] for field, name in _FIELDS.items() if body.get(name) is not None},
    )


def _data_type(state: State, body: Document) -> str:
    config = state.score_configs.get(body.get("configId") or "", {})
    inferred = "CATEGORICAL" if isinstance(body["value"], str) else "NUMERIC"
    return str(body.get("dataType") or config.get("dataType") or inferred)


def _config_allows(state: State, body: Document) -> bool:
    """Whether the worker would store the score: it drops what breaks the config, without a word."""
    if not (config_id := body.get("configId")):
        return True
    config = state.score_configs.get(config_id)
    if config is None or config["isArchived"] or config["name"] != body["name"]:
        return False
    value = body["value"]
    match config["dataType"]:
        case "CATEGORICAL":
            return value in {category["label"] for category in config["categories"] or ()}
        case "NUMERIC":
            low, high = config["minValue"], config["maxValue"]
            return (low is None or value >= low) and (high is None or value <= high)
        case _:
            return True


def _value_issues(body: Document) -> list[Issue]:
    value, data_type = body.get("value"), body.get("dataType")
    is_number = isinstance(value, int | float)
    received = "undefined" if value is None else "number" if is_number else "string"
    if data_type in {"NUMERIC", "BOOLEAN"} and not is_number:
        return [wrong_type("number", received, "value")]
    if data_type in {"CATEGORICAL", "TEXT", "CORRECTION"} and not isinstance(value, str):
        return [wrong_type("string", received, "value")]
    if not isinstance(value, int | float | str):
        return [wrong_type("string", received, "value")]
    return []


def _source_issues(body: Document) -> list[Issue]:
    """As the reference of SDK 5 tells it; not recorded."""
    match body.get("source", "API"):
        case "API":
            return []
        case "ANNOTATION" if body.get("configId") or body.get("dataType") == "CORRECTION":
            return []
        case "ANNOTATION":
            return [{"code": "custom", "path": ["configId"], "message": "configId is required for source ANNOTATION"}]
        case _:
            return [{"code": "invalid_value", "path": ["source"], "message": "Invalid option"}]


def _target_issues(body: Document) -> list[Issue]:
    targets = [name for name in _TARGETS[:3] if body.get(name)]
    if len(targets) == 1 and (targets == ["traceId"] or not body.get("observationId")):
        return []
    message = (
        "Provide exactly one of the following: traceId (with optional observationId), sessionId or datasetRunId. "
        "ObservationId requires traceId."
    )
    return [{"code": "custom", "path": list(_TARGETS), "message": message}]
