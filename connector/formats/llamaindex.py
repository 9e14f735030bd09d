"""LlamaIndex: messages made of blocks with a `block_type`; an answer as `str(ChatResponse)`, which loses its calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connector.formats.attributes import scope
from connector.formats.format import Format, Reading, Unusable, decoded, malformed
from connector.formats.gathering import Gathering, role_of
from connector.formats.outputs import as_text
from connector.formats.parameters import read_parameters
from connector.formats.pieces import media, unknown_part, wires_of
from connector.formats.tool_definitions import read_tools
from connector.traces import Observation
from connector.types import Fate
from rollouts.types import Media, Message, Part, Reasoning, Text

Wire = Mapping[str, Any]

_SPOKEN = re.compile(r"(assistant|model|ai): ?(.*)", re.DOTALL | re.IGNORECASE)
_MEDIA = ("image", "audio", "video", "document")


class LlamaIndex(Format):
    """What OpenInference's instrumentation logs of a chat call."""

    rank: ClassVar[int] = 10

    def mine(self, observation: Observation) -> bool:
        """Messages with LlamaIndex's blocks, or any messages under its instrumentation's name."""
        messages = wires_of(observation.input)
        spoken = all(isinstance(wire.get("role"), str) and wire.keys() & {"blocks", "content"} for wire in messages)
        ours = any(map(_has_blocks, messages)) or scope(observation).endswith("llama_index")
        return bool(messages) and spoken and ours

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        into = Gathering()
        with malformed("LlamaIndex messages"):
            history = tuple(message for wire in wires_of(observation.input) for message in _read(wire, into))
            return Reading(
                messages=history,
                answer=_answer(observation.output, into),
                tools=read_tools(body.get("tools")),
                parameters=read_parameters(observation.parameters, body),
                repairs=into.repairs,
            )


def _has_blocks(wire: Wire) -> bool:
    listed = wire.get("blocks")
    return isinstance(listed, list) and all(isinstance(block, Mapping) and "block_type" in block for block in listed)


def _read(wire: Wire, into: Gathering) -> Iterator[Message]:
    role, beside = role_of(wire["role"].rpartition(".")[2]), _beside(wire)
    parts = list(_parts(wire, into))
    if role == "tool":
        said = "\n".join(part.content for part in parts if isinstance(part, Text))
        result = into.result(said, beside.get("tool_call_id"), beside.get("name"))
        shown = tuple(part for part in parts if isinstance(part, Media))
        yield from into.messages("tool", [result.model_copy(update={"media": shown})])
    else:
        yield from into.messages(role, parts)


def _beside(wire: Wire) -> Wire:
    found = decoded(wire.get("additional_kwargs"))
    return found if isinstance(found, Mapping) else {}


def _parts(wire: Wire, into: Gathering) -> Iterator[Part]:
    """Newer versions keep calls among the blocks; older ones as the provider's objects beside them."""
    content = wire.get("content")
    listed = wire.get("blocks") or ([{"block_type": "text", "text": content}] if isinstance(content, str) else [])
    for block in listed:
        yield _part(block, into)
    if not any(block["block_type"] == "tool_call" for block in listed):
        for call in decoded(_beside(wire).get("tool_calls")) or ():
            if not isinstance(call, Mapping):
                raise _lost_calls()
            function = call.get("function") or call
            yield into.call(function["name"], function.get("arguments") or {}, call.get("id"))


def _part(block: Wire, into: Gathering) -> Part:
    kind = block["block_type"]
    if kind == "text":
        return Text(content=block["text"])
    if kind == "thinking":
        return Reasoning(content=block.get("content") or "")
    if kind == "tool_call":
        return into.call(block["tool_name"], block.get("tool_kwargs") or {}, block.get("tool_call_id"))
    if kind not in _MEDIA:
        raise unknown_part()
    content = next((block[key] for key in ("url", kind, "data") if block.get(key)), None)
    found = media(content, next((block[key] for key in (f"{kind}_mimetype", "format") if block.get(key)), None))
    return found.model_copy(update={"modality": kind})


def _answer(output: Any, into: Gathering) -> Message | None:
    if output in (None, "", {}, []):
        return None
    wire = output.get("message", output) if isinstance(output, Mapping) else output
    if isinstance(wire, Mapping) and wire.keys() & {"blocks", "content"} and "role" in wire:
        return into.answer(_parts(wire, into))
    said = as_text(output)
    spoken = _SPOKEN.fullmatch(said)
    said = spoken[2] if spoken else said
    if spoken and said.strip() in ("None", ""):
        raise _lost_calls()
    return Message(role="assistant", parts=(Text(content=said),))


def _lost_calls() -> Unusable:
    return Unusable(Fate.UNREADABLE, "the tool calls of its answer were not logged")
