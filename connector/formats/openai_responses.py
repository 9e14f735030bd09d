"""OpenAI's Responses API: text or items in; one item, a list of them, or the whole response out.

The SDK wrappers log `input` alone or the request's body; the Agents SDK logs the response, which repeats instructions
and tools. What a server-side state held is not logged: such a history begins with a tool's result, and is completed
from the calls before it elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, Unusable, decoded, malformed
from connector.formats.openai_messages import ChatReader
from connector.formats.outputs import read_output
from connector.formats.parameters import is_marker, read_parameters
from connector.formats.repairs import Repair
from connector.formats.responses_items import is_item, read_items, read_response
from connector.formats.tool_definitions import has_provider_tools, read_tools
from connector.traces import Observation
from connector.types import Fate
from rollouts.types import Message, Text

Wire = Mapping[str, Any]

_CUT = {"max_output_tokens": "length", "content_filter": "content_filter"}


class OpenAIResponses(Format):
    """Calls of the Responses API, by the OpenAI SDK, the Agents SDK or LiteLLM."""

    rank: ClassVar[int] = 15

    def mine(self, observation: Observation) -> bool:
        """Items on either side, a whole response, or instructions beside the input."""
        asked, answered = _items(observation.input), _response(observation.output)
        if asked is None:
            return False
        out = answered["output"] if answered is not None else observation.output
        shown = [*asked, *(out if isinstance(out, list) else [out])]
        return any(map(is_item, shown)) or answered is not None or _instructed(observation) is not None

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters; instructions come first, as the system's word."""
        with malformed("Responses items"):
            return _read(observation)


def _read(observation: Observation) -> Reading:
    body = observation.input if isinstance(observation.input, Mapping) else {}
    response = _response(observation.output) or {}
    asked = _items(observation.input) or []
    offered = decoded(body.get("tools") or response.get("tools") or observation.metadata.get("tools")) or ()
    reader = ChatReader()
    reader.mended(*([Repair.NULLS] if None in asked else []))
    history = tuple(read_items([item for item in asked if item is not None], reader))
    answer = _answer(response.get("output", observation.output), reader)
    if response.get("error"):
        raise Unusable(Fate.FAILED, "the call ended in an error")
    if has_provider_tools(offered):
        reader.mended(Repair.PROVIDER_TOOLS)
    return Reading(
        messages=(*_told(observation, history, reader), *history),
        answer=answer,
        finish_reason=_finish(response, answer),
        tools=read_tools(offered),
        parameters=read_parameters(observation.parameters, body, response),
        repairs=reader.repairs,
    )


def _items(value: Any) -> list[Any] | None:
    """Return what was asked as items; `None` where it is neither text nor a list of tables."""
    asked = decoded(value.get("input")) if isinstance(value, Mapping) and "input" in value else value
    if isinstance(asked, Mapping) and is_item(asked):
        return [asked]
    if isinstance(asked, str) and asked.strip():
        return [{"role": "user", "content": asked}]
    if isinstance(asked, list) and asked and all(item is None or _is_readable(item) for item in asked):
        return asked
    return None


def _is_readable(item: Any) -> bool:
    return is_item(item) or (isinstance(item, Mapping) and ("role" in item and "content" in item))


def _response(output: Any) -> Wire | None:
    """Return a whole response, alone or as the last event of its stream."""
    if isinstance(output, list):
        ended = [e["response"] for e in output if isinstance(e, Mapping) and isinstance(e.get("response"), Mapping)]
        output = ended[-1] if ended else None
    if not isinstance(output, Mapping) or not isinstance(output.get("output"), list):
        return None
    return output if output.get("object") == "response" or any(map(is_item, output["output"])) else None


def _instructed(observation: Observation) -> Any:
    """Return the instructions, from the nearest place that has some."""
    body = observation.input if isinstance(observation.input, Mapping) else {}
    places = (body, _response(observation.output) or {}, observation.parameters, observation.metadata)
    return next((found for place in places if (found := place.get("instructions")) and not is_marker(found)), None)


def _told(observation: Observation, history: tuple[Message, ...], reader: ChatReader) -> Iterator[Message]:
    instructions = decoded(_instructed(observation))
    if isinstance(instructions, list):
        yield from read_items(instructions, reader)
    elif isinstance(instructions, str):
        said = Message(role="system", parts=(Text(content=instructions),))
        if said not in history:
            yield said


def _answer(output: Any, reader: ChatReader) -> Message | None:
    items = [output] if is_item(output) else output if isinstance(output, list) else []
    items = [item for item in items if item is not None]
    if items and any(map(is_item, items)):
        return read_response(items, reader)
    said = read_output(output).answer if output else None
    if isinstance(said, str):
        return Message(role="assistant", parts=(Text(content=said),))
    return None if said is None else reader.message({"role": "assistant", **said})


def _finish(response: Wire, answer: Message | None) -> str | None:
    """Return why the model stopped, where the response says how it ended."""
    if response.get("status") == "completed":
        return "tool_calls" if answer is not None and answer.tool_calls else "stop"
    details = response.get("incomplete_details")
    return _CUT.get(str(details.get("reason"))) if isinstance(details, Mapping) else None
