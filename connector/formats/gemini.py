"""Gemini: `contents` of `parts`, as google-genai, Vertex, the REST API and ADK send and receive them.

Calls have no ids; they are made up by name and order. Keys come as camelCase or as snake_case, types in upper case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.gathering import Gathering, role_of
from connector.formats.gemini_request import either, settings, system_instruction, tools
from connector.formats.gemini_response import Response, response
from connector.formats.parameters import read_parameters
from connector.formats.pieces import finish_reason, media, unknown_part
from connector.formats.repairs import Repair
from connector.traces import Observation
from rollouts.types import Message, Part, Reasoning, Text

Wire = Mapping[str, Any]

_PARTS = frozenset(
    {"text", "thought", "functionCall", "functionResponse", "inlineData", "fileData", "executableCode"}
    | {"codeExecutionResult", "function_call", "function_response", "inline_data", "file_data", "executable_code"}
    | {"code_execution_result"}
)
_BESIDE = frozenset({"thought", "thought_signature", "thoughtSignature", "video_metadata", "videoMetadata"})


class Gemini(Format):
    """Contents as Google's SDKs send them, and the first candidate that came back."""

    rank: ClassVar[int] = 18

    def mine(self, observation: Observation) -> bool:
        """`contents`, ADK's `new_message`, or messages made of parts that name no type."""
        body = observation.input
        if isinstance(body, Mapping):
            return bool(body.get("contents")) or _is_content(either(body, "newMessage")) or _is_content(body)
        return isinstance(body, list) and bool(body) and all(map(_is_content, body))

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {"contents": observation.input}
        into = Gathering()
        with malformed("Gemini contents"):
            offered, own = tools(body, observation.parameters)
            if own:
                into.mended(Repair.PROVIDER_TOOLS)
            system = {"role": "system", "parts": system_instruction(body, observation.parameters)}
            asked = _contents(either(body, "contents", "newMessage") or body)
            told: list[Wire] = [system] if system["parts"] else []
            history = tuple(_messages([*told, *asked], into))
            answered = response(observation.output)
            return Reading(
                messages=history,
                answer=_answer(answered, into),
                finish_reason=finish_reason(answered.finish_reason),
                tools=offered,
                parameters=read_parameters(*settings(body, observation.parameters)),
                repairs=into.repairs,
            )


def _is_content(value: Any) -> bool:
    parts = value.get("parts") if isinstance(value, Mapping) else None
    listed = parts if isinstance(parts, list) else [parts]
    return bool(parts) and all(
        isinstance(part, str) or (isinstance(part, Mapping) and "type" not in part and bool(part.keys() & _PARTS))
        for part in listed
    )


def _contents(value: Any) -> list[Wire]:
    """A text, one content, or a list of contents; parts without one are a user's."""
    listed = decoded(value)
    found: list[Wire] = []
    for item in listed if isinstance(listed, list) else [listed]:
        if isinstance(item, Mapping) and "parts" in item:
            found.append(item)
        elif found and "loose" in found[-1]:
            found[-1]["parts"].append(item)
        else:
            found.append({"parts": [item], "loose": True})
    return found


def _messages(contents: list[Wire], into: Gathering) -> Iterator[Message]:
    for content in contents:
        yield from into.messages(role_of(content.get("role") or "user"), _parts(content["parts"], into))


def _parts(parts: Any, into: Gathering) -> Iterator[Part]:
    for part in parts if isinstance(parts, list) else [parts]:
        if isinstance(part, str):
            yield Text(content=part)
        elif part is not None:
            read = _part({key: value for key, value in part.items() if value is not None}, into)
            yield from () if read is None else (read,)


def _part(part: Wire, into: Gathering) -> Part | None:
    if call := either(part, "functionCall"):
        return into.call(call["name"], call.get("args") or {}, call.get("id"))
    if result := either(part, "functionResponse"):
        return into.result(result.get("response") or {}, result.get("id"), result.get("name"))
    if data := either(part, "inlineData", "fileData"):
        return media(either(data, "data", "fileUri"), either(data, "mimeType"))
    if either(part, "executableCode", "codeExecutionResult"):
        into.mended(Repair.PROVIDER_TOOLS)
        return None
    if "text" in part:
        return _text(part)
    if not part.keys() <= _BESIDE:
        raise unknown_part()
    return None


def _text(part: Wire) -> Text | Reasoning:
    signature = either(part, "thoughtSignature")
    if part.get("thought") is True:
        return Reasoning(content=part["text"], signature=signature if isinstance(signature, str) else None)
    return Text(content=part["text"])


def _answer(answered: Response, into: Gathering) -> Message | None:
    if answered.text is not None:
        return Message(role="assistant", parts=(Text(content=answered.text),))
    if answered.grounded:
        into.mended(Repair.PROVIDER_TOOLS)
    found: list[Part] = []
    for part in _parts(list(answered.parts), into):
        last = found[-1] if found else None
        if isinstance(last, Text | Reasoning) and isinstance(part, Text | Reasoning) and type(last) is type(part):
            found[-1] = last.model_copy(update={"content": last.content + part.content})
        else:
            found.append(part)
    return into.answer(found) if found else None
