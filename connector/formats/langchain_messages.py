"""One message of LangChain's: with a role or a type, as a tuple, or as its constructor's arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.formats.format import Unusable, decoded
from connector.formats.gathering import Gathering
from connector.formats.langchain_blocks import Wire, is_call, read_content
from connector.formats.pieces import as_json
from connector.types import Fate
from rollouts.canonical import canonical_json
from rollouts.types import Media, Message, Part, Reasoning, Role, Text

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "human": "user",
    "user": "user",
    "ai": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
}
_MARKS = frozenset({"additional_kwargs", "response_metadata", "invalid_tool_calls", "tool_call_chunks", "lc"})
_SAYS = frozenset({"content", "tool_calls", "data", "kwargs"})


def plain(value: Any) -> bool:
    """Tell whether it can be one message: a table that says something, `[role, text]`, or text."""
    if isinstance(value, list):
        return [type(item) for item in value] == [str, str] and value[0] in _ROLES
    if not isinstance(value, Mapping):
        return isinstance(value, str)
    wire = unwrapped(value)
    return bool(wire.keys() & _SAYS) and isinstance(wire.get("role", wire.get("type")), str) and "parts" not in wire


def is_ours(value: Any) -> bool:
    """Tell whether only LangChain writes a message so."""
    if isinstance(value, list):
        return plain(value)
    if not isinstance(value, Mapping):
        return False
    wire = unwrapped(value)
    calls = wire.get("tool_calls")
    listed = calls if isinstance(calls, list) else []
    typed = "role" not in wire and "content" in wire and _role_word(wire) in _ROLES
    parsed = any(isinstance(call, Mapping) and "args" in call and "name" in call for call in listed)
    return bool(value.keys() & _MARKS) or typed or parsed or definition(wire) is not None


def unwrapped(value: Any) -> Any:
    """Return the table of a message that was dumped as its constructor, as type and data, as a tuple, or as text."""
    if isinstance(value, list) and plain(value):
        return {"role": value[0], "content": value[1]}
    if isinstance(value, str):
        return {"role": "user", "content": value}
    if not isinstance(value, Mapping):
        return value
    name = value.get("id")
    if "lc" in value and isinstance(value.get("kwargs"), Mapping) and isinstance(name, list) and name:
        return {"type": str(name[-1]), **{key: val for key, val in value["kwargs"].items() if key != "type"}}
    if isinstance(value.get("data"), Mapping) and "type" in value and "content" not in value:
        return {"type": value["type"], **{key: val for key, val in value["data"].items() if key != "type"}}
    return value


def definition(wire: Any) -> Any:
    """Return the tool that a message defines: a tool's message that answers no call and holds a definition."""
    if not isinstance(wire, Mapping) or _role_word(wire) != "tool" or wire.get("tool_call_id"):
        return None
    said = decoded(wire.get("content"))
    if not isinstance(said, Mapping) or isinstance(wire.get("content"), str):
        return None
    if isinstance(said.get("toolSpec"), Mapping):
        schema = said["toolSpec"].get("inputSchema") or {}
        return {**said["toolSpec"], "parameters": schema.get("json", schema)}
    schema = said.keys() & {"input_schema", "parameters", "inputSchema"}
    return said if said.get("type") == "function" or ("name" in said and schema) else None


def read_message(wire: Wire, into: Gathering, called: set[str]) -> Iterator[Message]:
    """Read one of a history. In JavaScript a tool's message has the name of its tool, one of `called`, as its role."""
    role = _ROLES.get(_role_word(wire))
    if role is None and str(wire.get("role")) in called:
        yield from into.messages("tool", [_result(wire, str(wire["role"]), into)])
    elif role is None:
        raise Unusable(Fate.UNREADABLE, "a message of an unknown role")
    elif role == "tool":
        yield from into.messages("tool", [_result(wire, wire.get("name"), into)])
    else:
        name = wire.get("name") if isinstance(wire.get("name"), str) and wire.get("name") else None
        parts = _parts(wire, into)
        yield from (m.model_copy(update={"name": name}) if m.role == role else m for m in into.messages(role, parts))


def read_answer(wire: Wire, into: Gathering) -> Message:
    """Read an answer. Raises `Unusable` where nothing of it can be used."""
    if _ROLES.get(_role_word(wire)) != "assistant":
        raise Unusable(Fate.UNREADABLE, "its output is not an assistant's")
    answer = into.answer(_parts(wire, into))
    if wire.get("invalid_tool_calls") and not answer.text.strip() and len(answer.tool_calls) == len(_broken(wire)):
        raise Unusable(Fate.UNREADABLE, "its answer is a tool call in broken JSON")
    return answer


def _role_word(wire: Wire) -> str:
    """`AIMessageChunk` is an `ai`; a free `role` counts where the type is `chat`."""
    word = wire.get("role") or wire.get("type")
    return str(word).removesuffix("Chunk").removesuffix("Message").lower()


def _parts(wire: Wire, into: Gathering) -> list[Part]:
    content = wire.get("content")
    beside = wire.get("additional_kwargs")
    beside = beside if isinstance(beside, Mapping) else {}
    thoughts = beside.get("reasoning_content")
    said = list(read_content(content, into))
    if isinstance(thoughts, str) and thoughts and not any(isinstance(part, Reasoning) for part in said):
        said.insert(0, Reasoning(content=thoughts))
    return [*said, *(into.call(*call) for call in _calls(wire, content, beside))]


def _calls(wire: Wire, content: Any, beside: Wire) -> list[tuple[Any, Any, Any]]:
    """One call may stand in `tool_calls`, in the content and in `additional_kwargs`: it counts once."""
    function = beside.get("function_call")
    places = (
        wire.get("tool_calls"),
        [block for block in content if is_call(block)] if isinstance(content, list) else (),
        beside.get("tool_calls"),
        [{"function": function}] if isinstance(function, Mapping) else (),
        _broken(wire),
    )
    found: list[tuple[Any, Any, Any]] = []
    for place in places:
        known = {call[2] for call in found if call[2]} | {_form(call) for call in found}
        new = [_call(call) for call in decoded(place) or () if isinstance(call, Mapping)]
        found += [call for call in new if call[2] not in known and (call[2] or _form(call) not in known)]
    return found


def _broken(wire: Wire) -> list[Any]:
    """Calls that LangChain could not parse, their arguments as the model wrote them."""
    return [call for call in wire.get("invalid_tool_calls") or () if isinstance(call, Mapping) and call.get("name")]


def _call(call: Wire) -> tuple[Any, Any, Any]:
    function = call.get("function") or call
    arguments: Any = next(
        (function[key] for key in ("args", "input", "arguments") if function.get(key) is not None), {}
    )
    return function["name"], arguments, call.get("call_id") or call.get("id")


def _form(call: tuple[Any, Any, Any]) -> str:
    return f"{call[0]} {canonical_json(as_json(call[1]))}"


def _result(wire: Wire, name: Any, into: Gathering) -> Part:
    content = wire.get("content")
    shown = list(read_content(content, Gathering())) if isinstance(content, list) and _is_blocks(content) else []
    said = "\n".join(part.content for part in shown if isinstance(part, Text)) if shown else as_json(content)
    failed = {"error": True}.get(str(wire.get("status")))
    result = into.result("" if content is None else said, wire.get("tool_call_id"), name, is_error=failed)
    return result.model_copy(update={"media": tuple(part for part in shown if isinstance(part, Media))})


def _is_blocks(content: list[Any]) -> bool:
    return all(isinstance(block, str) or (isinstance(block, Mapping) and "type" in block) for block in content)
