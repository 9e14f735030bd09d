"""What the dialects share once each has said what is a text, a call or a result: ids, roles, order, named repairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connector.formats.call_ids import CallIds
from connector.formats.format import Unusable, decoded
from connector.formats.pieces import as_json
from connector.formats.repairs import Repair
from connector.types import Fate
from rollouts.types import Message, Part, Role, Text, ToolCall, ToolResult

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "toolresult": "tool",
}


def role_of(role: Any) -> Role:
    """Return one of our roles. Raises `Unusable` for a word that names none."""
    if (known := _ROLES.get(str(role).lower())) is None:
        raise Unusable(Fate.UNREADABLE, "a message of an unknown role")
    return known


class Gathering:
    """Reads one call's messages in order, and remembers what it mended and which calls wait for their results."""

    def __init__(self) -> None:
        self._mended: dict[str, None] = {}
        self._ids = CallIds()

    @property
    def repairs(self) -> tuple[str, ...]:
        """What was mended so far, by name."""
        return tuple(self._mended)

    def mended(self, *names: str) -> None:
        """Remember repairs."""
        self._mended |= dict.fromkeys(names)

    def call(self, name: Any, arguments: Any, logged_id: Any = None) -> ToolCall:
        """Return a call with an id of its own. Raises `TypeError` when it has no name."""
        if not isinstance(name, str) or not name:
            raise TypeError("a tool call without a name")
        given = self._ids.of_call(_single(logged_id), name)
        self._note_ids()
        return ToolCall(id=given, name=name, arguments=self.arguments(arguments))

    def arguments(self, given: Any) -> str:
        """Return arguments as JSON text, which may be broken."""
        if isinstance(given, str) and given.startswith('"') and isinstance(inner := decoded(given), dict):
            self.mended(Repair.TWICE_ENCODED)
            return as_json(inner)
        return as_json(given)

    def result(
        self, response: Any, logged_id: Any = None, name: Any = None, *, is_error: bool | None = None
    ) -> ToolResult:
        """Return a result under the id of its call: found by the logged id, else by name, else by order."""
        given = self._ids.of_result(_single(logged_id), name if isinstance(name, str) else None)
        self._note_ids()
        return ToolResult(id=given, response=_said(response), is_error=is_error)

    def messages(self, role: Role, parts: Iterable[Part]) -> Iterator[Message]:
        """Yield what one logged message holds, each tool result as a message of its own, in the order written."""
        held = [part for part in parts if not (isinstance(part, Text) and not part.content.strip())]
        if role == "assistant":
            held = self._without_server_tools(held)
        said: list[Part] = []
        for part in held:
            if role == "tool" and isinstance(part, Text):
                result = self.result(part.content)
            elif isinstance(part, ToolResult):
                result = part
            else:
                said.append(part)
                continue
            yield from _spoken(role, said)
            said = []
            yield Message(role="tool", parts=(result,))
        yield from _spoken(role, said)
        if not held:
            self.mended(Repair.EMPTY)

    def answer(self, parts: Iterable[Part]) -> Message:
        """Return an answer, which may hold nothing."""
        held = [part for part in parts if not (isinstance(part, Text) and not part.content.strip())]
        return Message(role="assistant", parts=tuple(self._without_server_tools(held)))

    def _without_server_tools(self, parts: list[Part]) -> list[Part]:
        """A result inside an assistant's message comes from a tool that its provider ran."""
        ran = {part.id for part in parts if isinstance(part, ToolResult)}
        if not ran:
            return parts
        self.mended(Repair.PROVIDER_TOOLS)
        return [part for part in parts if not (isinstance(part, ToolCall | ToolResult) and part.id in ran)]

    def _note_ids(self) -> None:
        if self._ids.mended:
            self.mended(Repair.CALL_IDS)
        if self._ids.orphans:
            self.mended(Repair.ORPHANS)


def _single(logged_id: Any) -> str | None:
    """The Microsoft Agent Framework writes `[run id, call id]`."""
    found = logged_id[-1] if isinstance(logged_id, list) and logged_id else logged_id
    return found if isinstance(found, str) and found else None


def _spoken(role: Role, parts: list[Part]) -> Iterator[Message]:
    if parts:
        if role == "tool":
            raise Unusable(Fate.UNREADABLE, "a tool's message that holds no result")
        yield Message(role=role, parts=tuple(parts))


def _said(response: Any) -> str:
    """Blocks of text are joined; anything else is JSON."""
    blocks = response if isinstance(response, list) and response else []
    if blocks and all(isinstance(b, Mapping) and isinstance(b.get("text"), str) for b in blocks):
        return "\n".join(block["text"] for block in blocks)
    return "" if response is None else as_json(response)
