"""Answers and refusals in the words of the real server, and reading what a request says."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
from aiohttp import web

from connector.demo.langfuse.clock import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_LEGACY_PAGE = 100


class Refusal(Exception):
    """An answer that ends a request early; the gate sends it."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """`body` as JSON."""
    return web.Response(
        body=orjson.dumps(body), status=status, headers=headers, content_type="application/json", charset="utf-8"
    )


def invalid(*issues: dict[str, Any]) -> Refusal:
    """400, with what the schema had against the request."""
    return Refusal(400, {"message": "Invalid request data", "error": list(issues)})


def wrong_type(expected: str, received: str, *path: str) -> dict[str, Any]:
    """One issue of `invalid`: a value of the wrong type."""
    message = f"Invalid input: expected {expected}, received {received}"
    return {"expected": expected, "code": "invalid_type", "path": list(path), "message": message}


def bad_request(message: str) -> Refusal:
    """400, for what the schema let through."""
    return Refusal(400, {"message": message, "error": "InvalidRequestError"})


def missing(message: str) -> Refusal:
    """404 for a thing that is not there."""
    return Refusal(404, {"message": message, "error": "LangfuseNotFoundError"})


async def body_of(request: web.Request) -> Any:
    """The JSON of a request, or a refusal."""
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise bad_request("Invalid JSON body") from error


async def fields_of(request: web.Request, *required: str) -> dict[str, Any]:
    """The JSON object of a request, or a refusal if it lacks one of `required`."""
    body = await body_of(request)
    if not isinstance(body, dict):
        raise invalid(wrong_type("object", "array" if isinstance(body, list) else type(body).__name__))
    if lacking := [wrong_type("string", "undefined", name) for name in required if not body.get(name)]:
        raise invalid(*lacking)
    return body


def whole_number(request: web.Request, name: str, default: int, maximum: int | None = None) -> int:
    """A number of the query, no larger than `maximum`."""
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise invalid(wrong_type("number", "NaN", name))
    if maximum is not None and int(text) > maximum:
        message = f"Too big: expected number to be <={maximum}"
        issue = {"origin": "number", "code": "too_big", "maximum": maximum, "inclusive": True}
        raise invalid({**issue, "path": [name], "message": message})
    return int(text)


def time_of(request: web.Request, name: str) -> int | None:
    """A time of the query, in milliseconds since 1970."""
    text = request.query.get(name)
    try:
        return None if text is None else to_ms(text)
    except ValueError as error:
        raise invalid({"code": "invalid_format", "path": [name], "message": "Invalid ISO datetime"}) from error


def listed(request: web.Request, name: str) -> list[str] | None:
    """A comma-separated list of the query; None where it is not asked for."""
    text = request.query.get(name)
    return None if text is None else [word for word in text.split(",") if word]


def page_of(request: web.Request, rows: Sequence[Any], maximum: int | None = MAX_LEGACY_PAGE) -> dict[str, Any]:
    """The page of `rows` that the query asks for, with the count of all."""
    page, limit = whole_number(request, "page", 1), whole_number(request, "limit", 50, maximum)
    start = (page - 1) * limit
    meta = {"page": page, "limit": limit, "totalItems": len(rows), "totalPages": -(-len(rows) // max(limit, 1))}
    return {"data": list(rows[start : start + limit]), "meta": meta}


def cursor_of(words: Any) -> str:
    """`words` as an opaque cursor."""
    return base64.b64encode(orjson.dumps(words)).decode()


def read_cursor(request: web.Request) -> Any:
    """What `cursor_of` put into the cursor of the query; None without one."""
    text = request.query.get("cursor")
    try:
        return None if text is None else orjson.loads(base64.b64decode(text))
    except ValueError as error:
        raise bad_request("Invalid cursor format") from error


def new_id() -> str:
    """An id in the form the real server gives to datasets, queues and dashboards."""
    return f"c{uuid4().hex[:24]}"


def unpacked(text: str) -> Any:
    """`text` as JSON where it is some, else as it is."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def packed(value: Any) -> str:
    """The text that stands for `value` in a column: text as it is, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
