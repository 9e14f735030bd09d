"""Calls whose system prompt or tools were logged with another call of their run → calls that have them. Pure.

Some clients log tools or prompt with the first call alone. A run's calls have one parent and one model. Tools are lent
where a call's own messages use them: one that uses none may have been offered none. The prompt is lent where one call
goes on where the other ends: guards that are asked the same in parallel have prompts of their own. The call says so in
`repairs`. Nothing is lent from another trace: a prompt may have changed between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connector.calls.completing import is_wanting, lent
from connector.calls.tree import Tree
from connector.traces import Call
from connector.types import digest
from rollouts.canonical import fingerprint
from rollouts.types import Message, ToolDefinition

FROM_CALL = "its system prompt or tools came from another call of the run"
"""Named among a call's repairs."""


def told_by_calls(calls: Sequence[Call], tree: Tree) -> list[Call]:
    """Complete calls from others of their run."""
    lenders: dict[tuple[str | None, str | None], _Lenders] = defaultdict(_Lenders)
    wanting = {_run(call, tree) for call in calls if is_wanting(call)}
    for call in calls:
        if _run(call, tree) in wanting:
            lenders[_run(call, tree)].add(call)
    return [lenders[_run(call, tree)].lend(call) if is_wanting(call) else call for call in calls]


class _Lenders:
    """What the calls of one run can lend, the earliest first."""

    def __init__(self) -> None:
        self._tools: dict[frozenset[str], tuple[ToolDefinition, ...]] = {}
        self._ends: dict[str, tuple[Message, ...]] = {}
        """The prompt of a call, by all that was said up to its answer."""
        self._within: dict[str, tuple[Message, ...]] = {}
        """The prompt of a call, by each beginning of what it was asked."""

    def add(self, call: Call) -> None:
        """Remember the tools and the prompt of a call, if it has any."""
        if call.tools:
            self._tools.setdefault(frozenset(tool.name for tool in call.tools), call.tools)
        prompt = tuple(message for message in call.messages if message.role == "system")
        if prompt:
            begun = _beginnings(call.messages)
            self._ends.setdefault(_end(begun, call), prompt)
            for each in begun:
                self._within.setdefault(each, prompt)

    def lend(self, call: Call) -> Call:
        """Complete a call."""
        used = {asked.name for message in (*call.messages, *_said(call)) for asked in message.tool_calls}
        fitting = (tools for names, tools in self._tools.items() if used and used <= names)
        return lent(call, self._prompt(call), next(fitting, ()), FROM_CALL)

    def _prompt(self, call: Call) -> tuple[Message, ...]:
        if not self._ends or any(message.role == "system" for message in call.messages):
            return ()
        begun = _beginnings(call.messages)
        found = [self._within.get(_end(begun, call)), *(self._ends.get(each) for each in begun)]
        return next(filter(None, found), ())


def _run(call: Call, tree: Tree) -> tuple[str | None, str | None]:
    seen = tree.observations.get(call.observation_id)
    return seen.parent_id if seen else None, call.answer.model if call.answer else None


def _beginnings(messages: Sequence[Message]) -> list[str]:
    """Return a hash of the first message, of the first two, and so on; system prompts aside."""
    found = list[str]()
    for message in messages:
        if message.role != "system":
            found.append(digest(*found[-1:], fingerprint(message)))
    return found


def _end(begun: Sequence[str], call: Call) -> str:
    return digest(*begun[-1:], *map(fingerprint, _said(call)))


def _said(call: Call) -> tuple[Message, ...]:
    return (call.answer.message,) if call.answer else ()
