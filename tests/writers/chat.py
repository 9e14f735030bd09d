"""OpenAI chat and its dialects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from connector.traces import Observation
from rollouts.projections.openai_chat import to_openai
from rollouts.types import Message
from tests.dialogues import logged
from tests.writers.writer import Dialogue, Wire, Writer, address, functions, images, result_of, table


def _split(messages: Dialogue) -> tuple[list[Wire], Wire]:
    *asked, answered = to_openai(messages)["messages"]
    return asked, answered


def openai_list(messages: Dialogue) -> Observation:
    """Write the list alone, as the SDK's wrapper does without tools."""
    return logged(*_split(messages))


def openai_body(messages: Dialogue) -> Observation:
    """Write the request's body and the whole response."""
    asked, answered = _split(messages)
    choice = {"index": 0, "finish_reason": "stop", "message": answered}
    return logged({"model": "m", "messages": asked}, {"object": "chat.completion", "choices": [choice]})


def openai_stream(messages: Dialogue) -> Observation:
    """Write the chunks of a stream: words by the letter, arguments in halves."""
    asked, answered = _split(messages)
    deltas: list[Wire] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": letter} for letter in answered["content"] or ""]
    for index, call in enumerate(answered.get("tool_calls", ())):
        text, half = call["function"]["arguments"], len(call["function"]["arguments"]) // 2
        deltas.append({"tool_calls": [{**call, "index": index, "function": {**call["function"], "arguments": ""}}]})
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": p}}]} for p in (text[:half], text[half:])]
    ended = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return logged(asked, [*({"choices": [{"index": 0, "delta": delta}]} for delta in deltas), ended])


def litellm(messages: Dialogue) -> Observation:
    """Write what LiteLLM's callback does: the message with all its fields, empty ones too."""
    asked, answered = _split(messages)
    empty = {"tool_calls": None, "function_call": None, "provider_specific_fields": None, "reasoning_content": None}
    return logged({"messages": asked}, {**empty, **answered}, parameters={"stream": "False"})


def ollama(messages: Dialogue) -> Observation:
    """Write arguments as tables and images as bare data; results have neither id nor name."""
    *asked, answered = map(_ollama, messages)
    return logged({"messages": asked}, {"message": answered, "done": True, "done_reason": "stop"})


def _ollama(message: Message) -> Wire:
    calls = [{"function": {"name": c.name, "arguments": table(c)}} for c in message.tool_calls]
    shown = [address(image).rpartition(",")[2] for image in images(message)]
    return _plain(message) | ({"tool_calls": calls} if calls else {}) | ({"images": shown} if shown else {})


def _plain(message: Message) -> Wire:
    result = result_of(message)
    return {"role": message.role, "content": result.response if result else message.text}


def koog(messages: Dialogue) -> Observation:
    """Write each call as an element of its own, JSON in the content."""
    asked = [wire for message in messages[:-1] for wire in _koog(message)]
    answered = [{**wire, "role": "assistant"} for wire in _koog(messages[-1])]
    return logged(asked, answered, scope="ai.koog")


def _koog(message: Message) -> list[Wire]:
    calls = functions(message)
    return [{"role": "tool", "content": json.dumps(calls)}] if calls else [_plain(message)]


def dify(messages: Dialogue) -> Observation:
    """Write words below `text`."""
    asked = [{"role": m.role, "text": m.text, "files": []} for m in messages[:-1]]
    return logged(asked, {"text": messages[-1].text, "usage": {}, "finish_reason": "stop"})


def haystack(messages: Dialogue) -> Observation:
    """Write parameters beside the messages, and the answer as a list of replies."""
    asked, answered = _split(messages)
    return logged({"messages": asked, "generation_kwargs": {}}, {"replies": [answered]})


def open_webui(messages: Dialogue) -> Observation:
    """Write the answer as the last message of the input, and no output."""
    asked, answered = _split(messages)
    written = logged([*asked, answered], None)
    return written.model_copy(update={"metadata": {"interface": "open-webui", "type": "user_response"}})


def dspy(messages: Dialogue) -> Observation:
    """Write a language model's arguments, and its completions."""
    asked, answered = _split(messages)
    calls = {"tool_calls": answered["tool_calls"]} if "tool_calls" in answered else {}
    said: Any = {"text": answered["content"], **calls} if calls else answered["content"]
    return logged({"prompt": None, "messages": asked, "kwargs": {}}, [said], scope="openinference.instrumentation.dspy")


def smolagents(messages: Dialogue) -> Observation:
    """Write roles by their name in Python, contents as lists of parts."""
    *asked, answered = _spelled(messages)
    return logged({"messages": asked}, answered)


def _spelled(messages: Sequence[Message]) -> Iterator[Wire]:
    for message in messages:
        shown = [{"type": "image_url", "image_url": {"url": address(image)}} for image in images(message)]
        content = [{"type": "text", "text": message.text}, *shown]
        yield {"role": f"MessageRole.{message.role.upper()}", "content": content}


WRITERS = {
    "openai_chat": Writer(openai_list, images=True),
    "openai_chat body": Writer(openai_body, images=True),
    "openai_chat stream": Writer(openai_stream, images=True),
    "openai_chat litellm": Writer(litellm, images=True),
    "ollama": Writer(ollama),
    "koog": Writer(koog, words_beside=False),
    "dify": Writer(dify, calls=False),
    "haystack": Writer(haystack, images=True),
    "open_webui": Writer(open_webui, images=True),
    "dspy": Writer(dspy, images=True),
    "smolagents": Writer(smolagents, calls=False, images=True),
}
