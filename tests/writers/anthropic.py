"""Anthropic messages, whole and streamed; and Bedrock's converse."""

from __future__ import annotations

import json

from connector.traces import Observation
from rollouts.projections.anthropic_messages import to_anthropic
from rollouts.types import Message, Part, Text, ToolCall, ToolResult
from tests.dialogues import logged
from tests.writers.writer import Dialogue, Wire, Writer, table, told_apart


def anthropic(messages: Dialogue) -> Observation:
    """Write the request and the response."""
    body = to_anthropic(messages)
    *asked, answered = body["messages"]
    return logged({**body, "messages": asked}, {"type": "message", **answered, "stop_reason": "end_turn"})


def anthropic_stream(messages: Dialogue) -> Observation:
    """Write the events of a stream, each block in two pieces."""
    body = to_anthropic(messages)
    *asked, answered = body["messages"]
    content = answered["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    events: list[Wire] = [{"type": "message_start", "message": {"role": "assistant", "content": []}}]
    for index, block in enumerate(blocks):
        key, kind = ("text", "text_delta") if block["type"] == "text" else ("partial_json", "input_json_delta")
        whole = block["text"] if key == "text" else json.dumps(block["input"])
        begun = {**block, "text": ""} if key == "text" else {**block, "input": {}}
        events.append({"type": "content_block_start", "index": index, "content_block": begun})
        deltas = [{"type": kind, key: piece} for piece in (whole[:1], whole[1:])]
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    ended: list[Wire] = [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}]
    return logged({**body, "messages": asked}, [*events, *ended])


def bedrock(messages: Dialogue) -> Observation:
    """Write a call as boto3 sends and receives it."""
    told, said = told_apart(messages)
    *asked, answered = map(_converse, said)
    body = {"messages": asked, "system": [{"text": told}] if told else []}
    return logged(body, {"output": {"message": answered}, "stopReason": "end_turn"})


def _converse(message: Message) -> Wire:
    return {"role": "user" if message.role == "tool" else message.role, "content": [*map(block, message.parts)]}


def block(part: Part) -> Wire:
    """Write one part as an untyped block."""
    match part:
        case ToolCall():
            return {"toolUse": {"toolUseId": part.id, "name": part.name, "input": table(part)}}
        case ToolResult():
            return {"toolResult": {"toolUseId": part.id, "content": [{"text": part.response}]}}
        case Text():
            return {"text": part.content}
    raise NotImplementedError


WRITERS = {
    "anthropic_messages": Writer(anthropic, images=True),
    "anthropic_messages stream": Writer(anthropic_stream, images=True),
    "bedrock_converse": Writer(bedrock),
}
