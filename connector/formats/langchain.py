"""LangChain and LangGraph, Python and JavaScript: messages as their callbacks write them, and a graph's state.

Tool definitions stand among the messages as if they were some, one call may be written three times, and a final state
repeats what it was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from connector.formats.content_blocks import is_answer
from connector.formats.format import Format, Reading, Unusable, decoded, malformed
from connector.formats.gathering import Gathering
from connector.formats.langchain_blocks import Wire
from connector.formats.langchain_messages import definition, is_ours, plain, read_answer, read_message, unwrapped
from connector.formats.outputs import read_output
from connector.formats.parameters import read_parameters
from connector.formats.pieces import beyond, finish_reason
from connector.formats.repairs import Repair
from connector.formats.tool_definitions import has_provider_tools, read_tools
from connector.traces import Observation
from connector.types import Fate
from rollouts.types import Message, Text

_OF_A_GENERATION = {"text", "generation_info", "message", "type"}


class LangChain(Format):
    """Role or type messages with LangChain's marks, alone, in a batch of one, or under `messages`."""

    rank: ClassVar[int] = 15

    def mine(self, observation: Observation) -> bool:
        """A message only LangChain writes, or any list of messages with its metadata."""
        asked = _listed(observation.input)
        if not asked or not all(map(plain, asked)):
            return False
        hinted = any(key.startswith(("ls_", "langgraph_", "lc_versions")) for key in observation.metadata)
        return hinted or any(map(is_ours, [*asked, *_listed(observation.output)]))

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        into = Gathering()
        with malformed("LangChain messages"):
            asked = [unwrapped(item) for item in _listed(observation.input)]
            wires = [wire for wire in asked if definition(wire) is None]
            offered = [*filter(None, map(definition, asked)), *(decoded(body.get("tools")) or ())]
            if has_provider_tools(offered):
                into.mended(Repair.PROVIDER_TOOLS)
            history = _history(wires, into)
            answer, before, reason = _answered(observation.output, history, into)
            return Reading(
                messages=(*history, *before),
                answer=answer,
                finish_reason=finish_reason(reason),
                tools=read_tools(offered),
                parameters=read_parameters(observation.parameters, body, _told(observation.metadata)),
                repairs=into.repairs,
            )


def _listed(value: Any) -> list[Any]:
    """Return the messages of a list, of a batch of one, of a state, of a generation, or one on its own."""
    found = unwrapped(value)
    if isinstance(found, Mapping) and found.get("lg_name") == "Command":
        found = found.get("update")
    if isinstance(found, Mapping):
        inner = found.get("messages", found.get("generations", found.get("message", [found])))
        found = decoded(inner)
        found = [found] if isinstance(found, Mapping | str) else found
    while isinstance(found, list) and len(found) == 1 and isinstance(found[0], list) and not plain(found[0]):
        found = found[0]
    if not isinstance(found, list):
        return []
    return [item["message"] if isinstance(item, Mapping) and "message" in item else item for item in found]


def _history(wires: Iterable[Wire], into: Gathering) -> tuple[Message, ...]:
    called: set[str] = set()
    found: list[Message] = []
    for wire in wires:
        read = tuple(read_message(wire, into, called))
        called |= {call.name for message in read for call in message.tool_calls}
        found += read
    return tuple(found)


def _answered(
    output: Any, history: tuple[Message, ...], into: Gathering
) -> tuple[Message | None, tuple[Message, ...], Any]:
    """Return the answer, what a state says before it, and why the model stopped."""
    if output in (None, "", {}, []):
        return None, (), None
    listed = _listed(output)
    if isinstance(output, str) or all(isinstance(item, str) for item in listed) or not all(map(plain, listed)):
        return _bare(output, into)
    wires = [unwrapped(item) for item in listed]
    if len(wires) == 1:
        return read_answer(wires[0], into), (), _reason(wires[0])
    new = beyond(_history(wires, Gathering()), history)
    if not new:
        return None, (), None
    if new[-1].role != "assistant":
        raise Unusable(Fate.UNREADABLE, "its final state does not end with an answer")
    return new[-1], new[:-1], _reason(wires[-1])


def _bare(output: Any, into: Gathering) -> tuple[Message | None, tuple[Message, ...], Any]:
    """Read what has neither role nor type: blocks, a part of a message, or the text of a generation."""
    if isinstance(output, list) and all(map(is_answer, output)):
        return read_answer({"role": "assistant", "content": output}, into), (), None
    first = next(iter(_listed(output)), None)
    if isinstance(first, Mapping) and first.keys() <= _OF_A_GENERATION and isinstance(first.get("text"), str):
        return Message(role="assistant", parts=(Text(content=first["text"]),)), (), None
    found = read_output(output)
    if found.before:
        raise Unusable(Fate.UNREADABLE, "its output is in no known form")
    wire = {"content": found.answer} if isinstance(found.answer, str) else found.answer
    into.mended(*found.repairs)
    answer = None if wire is None else read_answer({**wire, "role": "assistant"}, into)
    return answer, (), found.finish_reason


def _reason(wire: Wire) -> Any:
    beside = wire.get("response_metadata") or wire.get("additional_kwargs")
    names = ("finish_reason", "stop_reason", "finishReason", "stopReason", "done_reason")
    return next((beside[name] for name in names if beside.get(name)), None) if isinstance(beside, Mapping) else None


def _told(metadata: Wire) -> dict[str, Any]:
    return {name.removeprefix("ls_"): decoded(value) for name, value in metadata.items() if name.startswith("ls_")}
