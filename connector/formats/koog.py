"""Koog: the calls of an assistant are JSON in its content, in a history even under the role `tool`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.attributes import scope
from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.openai_chat import is_chat, listed, read_chat
from connector.formats.outputs import Output, read_output
from connector.formats.repairs import Repair
from connector.traces import Observation

Wire = Mapping[str, Any]


class Koog(Format):
    """Chat as JetBrains' Koog writes it."""

    rank: ClassVar[int] = 25

    def mine(self, observation: Observation) -> bool:
        """Chat messages by Koog's own word, or with a list of calls as the text of a `tool`."""
        messages, _ = listed(observation.input)
        if not messages or not all(map(is_chat, messages)):
            return False
        return scope(observation).endswith("koog") or any(m["role"] == "tool" and _calls(m) for m in messages)

    def read(self, observation: Observation) -> Reading:
        """Read it as chat, each call where chat has it; an output's elements are pieces of one answer."""
        with malformed("Koog messages"):
            body = dict(observation.input) if isinstance(observation.input, Mapping) else {}
            asked = body | {"messages": [_as_chat(message) for message in listed(observation.input)[0]]}
            reading = read_chat(observation.model_copy(update={"input": asked}), _output(observation.output))
            named = dict.fromkeys((*reading.repairs, Repair.JSON_IN_TEXT))
            return reading.model_copy(update={"repairs": tuple(named)}) if _hidden(observation) else reading


def _calls(message: Any) -> list[Any]:
    """Return the calls that hide in a message's text."""
    found = decoded(message.get("content")) if isinstance(message, Mapping) else None
    calls = found if isinstance(found, list) else []
    return (
        calls if all(isinstance(call, Mapping) and isinstance(call.get("function"), Mapping) for call in calls) else []
    )


def _as_chat(message: Wire) -> Wire:
    calls = _calls(message)
    return {"role": "assistant", "content": None, "tool_calls": calls} if calls else message


def _hidden(observation: Observation) -> bool:
    output = observation.output if isinstance(observation.output, list) else [observation.output]
    return any(map(_calls, (*listed(observation.input)[0], *output)))


def _output(output: Any) -> Output:
    pieces = output if isinstance(output, list) else [output]
    calls = [call for piece in pieces for call in _calls(piece)]
    if not calls:
        return read_output(output)
    said = [piece["content"] for piece in pieces if not _calls(piece) and piece.get("content")]
    return Output({"role": "assistant", "content": "\n".join(said), "tool_calls": calls})
