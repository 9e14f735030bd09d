"""What stands before each message of a history, as hashes: by them turns are known again. Pure.

Two chains run through a history. One hashes every message; the other hides what the assistant said, so that an edited
copy of an answer still stands at its *spot*. Neither holds the system prompts: those change in the midst of a
conversation, with the clock or with the agent that is in charge. They have a hash of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connector.traces import Call
from connector.types import digest
from rollouts.canonical import canonical_text, fingerprint
from rollouts.types import Message


class Link(NamedTuple):
    """Everything before one message."""

    chain: str
    spot: str
    """The same, whatever the assistant said."""


@dataclass(frozen=True)
class Linked:
    """A call with the hashes of its history."""

    call: Call
    system: str
    """Of its system prompts; empty where it has none."""
    prints: Sequence[str]
    """One for each message."""
    links: Sequence[Link]
    """One for each message, and the last for the answer."""


def linked(call: Call) -> Linked:
    """Hash the history of `call`."""
    messages = call.messages
    prints = [fingerprint(message) for message in messages]
    masked = ["" if message.role == "assistant" else known for message, known in zip(messages, prints, strict=True)]
    pairs = zip(_chain(messages, prints), _chain(messages, masked), strict=True)
    return Linked(call, _spoken_under(messages), prints, [Link(*pair) for pair in pairs])


def _spoken_under(messages: Sequence[Message]) -> str:
    texts = [canonical_text(message.text) for message in messages if message.role == "system"]
    return digest(*texts) if any(texts) else ""


def _chain(messages: Sequence[Message], prints: Sequence[str]) -> list[str]:
    """Return, for each place, the hash of everything before it; tool results in any order, system prompts aside."""
    links, results = [digest("start")], list[str]()
    for message, known in zip(messages, prints, strict=True):
        if message.role == "tool":
            results.append(known)
            links.append(digest(links[-len(results)], *sorted(results)))
        else:
            results.clear()
            links.append(links[-1] if message.role == "system" else digest(links[-1], known))
    return links
