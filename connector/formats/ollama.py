"""Ollama's own API: chat with `images`, `thinking` and arguments as tables; or one prompt and one `response`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, malformed
from connector.formats.openai_chat import is_chat, listed, read_chat
from connector.formats.outputs import Output, read_output
from connector.types import Observation

Wire = Mapping[str, Any]

_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}


class Ollama(Format):
    """Request and response of `/api/chat` and `/api/generate`."""

    rank: ClassVar[int] = 25

    def mine(self, observation: Observation) -> bool:
        """An answer that says that it is `done`, or chat messages with Ollama's own keys."""
        answered, messages = observation.output, _messages(observation.input)
        done = (
            isinstance(answered, Mapping) and "done" in answered and ("message" in answered or "response" in answered)
        )
        return bool(messages) and all(map(is_chat, messages)) and (done or any(map(_has_own_keys, messages)))

    def read(self, observation: Observation) -> Reading:
        """Read it as the chat that it is but for its spelling."""
        with malformed("Ollama messages"):
            body = dict(observation.input) if isinstance(observation.input, Mapping) else {}
            asked = body | {"messages": list(map(_as_chat, _messages(observation.input)))}
            return read_chat(observation.model_copy(update={"input": asked}), _output(observation.output))


def _messages(value: Any) -> list[Any]:
    if isinstance(value, Mapping) and isinstance(value.get("prompt"), str) and "messages" not in value:
        told = [{"role": "system", "content": value["system"]}] if isinstance(value.get("system"), str) else []
        return [*told, {"role": "user", "content": value["prompt"], "images": value.get("images")}]
    return listed(value)[0]


def _has_own_keys(message: Wire) -> bool:
    return bool(message.get("images")) or (message.get("role") == "tool" and "tool_name" in message)


def _as_chat(message: Wire) -> Wire:
    images = message.get("images")
    if not images:
        return message
    shown = [{"type": "image_url", "image_url": {"url": _address(image)}} for image in images]
    return {**message, "content": [{"type": "text", "text": message.get("content") or ""}, *shown]}


def _address(image: str) -> str:
    """Return a data URL; what is none of the usual images, such as an address or a token, is left as it is."""
    try:
        head = base64.b64decode(image[:16], validate=True)
    except (binascii.Error, ValueError):
        return image
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    return f"data:{kind};base64,{image}" if kind else image


def _output(output: Any) -> Output:
    if not isinstance(output, Mapping) or "done" not in output:
        return read_output(output)
    said = output.get("message")
    if not isinstance(said, Mapping):
        said = {"content": output.get("response"), "thinking": output.get("thinking")}
    return Output(said, output.get("done_reason"))
