"""Dify's model calls: messages with `text` and `files`, no content; what it asks for itself is nobody's turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, Unusable, decoded, malformed
from connector.formats.openai_chat import read_chat
from connector.formats.openai_messages import ROLES
from connector.formats.outputs import read_output
from connector.traces import Observation
from connector.types import Fate

Wire = Mapping[str, Any]

_ITS_OWN = ("suggested_question", "generate_conversation_name")
"""Generations that Dify makes for its own user interface."""
_KINDS = {"image": "image_url", "document": "document_url"}


class Dify(Format):
    """An LLM node, or the message of a chat."""

    rank: ClassVar[int] = 25

    def mine(self, observation: Observation) -> bool:
        """Messages whose words are below `text`, or a generation of Dify's own."""
        messages = _messages(observation.input)
        return observation.name in _ITS_OWN or (bool(messages) and all(map(_is_message, messages)))

    def read(self, observation: Observation) -> Reading:
        """Read it as chat."""
        if observation.name in _ITS_OWN:
            raise Unusable(Fate.FILTERED, "what Dify asks for itself")
        with malformed("Dify messages"):
            asked = {"messages": list(map(_as_chat, _messages(observation.input)))}
            return read_chat(observation.model_copy(update={"input": asked}), read_output(observation.output))


def _messages(value: Any) -> list[Any]:
    found = decoded(value.get("messages")) if isinstance(value, Mapping) else value
    return found if isinstance(found, list) else []


def _is_message(message: Any) -> bool:
    if not isinstance(message, Mapping) or "content" in message or not isinstance(message.get("text"), str):
        return False
    return isinstance(message.get("role"), str) and message["role"].lower() in ROLES


def _as_chat(message: Wire) -> Wire:
    files = [_file(file) for file in message.get("files") or ()]
    return {**message, "content": [{"type": "text", "text": message["text"]}, *files] if files else message["text"]}


def _file(file: Wire) -> Wire:
    kind, address = file.get("type"), file.get("url") or file.get("remote_url") or file.get("data")
    if kind not in _KINDS or not isinstance(address, str):
        raise Unusable(Fate.UNREADABLE, "a file of an unknown type")
    return {"type": _KINDS[kind], _KINDS[kind]: address}
