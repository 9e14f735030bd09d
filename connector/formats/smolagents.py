"""smolagents: chat whose calls and results are texts, under the roles `tool-call` and `tool-response`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, malformed
from connector.formats.openai_chat import is_chat, listed, read_chat
from connector.formats.outputs import read_output
from connector.traces import Observation

Wire = Mapping[str, Any]

_SENT_AS = {"tool-call": "assistant", "tool-response": "user"}
"""The roles under which it shows them to a model."""


class Smolagents(Format):
    """A step of an agent that writes its calls as text or as code."""

    rank: ClassVar[int] = 25

    def mine(self, observation: Observation) -> bool:
        """Its own roles, or roles by their name in Python."""
        messages, _ = listed(observation.input)
        ours = any(_role(message) in _SENT_AS or "." in str(message.get("role")) for message in messages)
        return ours and all(is_chat(_as_chat(message)) for message in messages)

    def read(self, observation: Observation) -> Reading:
        """Read it as chat, in the roles that the model saw."""
        with malformed("messages of smolagents"):
            body = dict(observation.input) if isinstance(observation.input, Mapping) else {}
            asked = body | {"messages": [_as_chat(message) for message in listed(observation.input)[0]]}
            output = observation.output
            said = _as_chat(output) if isinstance(output, Mapping) and "role" in output else output
            return read_chat(observation.model_copy(update={"input": asked}), read_output(said))


def _role(message: Wire) -> str:
    """`MessageRole.TOOL_CALL` is `tool-call`."""
    return str(message.get("role")).rpartition(".")[2].lower().replace("_", "-")


def _as_chat(message: Wire) -> Wire:
    return {**message, "role": _SENT_AS.get(_role(message), _role(message))}
