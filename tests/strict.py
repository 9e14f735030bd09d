"""Doubles of OpenAI and Anthropic that refuse what the providers refuse, in the providers' own words and form.

The shape of a body is checked against the SDKs' typed parameters, with unknown keys forbidden; then come the documented
rules that types cannot say. Mounted behind `ModelServer` as behaviours: a broken rule is a 400.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter, ValidationError

from connector.demo.model_dialects import ANTHROPIC, OPENAI, Dialect, Reply
from rollouts.types import ToolCall

Wire = dict[str, Any]

_OPENAI: TypeAdapter[Any] = TypeAdapter(CompletionCreateParamsNonStreaming)
_ANTHROPIC: TypeAdapter[Any] = TypeAdapter(MessageCreateParamsNonStreaming)
_IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_MAGIC = {"iVBORw0KGgo": "image/png", "/9j/": "image/jpeg", "R0lGOD": "image/gif", "UklGR": "image/webp"}


class Refused(Exception):
    """A rule is broken; the text is what the provider would say."""


def strict_openai(
    *, reasons: bool = False, tools_need_no_effort: bool = False, ids: str = r".{1,40}"
) -> Callable[[Wire], Reply]:
    """Answer like OpenAI's chat; a model that `reasons` takes no sampling."""

    def behave(body: Wire) -> Reply:
        _or_400(OPENAI, lambda: _check_openai(body, ids, reasons=reasons, tools_need_no_effort=tools_need_no_effort))
        return _reply([tool["function"]["name"] for tool in body.get("tools", ())], body.get("tool_choice"))

    return behave


def strict_anthropic(*, samples: bool = False, forced_tools: bool = True) -> Callable[[Wire], Reply]:
    """Answer like Anthropic's messages; sampling was known only to the older API."""

    def behave(body: Wire) -> Reply:
        _or_400(ANTHROPIC, lambda: _check_anthropic(body, samples=samples, forced_tools=forced_tools))
        return _reply([tool["name"] for tool in body.get("tools", ())], body.get("tool_choice"))

    return behave


def _reply(tools: Sequence[str], choice: Any) -> Reply:
    if not tools or choice in ("none", {"type": "none"}):
        return Reply("fine")
    return Reply("fine", tool_calls=(ToolCall(id="call00000", name=tools[-1], arguments="{}"),))


def _or_400(dialect: Dialect, check: Callable[[], None]) -> None:
    try:
        check()
    except Refused as refusal:
        text = orjson.dumps(dialect.error(400, str(refusal))).decode()
        raise web.HTTPBadRequest(text=text, content_type="application/json") from None


def _need(holds: object, otherwise: str) -> None:
    if not holds:
        raise Refused(otherwise)


def _check_shape(adapter: TypeAdapter[Any], body: Wire) -> None:
    """The SDKs' types drop what they do not know, so what is gone afterwards was unknown."""
    try:
        known = _exhausted(adapter.validate_python(body))
    except ValidationError as error:
        raise Refused(f"invalid body: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}") from None
    _need(known == body, f"unknown keys: {_difference(body, known)}")


def _exhausted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _exhausted(inner) for key, inner in value.items()}
    return value if isinstance(value, str | bytes) or not hasattr(value, "__iter__") else [_exhausted(v) for v in value]


def _difference(body: Any, known: Any) -> str:
    return next((key for key in body if known.get(key) != body[key]), "?") if isinstance(body, dict) else "?"


# OpenAI ---------------------------------------------------------------------------------------------------------------


def _check_openai(body: Wire, ids: str, *, reasons: bool, tools_need_no_effort: bool) -> None:
    _check_shape(_OPENAI, body)
    _need(body["messages"], "Invalid 'messages': empty array")
    _check_openai_calls(body["messages"], ids)
    for message in body["messages"]:
        _check_openai_message(message)
    _check_openai_tools(body)
    _check_openai_numbers(body)
    _check_openai_format(body)
    if reasons and body.get("reasoning_effort") != "none":
        _check_reasoning(body)
    if tools_need_no_effort and body.get("tools"):
        _need(
            body.get("reasoning_effort") == "none",
            "Function tools with reasoning_effort are not supported in /v1/chat/completions",
        )


