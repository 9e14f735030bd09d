"""Ollama's own API: chat with `images`, `thinking` and arguments as tables; or one prompt and one `response`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, malformed
from connector.formats.openai_chat import is_chat, listed, read_chat
from connector.formats.outputs import Output, read_output
from connector.formats.repairs import Repair
from connector.traces import Observation

Wire = Mapping[str, Any]

_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}


class Ollama(Format):
    """Request and response of `/api/chat` and `/api/generate`."""

    rank: ClassVar[int] = 25

    def mine(self, observation: Observation) -> bool:
        """An answer that says that it is `done`, or chat messages with Ollama's own keys."""
        messages = _messages(observation.input)
        ours = bool(_pieces(observation.output)) or any(map(_has_own_keys, messages))
        return bool(messages) and all(map(is_chat, messages)) and ours

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


def _pieces(output: Any) -> list[Wire]:
    """Return the pieces of an answer, of which only a stream has several; none where it is not Ollama's."""
    pieces = output if isinstance(output, list) else [output]
    ours = all(isinstance(p, Mapping) and "done" in p and ("message" in p or "response" in p) for p in pieces)
    return pieces if ours else []


def _output(output: Any) -> Output:
    pieces = _pieces(output)
    if not pieces:
        return read_output(output)
    said = [_said(piece) for piece in pieces]
    whole: dict[str, Any] = {key: "".join(one.get(key) or "" for one in said) for key in ("content", "thinking")}
    whole["tool_calls"] = [call for one in said for call in one.get("tool_calls") or ()]
    return Output(whole, pieces[-1].get("done_reason"), repairs=(Repair.STREAM,) if len(pieces) > 1 else ())


def _said(piece: Wire) -> Wire:
    said = piece.get("message")
    return said if isinstance(said, Mapping) else {"content": piece.get("response"), "thinking": piece.get("thinking")}
