"""The events of a streamed answer, where a logger kept them: Anthropic's and Bedrock's → what they make up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connector.formats.format import decoded
from connector.formats.gathering import Gathering
from connector.formats.repairs import Repair

Wire = Mapping[str, Any]

_JSON = "partial_json"


def is_anthropic(output: Any) -> bool:
    """Tell a list of Anthropic's events."""
    return _is_stream(output, "type") and output[0]["type"] == "message_start"


def anthropic_message(output: Any, into: Gathering) -> Any:
    """Return the message that Anthropic's events make up; anything else as it is. Raises what a broken one raises."""
    if not is_anthropic(output):
        return output
    into.mended(Repair.STREAM)
    blocks: dict[Any, dict[str, Any]] = {}
    message = {"type": "message", "role": "assistant", "stop_reason": None}
    for event in output:
        match event.get("type"):
            case "content_block_start":
                blocks[event["index"]] = {**event["content_block"]}
            case "content_block_delta":
                _grow(blocks[event["index"]], event["delta"])
            case "message_delta":
                message["stop_reason"] = event["delta"].get("stop_reason")
    return {**message, "content": [_closed(block) for block in blocks.values()]}


def bedrock_response(output: Any, into: Gathering) -> Any:
    """Return the response that converse's events make up; anything else as it is. Raises what a broken one raises."""
    if not _is_stream(output, "messageStart"):
        return output
    into.mended(Repair.STREAM)
    blocks: dict[Any, dict[str, Any]] = {}
    reason = None
    for event in output:
        name, body = next(iter(event.items()))
        if name == "contentBlockStart" and "toolUse" in body["start"]:
            blocks[body["contentBlockIndex"]] = {"toolUse": {**body["start"]["toolUse"], "input": ""}}
        elif name == "contentBlockDelta":
            _add(blocks.setdefault(body["contentBlockIndex"], {}), body["delta"])
        elif name == "messageStop":
            reason = body.get("stopReason")
    return {"output": {"message": {"role": "assistant", "content": [*blocks.values()]}}, "stopReason": reason}


def _is_stream(output: Any, key: str) -> bool:
    tables = isinstance(output, list) and all(isinstance(event, Mapping) and event for event in output)
    return tables and bool(output) and key in output[0]


def _grow(block: dict[str, Any], delta: Wire) -> None:
    """Each kind of delta is `<what>_delta` and holds its piece under a name of its own."""
    for key in ("text", "thinking", "signature", _JSON):
        if isinstance(delta.get(key), str):
            block[key] = (block.get(key) or "") + delta[key]


def _closed(block: Wire) -> Wire:
    whole = {key: value for key, value in block.items() if key != _JSON}
    return {**whole, "input": decoded(block[_JSON])} if block.get(_JSON) else whole


def _add(block: dict[str, Any], delta: Wire) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    elif "reasoningContent" in delta:
        said = block.setdefault("reasoningContent", {"reasoningText": {"text": ""}})["reasoningText"]
        said |= {key: said.get(key, "") + piece for key, piece in _strings(delta["reasoningContent"].items())}


def _strings(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [(key, value) for key, value in pairs if isinstance(value, str)]