def _check_openai_calls(messages: Sequence[Wire], ids: str) -> None:
    pending: set[str] = set()
    for number, message in enumerate(messages):
        if message["role"] == "tool":
            _need(
                message["tool_call_id"] in pending,
                f"messages[{number}]: messages with role 'tool' must be a response to a preceding message with "
                "'tool_calls'",
            )
            pending.discard(message["tool_call_id"])
            continue
        _need(
            not pending,
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id': {sorted(pending)}",
        )
        calls = message.get("tool_calls")
        _need(calls is None or calls, f"Invalid 'messages[{number}].tool_calls': empty array")
        for call in calls or ():
            _need(re.fullmatch(ids, call["id"], re.DOTALL), f"messages[{number}]: bad id {call['id']!r}")
            _need(call["id"] not in pending, f"Duplicate value for 'tool_call_id' of {call['id']!r}")
            _need(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", call["function"]["name"]), "Invalid tool_calls[].function.name")
            pending.add(call["id"])
    _need(not pending, "the last tool_calls have no response")


def _check_openai_message(message: Wire) -> None:
    content = message.get("content")
    _need(content is not None or message.get("tool_calls"), "Invalid 'content': null without tool_calls")
    _need("tool_calls" not in message or message["role"] == "assistant", "tool_calls outside of an assistant message")
    _need(re.fullmatch(r"[^\s<|\\/>]{1,64}", message.get("name", "x")), "Invalid 'messages[].name'")
    if isinstance(content, list):
        _need(content, "Invalid 'content': empty array")
        for part in content:
            _check_openai_part(part)


def _check_openai_part(part: Wire) -> None:
    match part["type"]:
        case "text":
            _need(part["text"], "Invalid content: text content blocks must be non-empty")
        case "image_url":
            url = part["image_url"]["url"]
            _need(url.startswith(("https://", "http://")) or _is_data(url, _IMAGES), "Invalid image URL")
        case "input_audio":
            _need(_is_base64(part["input_audio"]["data"]), "Invalid audio")
        case "file" if "file_id" in part["file"]:
            _need(part["file"]["file_id"].startswith("file-"), "Invalid file id")
        case "file":
            _need(part["file"].get("filename"), "Missing file name")
            _need(_is_data(part["file"]["file_data"], ("application/pdf",)), "Invalid file_data")


def _check_openai_tools(body: Wire) -> None:
    tools = [tool["function"] for tool in body.get("tools", ())]
    _need("tools" not in body or tools, "Invalid 'tools': empty array")
    _need(tools or "tool_choice" not in body, "'tool_choice' is only allowed when 'tools' are specified")
    _need(tools or "parallel_tool_calls" not in body, "'parallel_tool_calls' is only allowed when 'tools' are")
    _need(len(tools) <= 128, "Invalid 'tools': array too long")
    _need(len({tool["name"] for tool in tools}) == len(tools), "Tool names must be unique")
    for tool in tools:
        _need(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool["name"]), "Invalid 'tools[].function.name'")
        _check_schema(tool.get("parameters", {"type": "object", "properties": {}}), strict=bool(tool.get("strict")))
    if isinstance(choice := body.get("tool_choice"), dict):
        _need(choice["function"]["name"] in {tool["name"] for tool in tools}, "Tool choice not found in 'tools'")


def _check_openai_numbers(body: Wire) -> None:
    ranges = {"temperature": (0, 2), "top_p": (0, 1), "presence_penalty": (-2, 2), "frequency_penalty": (-2, 2)}
    for name, (lowest, highest) in {**ranges, "seed": (-(2**63), 2**63 - 1)}.items():
        _need(lowest <= body.get(name, 0) <= highest, f"Invalid '{name}': out of range")
    for name in ("max_completion_tokens", "max_tokens"):
        _need(body.get(name, 1) >= 1, f"Invalid '{name}': integer below minimum value")
    stops = body.get("stop")
    _need(stops is None or (1 <= len(stops) <= 4 and all(stops)), "Invalid 'stop'")


