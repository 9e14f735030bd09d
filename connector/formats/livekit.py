"""LiveKit agents: a chat context, `{"items": [message | function_call | function_call_output | …]}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connector.formats.blocks import read_blocks
from connector.formats.format import Format, Reading, Unusable, malformed
from connector.formats.gathering import Gathering, role_of
from connector.formats.outputs import as_text
from connector.formats.parameters import read_parameters
from connector.traces import Observation
from connector.types import Fate
from rollouts.types import Message, Part, Text

Wire = Mapping[str, Any]

_ASIDE = ("agent_handoff", "agent_config_update")
"""Items that the model does not see."""


class LiveKit(Format):
    """Items in the order in which they were said."""

    rank: ClassVar[int] = 11

    def mine(self, observation: Observation) -> bool:
        """A table of items, each of a type."""
        items = _items(observation.input)
        return bool(items) and all(isinstance(item, Mapping) and isinstance(item.get("type"), str) for item in items)

    def read(self, observation: Observation) -> Reading:
        """Read history and answer."""
        into = Gathering()
        with malformed("chat context"):
            history = tuple(_messages(_items(observation.input), into))
            said = observation.output
            return Reading(
                messages=history,
                answer=None if said in (None, "", {}, []) else _answer(said, into),
                parameters=read_parameters(observation.parameters),
                repairs=into.repairs,
            )


def _items(value: Any) -> list[Any]:
    found = value.get("items") if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else []


def _messages(items: list[Wire], into: Gathering) -> Iterator[Message]:
    """Yield messages; parallel calls, which are items of their own, belong to what the assistant said before them."""
    said: list[Part] = []
    for item in items:
        if item["type"] == "function_call":
            said.append(into.call(item["name"], item.get("arguments"), item.get("call_id")))
        elif item["type"] == "message" and role_of(item["role"]) == "assistant":
            yield from _spoken(said, into)
            said = [*read_blocks(item["content"], into)]
        else:
            yield from _spoken(said, into)
            said = []
            yield from _other(item, into)
    yield from _spoken(said, into)


def _spoken(said: list[Part], into: Gathering) -> Iterator[Message]:
    if said:
        yield from into.messages("assistant", said)


def _other(item: Wire, into: Gathering) -> Iterator[Message]:
    if item["type"] == "message":
        yield from into.messages(role_of(item["role"]), read_blocks(item["content"], into))
    elif item["type"] == "function_call_output":
        failed = item.get("is_error") is True or None
        result = into.result(item.get("output"), item.get("call_id"), item.get("name"), is_error=failed)
        yield from into.messages("tool", [result])
    elif item["type"] not in _ASIDE:
        raise Unusable(Fate.UNREADABLE, "an item of an unknown type")


def _answer(output: Any, into: Gathering) -> Message:
    """Text, or a context of its own with calls in it."""
    items = _items(output)
    if not items:
        return Message(role="assistant", parts=(Text(content=as_text(output)),))
    return into.answer(part for message in _messages(items, into) for part in message.parts)
