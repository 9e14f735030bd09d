"""Answers by what was asked, so that nothing is bought twice: in no other epoch, and not after the state was lost."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from rollouts.types import Completion, Message, Request, ToolCall, ToolResult

_CUT: Final = frozenset({"length", "content_filter", "error"})
"""Ways to finish that are somebody else's doing, not the model's own end."""


class Cache(Protocol):
    """Answers by the content of their question. What is not there is bought; losing it all loses money only."""

    async def get(self, content: str, trace_id: str) -> Completion | None:
        """Return the answer to this content, and note that the trace `trace_id` lives on in it too."""

    async def put(self, content: str, completion: Completion, trace_id: str) -> None:
        """Keep an answer that is whole and could be read."""


class NoCache:
    """Knows nothing and keeps nothing."""

    async def get(self, content: str, trace_id: str) -> Completion | None:
        """Know nothing."""
        del content, trace_id
        return None

    async def put(self, content: str, completion: Completion, trace_id: str) -> None:
        """Keep nothing."""


class MemoryCache:
    """A cache for as long as the process lives."""

    def __init__(self) -> None:
        self.answers: dict[str, Completion] = {}
        self.uses: defaultdict[str, set[str]] = defaultdict(set)
        """The traces that live on in an answer, by its content."""

    async def get(self, content: str, trace_id: str) -> Completion | None:
        """Return what was put there."""
        if content in self.answers:
            self.uses[content].add(trace_id)
        return self.answers.get(content)

    async def put(self, content: str, completion: Completion, trace_id: str) -> None:
        """Remember it."""
        self.answers[content] = completion
        self.uses[content].add(trace_id)


def lasting(completion: Completion) -> bool:
    """Whether an answer is one that the model itself ended; whoever asks the same may have it then.

    One that was cut off proves nothing, and a content filter is none of the model: it lets through tomorrow what it
    stops today. An empty answer is an answer all the same: it is judged, and asking until another comes would flatter.
    """
    return completion.finish_reason not in _CUT


def content_of(request: Request, version: str) -> str:
    """Name what is asked of whom: model, messages, tools, parameters and repetition, in 64 hex digits.

    `version` stands for the model, its address, and what its provider adds to requests or leaves out of them. The ids
    of tool calls are made up anew whenever a conversation is recorded: only which result answers which call counts.
    """
    asked = request.model_dump(
        mode="json", exclude={"key", "trace_id", "messages", "masks", "originals"}, exclude_none=True
    )
    said = [message.model_dump(mode="json", exclude_none=True) for message in _with_plain_ids(request.messages)]
    # Not by orjson, which refuses half surrogates and whole numbers beyond 64 bits.
    return hashlib.sha256(json.dumps([version, asked, said], sort_keys=True).encode()).hexdigest()


def _with_plain_ids(messages: Sequence[Message]) -> Iterator[Message]:
    """Yield `messages` with the ids of calls replaced by numbers, in the order in which they first appear."""
    numbers = dict[str, str]()

    def plain(part: Any) -> Any:
        if not isinstance(part, ToolCall | ToolResult):
            return part
        return part.model_copy(update={"id": numbers.setdefault(part.id, str(len(numbers)))})

    for message in messages:
        yield message.model_copy(update={"parts": tuple(map(plain, message.parts))})
