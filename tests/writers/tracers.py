"""Tracers and frameworks with a form of their own."""

from __future__ import annotations

from typing import Any

from connector.traces import Observation
from rollouts.types import Media, Message, ToolCall, ToolResult
from tests.dialogues import logged
from tests.writers.writer import Dialogue, Wire, Writer, address, functions, images, result_of, table, told_apart


def openinference(messages: Dialogue) -> Observation:
    """Write wrapped messages, their contents and calls wrapped as well."""
    *asked, answered = map(_wrapped, messages)
    return logged(asked, [answered], scope="openinference")


def _wrapped(message: Message) -> Wire:
    if (result := result_of(message)) is not None:
        return {"message": {"role": "tool", "tool_call_id": result.id, "content": result.response}}
    calls = [{"tool_call": {key: c[key] for key in ("id", "function")}} for c in functions(message)]
    texts: list[Wire] = [{"type": "text", "text": p.content} for p in message.parts if p.type == "text"]
    shown: list[Wire] = [{"type": "image", "image": {"image": {"url": address(i)}}} for i in images(message)]
    contents = [{"message_content": content} for content in (*texts, *shown)]
    return {"message": {"role": message.role, "contents": contents, **({"tool_calls": calls} if calls else {})}}


def openllmetry(messages: Dialogue) -> Observation:
    """Write flat calls, results under `tool_call_id`."""
    *asked, answered = map(_flat, messages)
    return logged(asked, [{**answered, "finish_reason": "stop"}], scope="opentelemetry.instrumentation.anthropic")


def _flat(message: Message) -> Wire:
    if (result := result_of(message)) is not None:
        return {"role": "tool", "tool_call_id": result.id, "content": result.response}
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.tool_calls]
    content = {"content": message.text} if message.text else {}
    return {"role": message.role, **content, **({"tool_calls": calls} if calls else {})}


def openlit(messages: Dialogue) -> Observation:
    """Write one text."""
    *asked, answered = messages
    lines = "\n".join(f"{message.role}: {message.text}" for message in asked)
    return logged(lines, answered.text, scope="openlit")


def agno(messages: Dialogue) -> Observation:
    """Write messages by their `repr`; the answer is what the provider sent."""
    *asked, answered = messages
    reply = {"role": "assistant", "content": answered.text or None, "tool_calls": functions(answered) or None}
    body = {"messages": [*map(_repr, asked)], "tools": []}
    return logged(body, {"choices": [{"index": 0, "finish_reason": "stop", "message": reply}]})


def _repr(message: Message) -> str:
    result = result_of(message)
    content = result.response if result else message.text or None
    known = f"role={message.role!r} content={content!r} name=None tool_call_id={result.id if result else None!r}"
    noise = "metrics=MessageMetrics(input_tokens=0, timer=<agno.Timer object at 0x1>, role='x') created_at=1749650492"
    return f"{known} tool_calls={functions(message) or None!r} tool_name=None {noise}"


def beeai(messages: Dialogue) -> Observation:
    """Write content as a Python list in text; the system prompt is plain text."""
    wires = [
        {"role": m.role, "content": m.text if m.role == "system" else repr([{"type": "text", "text": m.text}])}
        for m in messages
    ]
    return logged(wires[:-1], wires[-1:], scope="openinference.instrumentation.beeai")


def flue(messages: Dialogue) -> Observation:
    """Write pi's messages, the system prompt beside them."""
    told, said = told_apart(messages)
    *asked, answered = map(_pi, said)
    return logged({"systemPrompt": told, "messages": asked, "tools": []}, {**answered, "stopReason": "stop"})


def _pi(message: Message) -> Wire:
    if (result := result_of(message)) is not None:
        blocks = [{"type": "text", "text": result.response}]
        return {"role": "toolResult", "toolCallId": result.id, "toolName": "x", "content": blocks, "isError": False}
    return {"role": message.role, "content": [*map(_pi_block, message.parts)]}


def _pi_block(part: Any) -> Wire:
    if isinstance(part, ToolCall):
        return {"type": "toolCall", "id": part.id, "name": part.name, "arguments": table(part)}
    return {"type": "text", "text": part.content}


def genkit(messages: Dialogue) -> Observation:
    """Write untyped parts; the assistant is the `model`."""
    roles = {"assistant": "model"}
    wires = [{"role": roles.get(m.role, m.role), "content": [*map(_genkit, m.parts)]} for m in messages]
    body = {"messages": wires[:-1], "config": {"temperature": 0.5}}
    return logged(body, {"message": wires[-1], "finishReason": "stop"}, scope="genkit-tracer")


def _genkit(part: Any) -> Wire:
    match part:
        case ToolCall():
            return {"toolRequest": {"ref": part.id, "name": part.name, "input": table(part)}}
        case ToolResult():
            return {"toolResponse": {"ref": part.id, "name": "x", "output": part.response}}
        case Media():
            return {"media": {"url": address(part), "contentType": part.mime_type}}
        case _:
            return {"text": part.content}


def livekit(messages: Dialogue) -> Observation:
    """Write items: calls and results are items of their own."""
    asked = [item for message in messages[:-1] for item in _items(message)]
    return logged({"items": asked}, {"items": _items(messages[-1])}, scope="livekit-agents")


def _items(message: Message) -> list[Wire]:
    said = [{"type": "message", "role": message.role, "content": [message.text], "interrupted": False}]
    calls: list[Wire] = [
        {"type": "function_call", "call_id": c.id, "name": c.name, "arguments": c.arguments} for c in message.tool_calls
    ]
    if (result := result_of(message)) is not None:
        told = {"call_id": result.id, "name": "x", "output": result.response, "is_error": False}
        return [{"type": "function_call_output", **told}]
    return [*(said if message.text else []), *calls]


def llamaindex(messages: Dialogue) -> Observation:
    """Write blocks with a `block_type`; the answer was kept whole."""
    *asked, answered = map(_blocks, messages)
    return logged({"messages": asked}, {"message": answered})


def _blocks(message: Message) -> Wire:
    if (result := result_of(message)) is not None:
        said = [{"block_type": "text", "text": result.response}]
        return {"role": "tool", "blocks": said, "additional_kwargs": {"tool_call_id": result.id}}
    blocks: list[Wire] = [{"block_type": "text", "text": message.text}] if message.text else []
    blocks += [{"block_type": "image", "url": address(i), "image_mimetype": i.mime_type} for i in images(message)]
    blocks += [
        {"block_type": "tool_call", "tool_call_id": c.id, "tool_name": c.name, "tool_kwargs": table(c)}
        for c in message.tool_calls
    ]
    return {"role": message.role, "blocks": blocks, "additional_kwargs": {}}


WRITERS = {
    "openinference": Writer(openinference, images=True),
    "openllmetry": Writer(openllmetry),
    "openlit": Writer(openlit, calls=False),
    "agno": Writer(agno),
    "beeai": Writer(beeai, calls=False),
    "flue": Writer(flue),
    "genkit": Writer(genkit, images=True),
    "livekit": Writer(livekit),
    "llamaindex": Writer(llamaindex, images=True),
}