def _check_openai_format(body: Wire) -> None:
    asked = body.get("response_format", {"type": "text"})
    if asked["type"] == "json_object":
        said = json.dumps(body["messages"]).lower()
        _need("json" in said, "'messages' must contain the word 'json' in some form")
    if asked["type"] == "json_schema":
        inner = asked["json_schema"]
        _need(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", inner["name"]), "Invalid 'response_format.json_schema.name'")
        if inner.get("strict"):
            _check_closed(inner["schema"], all_required=True)


def _check_reasoning(body: Wire) -> None:
    for name, only in {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}.items():
        _need(body.get(name, only) == only, f"Unsupported value: '{name}' does not support {body.get(name)}")
    for name in ("stop", "parallel_tool_calls", "max_tokens"):
        _need(name not in body, f"Unsupported parameter: '{name}' is not supported with this model.")


# Anthropic ------------------------------------------------------------------------------------------------------------


def _check_anthropic(body: Wire, *, samples: bool, forced_tools: bool) -> None:
    sampling = {name: body[name] for name in ("temperature", "top_p") if name in body}
    _need(samples or not sampling, f"`{next(iter(sampling), '')}` is deprecated for this model.")
    _need(len(sampling) < 2, "`temperature` and `top_p` cannot both be specified for this model.")
    _need(all(0 <= value <= 1 for value in sampling.values()), "temperature: out of range")
    _check_shape(_ANTHROPIC, {key: value for key, value in body.items() if key not in sampling})
    _need(body["max_tokens"] >= 1, "max_tokens: must be greater than or equal to 1")
    _need(all(stop.strip() for stop in body.get("stop_sequences", ())), "stop_sequences: must contain non-whitespace")
    _need(
        all(block["text"].strip() for block in body.get("system", ())), "system: text content blocks must be non-empty"
    )
    _check_turns(body["messages"])
    _check_pairs(body["messages"])
    _check_anthropic_tools(body, forced_tools=forced_tools)
    if schema := body.get("output_config", {}).get("format", {}).get("schema"):
        _check_closed(schema, all_required=False)


def _check_turns(messages: Sequence[Wire]) -> None:
    _need(messages, "messages: at least one message is required")
    roles = [message["role"] for message in messages]
    _need(roles[0] == "user", "messages: first message must use the user role")
    _need(roles == (["user", "assistant"] * len(roles))[: len(roles)], "messages: roles must alternate")
    _need(roles[-1] == "user", "This model does not support assistant message prefill.")
    for number, message in enumerate(messages):
        _need(message["content"], f"messages.{number}: all messages must have non-empty content")
        for block in message["content"]:
            _check_block(block)


def _check_block(block: Wire) -> None:
    match block["type"]:
        case "text":
            _need(block["text"].strip(), "messages: text content blocks must contain non-whitespace text")
        case "tool_use":
            _need(re.fullmatch(r"[a-zA-Z0-9_-]+", block["id"]), f"tool_use.id: bad id {block['id']!r}")
            _need(re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", block["name"]), "tool_use.name: bad name")
        case "tool_result":
            for inner in block["content"] if isinstance(block["content"], list) else ():
                _check_block(inner)
        case "image" | "document":
            _check_source(block["type"], block["source"])


def _check_source(kind: str, source: Wire) -> None:
    match source["type"]:
        case "base64":
            data, declared = source["data"], source["media_type"]
            _need(_is_base64(data), f"{kind}.source.base64: invalid base64 data")
            real = next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), declared)
            _need(real == declared, f"Image does not match the provided media type {declared}")
        case "url":
            _need(source["url"].startswith(("https://", "http://")), f"{kind}.source.url: only http and https")
        case "file":
            _need(source["file_id"].startswith("file_"), f"{kind}.source.file: not found")


