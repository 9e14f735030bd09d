"""One question in Anthropic's form, with everything mended that has one obvious meaning.

The rules are those of the API reference and of the errors that it answers with:
https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from anthropic import transform_schema

from rollouts.errors import Permanent
from rollouts.projections.anthropic_media import takes
from rollouts.projections.anthropic_messages import losses, to_anthropic
from rollouts.projections.asked import Asked, Fit, Rules, fit
from rollouts.types import Message, Parameters, Request, Text, ToolCall, ToolDefinition

RULES = Rules(provider="Anthropic", takes=takes, longest_name=128, most_tools=10_000)
OPENING = "(The assistant speaks first.)"
"""A user's line before an assistant's greeting, which Anthropic does not take as a beginning."""
_PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


def anthropic_request(request: Request, parameters: Parameters, *, max_tokens: int = 4096) -> Asked:
    """Return what to send. Raises `Permanent` for what would become another question."""
    ready = fit(request, parameters, RULES)
    named = list(ready.losses)
    messages = _opened([_with_objects(message) for message in ready.messages], named)
    tools = tuple(_tool(tool, named) for tool in ready.tools)
    wanted = _format(_stops(ready.parameters, named), named)
    if not tools and (called := _called(messages)):
        named.append("the definitions of tools that the history calls")
        tools, wanted = called, wanted.model_copy(update={"tool_choice": "none"})
    body = to_anthropic(messages, tools, wanted, max_tokens=max_tokens)
    if body["messages"][-1]["role"] != "user":
        raise Permanent("unreplayable: Anthropic answers a user, and here the assistant spoke last")
    return _asked(ready, body, [*named, *losses(messages, wanted)])


def _asked(ready: Fit, body: dict[str, Any], named: Sequence[str]) -> Asked:
    return Asked(body, ready.names, tuple(dict.fromkeys(named)))


def _opened(messages: Sequence[Message], named: list[str]) -> Sequence[Message]:
    first = next((place for place, message in enumerate(messages) if _speaks(message)), None)
    if first is None or messages[first].role != "assistant":
        return messages
    named.append("that the assistant spoke first: a user's line was put before it")
    return (*messages[:first], Message(role="user", parts=(Text(content=OPENING),)), *messages[first:])


def _speaks(message: Message) -> bool:
    said = bool(message.text.strip() or message.tool_calls or message.role == "tool")
    return message.role != "system" and (said or any(part.type in {"uri", "blob", "file"} for part in message.parts))


def _with_objects(message: Message) -> Message:
    """Arguments that are JSON in JSON are unpacked; what is no object after that is refused by the projection."""
    if not any(call.arguments.lstrip().startswith('"') for call in message.tool_calls):
        return message
    parts = tuple(_unpacked(part) if isinstance(part, ToolCall) else part for part in message.parts)
    return message.model_copy(update={"parts": parts})


def _unpacked(call: ToolCall) -> ToolCall:
    try:
        inner = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return call
    return call.model_copy(update={"arguments": inner}) if isinstance(inner, str) else call


def _called(messages: Sequence[Message]) -> tuple[ToolDefinition, ...]:
    """Without tools Anthropic takes no history with calls in it: declare them, not to be called."""
    names = dict.fromkeys(call.name for message in messages for call in message.tool_calls)
    return tuple(ToolDefinition(name=name) for name in names)


def _tool(tool: ToolDefinition, named: list[str]) -> ToolDefinition:
    for name in (tool.parameters or {}).get("properties", ()):
        if not _PROPERTY.fullmatch(name):
            raise Permanent(f"unreplayable: Anthropic takes no argument of the name {name[:80]!r}")
    if not tool.strict or _as_it_must_be(tool.parameters) == tool.parameters:
        return tool
    named.append(f"the strictness of tool {tool.name!r}")
    return tool.model_copy(update={"strict": None})


def _stops(wanted: Parameters, named: list[str]) -> Parameters:
    if wanted.stop is None:
        return wanted
    stops = tuple(stop for stop in wanted.stop if stop.strip())
    if len(stops) < len(wanted.stop):
        named.append("blank stop sequences")
    return wanted.model_copy(update={"stop": stops or None})


def _format(wanted: Parameters, named: list[str]) -> Parameters:
    """Anthropic's schemas are always strict, and know fewer limits on values."""
    asked = wanted.response_format or {}
    inner = asked.get("json_schema")
    if asked.get("type") != "json_schema" or not isinstance(inner, dict):
        return wanted
    schema = _as_it_must_be(inner.get("schema"))
    if schema is None:
        named.append("response_format json_schema")
        return wanted.model_copy(update={"response_format": None})
    if schema != inner.get("schema"):
        named.append("details of the schema of response_format")
    changed = {"type": "json_schema", "json_schema": {**inner, "schema": schema}}
    return wanted.model_copy(update={"response_format": changed})


def _as_it_must_be(schema: Any) -> dict[str, Any] | None:
    """Return the schema as the SDK itself would send it, or `None` where it knows no way."""
    try:
        return transform_schema(schema) if isinstance(schema, dict) else None
    except (ValueError, TypeError, AttributeError, LookupError, AssertionError, RecursionError):
        return None
