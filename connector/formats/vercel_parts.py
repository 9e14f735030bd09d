"""The parts of the AI SDK's messages: of the model's (`tool-call`, `tool-result`), of its UI's (`tool-<name>`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.formats.format import decoded
from connector.formats.gathering import Gathering, role_of
from connector.formats.pieces import as_json, media, unknown_part
from connector.formats.repairs import Repair
from rollouts.types import Media, Message, Part, Reasoning, Text, ToolResult

Wire = Mapping[str, Any]

_KNOWN = frozenset({"text", "reasoning", "redacted-reasoning", "image", "file", "step-start", "dynamic-tool"})
_SILENT = ("step-start", "source-url", "source-document", "tool-approval-request", "tool-approval-response")


def is_part(value: Any) -> bool:
    """Tell by its type."""
    kind = value.get("type") if isinstance(value, Mapping) else None
    return isinstance(kind, str) and (kind in _KNOWN or kind.startswith(("tool-", "source-", "data-")))


def is_bare_call(value: Any) -> bool:
    """Tell a call that stands alone: versions differ in `input` and `args`."""
    return (
        isinstance(value, Mapping)
        and {"toolCallId", "toolName"} <= value.keys()
        and bool({"input", "args"} & value.keys())
    )


def read_message(wire: Wire, into: Gathering) -> Iterator[Message]:
    """Read one message; one of the UI may hold several steps, each with its calls and their results."""
    role = role_of(wire["role"])
    content = wire["parts"] if "parts" in wire else wire.get("content")
    said = list(read_parts(content, into))
    said += read_parts(decoded(wire.get("tool_calls") or wire.get("toolCalls")), into)
    if role != "assistant" or not any(isinstance(part, ToolResult) for part in said):
        yield from into.messages(role, said)
        return
    step: list[Part] = []
    for place, part in enumerate(said):
        step.append(part)
        after = said[place + 1] if place + 1 < len(said) else None
        if after is None or (isinstance(part, ToolResult) and isinstance(after, Text | Reasoning)):
            yield from into.messages("assistant", [p for p in step if not isinstance(p, ToolResult)])
            yield from into.messages("tool", [p for p in step if isinstance(p, ToolResult)])
            step = []


def read_parts(content: Any, into: Gathering) -> Iterator[Part]:
    """Read text or parts in order. Raises `Unusable` for a part that would be left out unseen."""
    for part in [content] if isinstance(content, str | Mapping) else content or ():
        yield from (Text(content=part),) if isinstance(part, str) else _part(part, into)


def _part(part: Wire, into: Gathering) -> Iterator[Part]:
    kind = part.get("type") or "tool-call"
    if part.get("providerExecuted") is True:
        into.mended(Repair.PROVIDER_TOOLS)
        return
    match kind:
        case "text":
            yield Text(content=part["text"])
        case "reasoning" | "redacted-reasoning":
            yield Reasoning(content=part.get("text") or "")
        case "image" | "file":
            yield _media(part)
        case "tool-call" | "function":
            yield _call(part, into)
        case "tool-result" | "tool-error":
            yield _result(part, into)
        case "dynamic-tool" | "tool-invocation":
            run = part.get("toolInvocation", part)  # version 4's UI wraps it
            yield from _of_ui(run["toolName"], run, into)
        case _ if kind.startswith("tool-") and kind not in _SILENT:
            yield from _of_ui(kind.removeprefix("tool-"), part, into)
        case _ if kind not in _SILENT and not kind.startswith("data-"):
            raise unknown_part()


def _call(part: Wire, into: Gathering) -> Part:
    function = part.get("function") or part
    arguments: Any = next(
        (function[key] for key in ("input", "args", "arguments") if function.get(key) is not None), {}
    )
    return into.call(function.get("toolName") or function["name"], arguments, part.get("toolCallId") or part.get("id"))


def _result(part: Wire, into: Gathering) -> ToolResult:
    output = decoded(part["output"] if "output" in part else part.get("result", part.get("error")))
    kind = output.get("type") if isinstance(output, Mapping) and "value" in output else None
    said = output["value"] if isinstance(output, Mapping) and kind else output
    failed = part.get("isError") is True or str(kind).startswith("error") or part.get("type") == "tool-error"
    shown: list[Part] = []
    if kind == "content":
        shown = [_content(item) for item in said]
        said = "\n".join(item.content for item in shown if isinstance(item, Text))
    result = into.result(as_json(said), part.get("toolCallId"), part.get("toolName"), is_error=failed or None)
    return result.model_copy(update={"media": tuple(item for item in shown if isinstance(item, Media))})


def _content(item: Wire) -> Part:
    if item["type"] == "text":
        return Text(content=item["text"])
    return media(item.get("data") or item["url"], item.get("mediaType") or item.get("mimeType"))


def _of_ui(name: str, part: Wire, into: Gathering) -> Iterator[Part]:
    """A call of the UI carries its result, once there is one."""
    asked: Any = next((part[key] for key in ("input", "rawInput", "args") if part.get(key) is not None), {})
    yield into.call(name, asked, part.get("toolCallId"))
    if part.get("state") in ("output-available", "output-error", "result"):
        said = next((part[key] for key in ("output", "errorText", "result") if key in part), None)
        failed = part["state"] == "output-error" or None
        yield into.result(as_json(said), part.get("toolCallId"), name, is_error=failed)


def _media(part: Wire) -> Media:
    content = next((part[key] for key in ("image", "data", "url") if part.get(key) is not None), None)
    kind = part.get("mediaType") or part.get("mimeType")
    found = media(content, kind)
    return found.model_copy(update={"modality": "image"}) if part["type"] == "image" else found