def _check_pairs(messages: Sequence[Wire]) -> None:
    """Each call is answered exactly once, at the very beginning of the next message."""
    seen: set[str] = set()
    waiting: list[str] = []
    for number, message in enumerate(messages):
        kinds = [block["type"] == "tool_result" for block in message["content"]]
        _need(kinds == sorted(kinds, reverse=True), f"messages.{number}: tool_result blocks must come first")
        answers = [block["tool_use_id"] for block in message["content"] if block["type"] == "tool_result"]
        _need(
            set(answers) <= set(waiting),
            f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: {answers}",
        )
        _need(len(set(answers)) == len(answers), f"messages.{number}: each tool_use must have a single result")
        _need(
            set(waiting) <= set(answers),
            f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately after: {waiting}",
        )
        waiting = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        _need(not waiting or message["role"] == "assistant", f"messages.{number}: `tool_use` outside of the assistant")
        _need(len({*seen, *waiting}) == len(seen) + len(waiting), "messages: `tool_use` ids must be unique")
        seen.update(waiting)
    _need(not waiting, "messages: the last `tool_use` has no `tool_result`")


def _check_anthropic_tools(body: Wire, *, forced_tools: bool) -> None:
    tools, choice = list(body.get("tools", ())), body.get("tool_choice")
    used = any(block["type"].startswith("tool_") for message in body["messages"] for block in message["content"])
    _need(tools or not used, "Requests which include `tool_use` or `tool_result` blocks must define tools")
    _need(tools or choice is None, "tool_choice: may only be specified while providing tools")
    _need(len({tool["name"] for tool in tools}) == len(tools), "tools: Tool names must be unique")
    for tool in tools:
        _need(re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", tool["name"]), "tools.custom.name: bad name")
        _check_schema(tool["input_schema"], strict=False)
        for name in tool["input_schema"].get("properties", ()):
            _need(re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", name), "Property keys should match pattern")
        if tool.get("strict"):
            _check_closed(tool["input_schema"], all_required=False)
    if choice and choice["type"] == "tool":
        _need(choice["name"] in {tool["name"] for tool in tools}, "tool_choice.name: not found in tools")
    _need(
        forced_tools or not choice or choice["type"] in {"auto", "none"}, "tool_choice: forced tool use not supported"
    )


# Both -----------------------------------------------------------------------------------------------------------------


def _check_schema(schema: Wire, *, strict: bool) -> None:
    _need(schema.get("type") == "object", f"schema must be of type 'object', got {schema.get('type')!r}")
    _need(isinstance(schema.get("properties"), dict), "object schema missing properties")
    _need(not {"anyOf", "oneOf", "allOf", "enum", "not"} & schema.keys(), "schema must have no alternatives at the top")
    for node in _schemas(schema):
        kinds = node.get("type", [])
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            known = {"object", "array", "string", "number", "integer", "boolean", "null"}
            _need(kind in known, f"{kind!r} is not valid under any of the given schemas")
        _need(kinds != "array" or {"items", "prefixItems"} & node.keys(), "array schema missing items")
    if strict:
        _check_closed(schema, all_required=True)


def _check_closed(schema: Any, *, all_required: bool) -> None:
    for node in _schemas(schema):
        if node.get("type") == "object":
            _need(node.get("additionalProperties") is False, "'additionalProperties' must be false")
            names = set(node.get("properties", ()))
            _need(not all_required or set(node.get("required", ())) == names, "'required' must include every key")


def _schemas(node: Any) -> Iterator[Wire]:
    """Yield every schema inside of `node`, itself first."""
    if not isinstance(node, dict):
        return
    yield node
    for key, inner in node.items():
        if key in {"properties", "$defs", "definitions"} and isinstance(inner, dict):
            for schema in inner.values():
                yield from _schemas(schema)
        elif key in {"items", "additionalProperties", "not"}:
            yield from _schemas(inner)
        elif key in {"anyOf", "oneOf", "allOf", "prefixItems"}:
            for schema in inner:
                yield from _schemas(schema)


def _is_data(url: str, kinds: Sequence[str]) -> bool:
    head, _, data = url.partition(",")
    return head in {f"data:{kind};base64" for kind in kinds} and _is_base64(data)


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    return bool(text)
