"""How a scripted reply looks on the wire: OpenAI chat completions and Anthropic messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from rollouts.types import ToolCall, Usage

Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a scripted model answers. Usage and finish reason follow from the rest where they are not given."""

    text: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str | None = None
    finish_reason: str | None = None
    """In OpenAI's words, for both dialects."""
    usage: Usage | None = None
    """`input_tokens` includes what came from a cache, for both dialects."""
    extra: Wire | None = None
    """Laid over the answer's top level as it is, such as a gateway's own fields."""


class Dialect(NamedTuple):
    """One provider's way of saying things."""

    answer: Callable[[str, str, Reply, int], Wire]
    """From call id, model, reply and the bytes of the request."""
    error: Callable[[int, str], Wire]


def _usage(reply: Reply, request_bytes: int) -> Usage:
    if reply.usage is not None:
        return reply.usage
    written = len(reply.text or "") + sum(len(call.name) + len(call.arguments) for call in reply.tool_calls)
    return Usage(input_tokens=request_bytes // 4 + 1, output_tokens=written // 4 + 1)


def _finish_reason(reply: Reply) -> str:
    return reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")


def _openai_answer(call_id: str, model: str, reply: Reply, request_bytes: int) -> Wire:
    message: Wire = {"role": "assistant", "content": reply.text, "refusal": None}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in reply.tool_calls
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish_reason(reply)}
    return {
        "id": f"chatcmpl-{call_id}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [choice],
        "usage": _openai_usage(_usage(reply, request_bytes)),
    } | (reply.extra or {})


def _openai_usage(usage: Usage) -> Wire:
    read, written = usage.input_tokens or 0, usage.output_tokens or 0
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_input_tokens or 0,
            "cache_write_tokens": usage.cache_write_tokens or 0,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
    }


_OPENAI_ERRORS = {400: "invalid_request_error", 401: "invalid_api_key", 404: "model_not_found", 429: "rate_limited"}


def _openai_error(status: int, message: str) -> Wire:
    kind = "invalid_request_error" if status < 500 else "server_error"  # noqa: PLR2004 - HTTP's own border
    return {"error": {"message": message, "type": kind, "param": None, "code": _OPENAI_ERRORS.get(status)}}


_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}


def _anthropic_answer(call_id: str, model: str, reply: Reply, request_bytes: int) -> Wire:
    content: list[Wire] = []
    if reply.reasoning:
        content.append({"type": "thinking", "thinking": reply.reasoning, "signature": "sealed"})
    if reply.text:
        content.append({"type": "text", "text": reply.text})
    content += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments or "{}")}
        for call in reply.tool_calls
    ]
    reason = _finish_reason(reply)
    return {
        "id": f"msg_{call_id}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": _STOP_REASONS.get(reason, reason),
        "stop_sequence": None,
        "usage": _anthropic_usage(_usage(reply, request_bytes)),
    } | (reply.extra or {})


def _anthropic_usage(usage: Usage) -> Wire:
    cached, written = usage.cached_input_tokens or 0, usage.cache_write_tokens or 0
    return {
        "input_tokens": (usage.input_tokens or 0) - cached - written,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
        "output_tokens": usage.output_tokens or 0,
    }


_ANTHROPIC_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def _anthropic_error(status: int, message: str) -> Wire:
    return {"type": "error", "error": {"type": _ANTHROPIC_ERRORS.get(status, "api_error"), "message": message}}


OPENAI = Dialect(_openai_answer, _openai_error)
ANTHROPIC = Dialect(_anthropic_answer, _anthropic_error)
