"""What is wrong with the tool calls of an answer, found by code, for production's answers as for the challengers'."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from jsonschema.exceptions import ValidationError

from judges import arguments
from judges.schemas import violations
from rollouts.types import Completion, Record, ToolCall, ToolDefinition

_DETAIL_CHARS: Final = 200
_HALF_A_WORD = re.compile(r"[\w.+-]*\s*")


class FaultKind(StrEnum):
    """The ways in which a tool call can be no good, whatever it was meant to do."""

    TRUNCATED = "truncated"
    """The model was cut off: at its limit with a call in the answer, or in the middle of the arguments."""
    NOT_AN_OBJECT = "not_an_object"
    """The arguments are complete, but no JSON object."""
    UNKNOWN_TOOL = "unknown_tool"
    """The tool was not among those offered."""
    MISSING_ARGUMENT = "missing_argument"
    """The schema requires an argument, at the top or further down, that is not there."""
    SCHEMA = "schema"
    """The arguments violate the tool's JSON schema in any other way."""


class Fault(Record):
    """One thing that is wrong with one call."""

    kind: FaultKind
    tool: str
    """The name in the call, whether offered or not."""
    detail: str
    """Where and what, for a person, in at most 200 characters; it may quote names, never values of the arguments."""


def faults(answer: Completion, tools: Iterable[ToolDefinition]) -> tuple[Fault, ...]:
    """Return all that is wrong with the calls of `answer`, in their order; empty also when it calls nothing.

    Where no tool at all is known, as in traces that do not log them, no call is held to be of an unknown one. A schema
    that is broken or refers to elsewhere is applied as far as it goes.
    """
    offered = {tool.name: tool for tool in tools}
    calls = answer.message.tool_calls
    last = len(calls) - 1
    return tuple(
        fault
        for index, call in enumerate(calls)
        for fault in _faults(call, offered, at_limit=answer.truncated and index == last)
    )


def _faults(call: ToolCall, offered: dict[str, ToolDefinition], *, at_limit: bool) -> Iterator[Fault]:
    if offered and call.name not in offered:
        yield _fault(FaultKind.UNKNOWN_TOOL, call, "not among the tools offered")
    try:
        given = arguments.read(call.arguments)
    except ValueError as error:
        yield _unread(call, error, at_limit=at_limit)
        return
    if at_limit:
        # Complete JSON proves nothing: where the limit strikes, some servers close what is still open.
        yield _fault(FaultKind.TRUNCATED, call, "the answer reached its token limit in or after this call")
    if not isinstance(given, dict):
        yield _fault(FaultKind.NOT_AN_OBJECT, call, f"the arguments are a JSON {_kind(given)}")
        return
    tool = offered.get(call.name)
    for violation in violations(given, tool.parameters or {}) if tool else ():
        yield _violation(call, violation)


def _unread(call: ToolCall, error: ValueError, *, at_limit: bool) -> Fault:
    if at_limit or _cut(call.arguments.strip(), error):
        return _fault(FaultKind.TRUNCATED, call, "the arguments end in the middle")
    why = f"{error.msg} at {error.pos}" if isinstance(error, json.JSONDecodeError) else "cannot be read"
    return _fault(FaultKind.NOT_AN_OBJECT, call, f"the arguments are not JSON: {why}")


def _cut(text: str, error: ValueError) -> bool:
    """Tell whether JSON breaks off, rather than being wrong: nothing but half a word follows the point of error."""
    if not text.startswith("{") or not isinstance(error, json.JSONDecodeError) or error.msg == "Extra data":
        return False
    return error.msg.startswith("Unterminated string") or _HALF_A_WORD.fullmatch(text, error.pos) is not None


def _violation(call: ToolCall, error: ValidationError) -> Fault:
    where = arguments.place(error.absolute_path)
    if error.validator == "required":
        return _fault(FaultKind.MISSING_ARGUMENT, call, f"{where}: {error.message}")
    return _fault(FaultKind.SCHEMA, call, f"{where}: against {error.validator} {_short(error)}")


def _short(error: ValidationError) -> str:
    """Return what the schema wanted, where that is short enough to help."""
    wanted = error.validator_value
    return json.dumps(wanted, ensure_ascii=False) if isinstance(wanted, str | int | float | list) else "(see schema)"


def _kind(value: object) -> str:
    kinds = {list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    return kinds.get(type(value), "null")


def _fault(kind: FaultKind, call: ToolCall, detail: str) -> Fault:
    return Fault(kind=kind, tool=call.name, detail=detail[:_DETAIL_CHARS].encode(errors="replace").decode())
