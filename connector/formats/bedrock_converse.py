"""Bedrock's converse: messages whose content is a list of blocks that name no type, `{"text"}` or `{"toolUse"}`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connector.formats.event_streams import bedrock_response
from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.gathering import Gathering, role_of
from connector.formats.outputs import as_text
from connector.formats.parameters import read_parameters
from connector.formats.pieces import as_json, finish_reason, media, unknown_part, wires_of
from connector.formats.repairs import Repair
from connector.formats.tool_definitions import read_tools
from connector.traces import Observation
from rollouts.types import Media, Message, Part, Reasoning, Role, Text, ToolResult

Wire = Mapping[str, Any]

_BLOCKS = frozenset({"text", "toolUse", "toolResult", "image", "document", "video", "reasoningContent"})
_BESIDE = frozenset({"cachePoint", "guardContent", "citationsContent"})
_MIMES = {"pdf": "application/pdf", "csv": "text/csv", "html": "text/html", "txt": "text/plain", "md": "text/markdown"}
_THOUGHT = re.compile(r"\s*<thinking>(.*?)</thinking>", re.DOTALL)
"""Nova, and Claude 3 with tools, think aloud at the start of their answer."""


class BedrockConverse(Format):
    """A request to converse or converse_stream, or its messages alone, and what came back."""

    rank: ClassVar[int] = 19

    def mine(self, observation: Observation) -> bool:
        """Messages of untyped blocks; a message may also be bare text."""
        messages = wires_of(observation.input)
        known = [message for message in messages if _is_converse(message)]
        plain = (isinstance(message.get("content"), str) for message in messages if message not in known)
        return bool(known) and all(plain)

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        messages, into = wires_of(observation.input), Gathering()
        with malformed("converse messages"):
            output = bedrock_response(observation.output, into)
            system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
            more = decoded(body.get("additionalModelRequestFields"))
            sources = (body.get("inferenceConfig"), _choice(body), more, body)
            return Reading(
                messages=tuple(message for wire in (*system, *messages) for message in _read(wire, into)),
                answer=_answer(output, into),
                finish_reason=finish_reason(output.get("stopReason")) if isinstance(output, Mapping) else None,
                tools=read_tools([_tool(tool) for tool in _tools(body) if "cachePoint" not in tool]),
                parameters=read_parameters(observation.parameters, *(s for s in sources if isinstance(s, Mapping))),
                repairs=into.repairs,
            )


def _is_converse(message: Wire) -> bool:
    content = message.get("content")
    known = message.get("role") in ("system", "user", "assistant") and isinstance(content, list) and bool(content)
    return known and all(
        isinstance(block, Mapping) and "type" not in block and bool(block.keys() & (_BLOCKS | _BESIDE))
        for block in content or ()
    )


def _read(wire: Wire, into: Gathering) -> Iterator[Message]:
    """Tool results answer the calls right before them, whatever else a user's message says."""
    role = role_of(wire["role"])
    parts = sorted(_parts(wire["content"], role, into), key=lambda part: not isinstance(part, ToolResult))
    yield from into.messages(role, parts)


def _parts(content: Any, role: Role, into: Gathering) -> Iterator[Part]:
    for block in [{"text": content}] if isinstance(content, str) else content or ():
        if role == "assistant" and (thought := _THOUGHT.match(block.get("text") or "")):
            into.mended(Repair.THOUGHTS)
            yield Reasoning(content=thought[1].strip())
            yield Text(content=block["text"][thought.end() :])
        elif not block.keys() <= _BESIDE:
            yield _part(block, into)


def _part(block: Wire, into: Gathering) -> Part:
    if "text" in block:
        return Text(content=block["text"])
    if call := block.get("toolUse"):
        return into.call(call["name"], call.get("input") or {}, call.get("toolUseId"))
    if result := block.get("toolResult"):
        return _result(result, into)
    if thought := block.get("reasoningContent"):
        said = thought.get("reasoningText") or {}
        said = {"text": said} if isinstance(said, str) else said
        return Reasoning(content=said.get("text") or "", signature=said.get("signature"))
    return _media(block)


def _media(block: Wire) -> Media:
    modality = next((name for name in ("image", "document", "video") if isinstance(block.get(name), Mapping)), None)
    if modality is None:
        raise unknown_part()
    shown, source = block[modality], block[modality]["source"]
    form = str(shown.get("format") or "").lower()
    kind = _MIMES.get(form, f"{modality}/{form}") if form and modality != "document" else _MIMES.get(form)
    address = (source.get("s3Location") or {}).get("uri")
    return media(source.get("bytes") or address, kind).model_copy(update={"modality": modality})


def _result(result: Wire, into: Gathering) -> ToolResult:
    listed = result.get("content") or []
    said = [block["text"] if "text" in block else as_json(block["json"]) for block in listed if not _is_media(block)]
    is_error = {"error": True, "success": False}.get(str(result.get("status")))
    found = into.result("\n".join(said), result.get("toolUseId"), is_error=is_error)
    return found.model_copy(update={"media": tuple(_media(block) for block in listed if _is_media(block))})


def _is_media(block: Wire) -> bool:
    return bool(block.keys() & {"image", "document", "video"})


def _tools(body: Wire) -> list[Any]:
    config = decoded(body.get("toolConfig"))
    listed = decoded(config.get("tools") if isinstance(config, Mapping) else body.get("tools"))
    return [decoded(tool) for tool in listed] if isinstance(listed, list) else []


def _tool(tool: Wire) -> Wire:
    known = tool.get("toolSpec") or tool
    schema = decoded(known.get("inputSchema"))
    return {**known, "parameters": schema["json"]} if isinstance(schema, Mapping) and "json" in schema else known


def _choice(body: Wire) -> Wire:
    config = decoded(body.get("toolConfig"))
    choice = decoded(config.get("toolChoice")) if isinstance(config, Mapping) else None
    if not isinstance(choice, Mapping):
        return {}
    named = choice.get("tool")
    return {"tool_choice": {"type": "tool", **named} if isinstance(named, Mapping) else next(iter(choice), None)}


def _answer(output: Any, into: Gathering) -> Message | None:
    """A response, its message, its blocks, or what an application made of it."""
    if output in (None, "", {}, []):
        return None
    inner = output.get("output", output) if isinstance(output, Mapping) else output
    said = inner.get("message", inner) if isinstance(inner, Mapping) else {"content": inner}
    if isinstance(said, Mapping) and _is_converse({"role": "assistant", **said}):
        return into.answer(_parts(said["content"], "assistant", into))
    if isinstance(said, Mapping) and isinstance(said.get("content"), str) and said.keys() <= {"role", "content"}:
        return into.answer(_parts(said["content"], "assistant", into))
    return Message(role="assistant", parts=(Text(content=as_text(output)),))
