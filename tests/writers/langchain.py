"""LangChain and LangGraph: dumped messages, Langfuse's callback, constructors, and a graph's state."""

from __future__ import annotations

from connector.traces import Observation
from rollouts.types import Message
from tests.dialogues import logged
from tests.writers.writer import Dialogue, Wire, Writer, address, functions, images, result_of, table

TYPES = {"user": "human", "assistant": "ai", "system": "system", "tool": "tool"}
CLASSES = {"user": "HumanMessage", "assistant": "AIMessage", "system": "SystemMessage", "tool": "ToolMessage"}


def typed(message: Message) -> Wire:
    """Write one message as its dump: the calls once parsed, once as the provider sent them."""
    if (result := result_of(message)) is not None:
        return {"type": "tool", "content": result.response, "tool_call_id": result.id, "status": "success"}
    calls = [{"name": c.name, "args": table(c), "id": c.id, "type": "tool_call"} for c in message.tool_calls]
    beside = {"tool_calls": functions(message)} if calls else {}
    shown = [{"type": "image_url", "image_url": {"url": address(image)}} for image in images(message)]
    content = [{"type": "text", "text": message.text}, *shown] if shown else message.text
    return {"type": TYPES[message.role], "content": content, "additional_kwargs": beside, "tool_calls": calls}


def with_role(message: Message) -> Wire:
    """Write one message as Langfuse's callback does, the calls among Anthropic's blocks as well."""
    wire = typed(message)
    blocks = [{"type": "text", "text": message.text}] if message.text else []
    used = [
        {"type": "tool_use", "id": c["id"], "name": c["name"], "input": c["args"]} for c in wire.get("tool_calls", ())
    ]
    content = [*blocks, *used] if used else wire["content"]
    return {**wire, "role": message.role, "type": None, "content": content}


def constructor(message: Message) -> Wire:
    """Write one message as its constructor, as JavaScript does."""
    kwargs = {key: value for key, value in typed(message).items() if key != "type"}
    name = ["langchain_core", "messages", CLASSES[message.role]]
    return {"lc": 1, "type": "constructor", "id": name, "kwargs": kwargs}


def callback(messages: Dialogue) -> Observation:
    """Write a model's call."""
    *asked, answered = map(with_role, messages)
    return logged(asked, answered)


def batch(messages: Dialogue) -> Observation:
    """Write a batch of one, each message as its constructor, and a list of generations."""
    *asked, answered = map(constructor, messages)
    return logged({"messages": [asked]}, {"generations": [[{"text": messages[-1].text, "message": answered}]]})


def state(messages: Dialogue) -> Observation:
    """Write a graph's state before and after; the later one repeats the earlier."""
    wires = [*map(typed, messages)]
    return logged({"messages": wires[:-1]}, {"messages": wires})


WRITERS = {
    "langchain": Writer(callback, images=True),
    "langchain batch": Writer(batch, images=True),
    "langchain state": Writer(state, images=True),
}
