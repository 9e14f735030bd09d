"""What the output of a chat call says: a message, choices, several messages, text, or a table that is the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from connector.formats.content_blocks import as_message, is_answer
from connector.formats.envelopes import is_envelope
from connector.formats.format import Unusable
from connector.formats.openai_messages import ROLES
from connector.formats.repairs import Repair
from connector.formats.streams import merged
from connector.types import Fate

Wire = Mapping[str, Any]

_OF_A_MESSAGE = {"content", "tool_calls", "toolCalls", "function_call", "refusal"}
# fmt: off
_BESIDE_IT = {
    "annotations", "audio", "finish_reason", "id", "metadata", "model", "name", "provider_specific_fields", "reasoning",
    "reasoning_content", "role", "stop_reason", "stop_sequence", "thinking", "thinking_blocks", "type", "usage",
}
# fmt: on
_OF_A_CHOICE = {"message", "text", "delta", "finish_reason", "index", "logprobs"}
_TEXT = ("text", "output_text", "completion")
"""Keys that hold a whole answer when nothing but figures stands beside them."""


class Output(NamedTuple):
    """One output, before its messages are read."""

    answer: Wire | str | None
    """A message, a text, or nothing."""
    finish_reason: Any = None
    before: tuple[Wire, ...] = ()
    """Messages that the output holds in front of its answer; they may repeat the history."""
    repairs: tuple[str, ...] = ()


def read_output(output: Any) -> Output:
    """Tell the answer from what surrounds it. Raises `Unusable` for an envelope that is none of chat's."""
    if output in (None, "", {}, []):
        return Output(None)
    if (whole := merged(output)) is not None:
        return _first([whole], Repair.STREAM)
    if isinstance(output, Mapping) and _are_choices(output.get("choices")):
        return _first(output["choices"])
    if _is_choice(output):
        return _choice(output)
    several = output.get("messages") if isinstance(output, Mapping) else output
    if several == []:
        return Output(None)
    return _several(several) if isinstance(several, list) and _are_messages(several, output) else _single(output)


def as_text(value: Any) -> str:
    """Return text as it is, and a number or a structured answer as JSON. Raises `Unusable` for a foreign envelope."""
    if isinstance(value, str):
        return value
    tables = [table for table in (value if isinstance(value, list) else [value]) if isinstance(table, Mapping)]
    if any(map(is_envelope, tables)):
        raise Unusable(Fate.UNREADABLE, "its output is in no known form")
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)  # orjson refuses numbers beyond 64 bits


def _several(values: list[Any]) -> Output:
    """Choices are alternatives; messages are alternatives or a dialogue; bare calls are one answer."""
    if len(values) == 1 and isinstance(values[0], list) and values[0] and all(map(is_message, values[0])):
        return _several(values[0])
    present = [value for value in values if value is not None]
    if present and all(map(is_message, present)):
        return _last(present)
    if present and all(map(_is_choice, present)):
        return _first(present)
    if present and all(map(is_answer, present)):
        return Output(as_message(present))
    if present and all(map(_is_bare_call, present)):
        return Output({"role": "assistant", "tool_calls": list(map(_as_call, present))})
    return Output(as_text(values))


def _single(output: Any) -> Output:
    if is_message(output):
        return Output(output, output.get("finish_reason"))
    if isinstance(output, Mapping) and isinstance(output.get("text"), str) and "toolCalls" in output:
        return _result(output)
    if isinstance(output, Mapping) and output.keys() <= {*_TEXT, *_BESIDE_IT}:
        said = [output[key] for key in _TEXT if isinstance(output.get(key), str)]
        if len(said) == 1:
            return Output(said[0] or None, output.get("finish_reason"))
    return Output(as_text(output))


def _result(output: Wire) -> Output:
    """Read what the AI SDK's functions return, which Mastra logs as it is."""
    calls = [call for call in output["toolCalls"] or () if isinstance(call, Mapping)]
    said = {"role": "assistant", "content": output["text"], "tool_calls": list(map(_as_call, calls))}
    return Output(said, output.get("finishReason"))


def _are_choices(value: Any) -> bool:
    """A model may well answer with `choices` of its own."""
    return isinstance(value, list) and all(isinstance(c, Mapping) and c.keys() & _OF_A_CHOICE for c in value)


def _is_choice(value: Any) -> bool:
    """A table around a message; one whose `message` is none is an answer of its own."""
    said = value.get("message") if isinstance(value, Mapping) else None
    return is_message(said) or (said == {} and value.keys() <= _OF_A_CHOICE)


def _are_messages(values: list[Any], output: Any) -> bool:
    """A list that is the output, or one that its `messages` hold; what is no message there is an answer of its own."""
    return values is output or all(value is None or isinstance(value, list) or is_message(value) for value in values)


def is_message(value: Any) -> bool:
    """A structured answer may have a `content` of its own, but then other keys too, and no role."""
    if not isinstance(value, Mapping) or not value.keys() & _OF_A_MESSAGE:
        return False
    return "role" in value or value.keys() <= _OF_A_MESSAGE | _BESIDE_IT


def _is_bare_call(value: Any) -> bool:
    return isinstance(value, Mapping) and {"toolCallId", "toolName"} <= value.keys() and value.get("type") is None


def _as_call(call: Wire) -> Wire:
    """Spell a call as chat does: a server that finds calls without a message stores them so."""
    told = call.get("payload", call)  # Mastra wraps it
    return {
        "id": told["toolCallId"],
        "function": {"name": told["toolName"], "arguments": told.get("input", told.get("args"))},
    }


def _first(choices: list[Any], *repairs: str) -> Output:
    if not choices:
        return Output(None)
    return _choice(choices[0])._replace(repairs=(*repairs, *([Repair.ALTERNATIVES] if len(choices) > 1 else [])))


def _choice(choice: Any) -> Output:
    if not isinstance(choice, Mapping):
        return Output(as_text(choice))
    said = choice.get("message", choice.get("text"))
    if said in (None, "", {}):
        return Output(None)
    return Output(said if isinstance(said, str) or is_message(said) else as_text(said), choice.get("finish_reason"))


def _last(messages: list[Wire]) -> Output:
    """Several answers are alternatives, of which the first is taken; a dialogue ends with its answer."""
    if all(ROLES.get(str(message.get("role", "assistant")).lower()) == "assistant" for message in messages):
        repairs = (Repair.ALTERNATIVES,) if len(messages) > 1 else ()
        return Output(messages[0], messages[0].get("finish_reason"), repairs=repairs)
    return Output(messages[-1], messages[-1].get("finish_reason"), before=tuple(messages[:-1]))
