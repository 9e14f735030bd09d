"""What stands before each message of a history, as hashes: by them turns are known again. Pure.

Two chains run through a history. One hashes every message; the other hides what the assistant said, so that an edited
copy of an answer still stands at its *spot*. Neither holds the system prompts: those change in the midst of a
conversation, with the clock or with the agent that is in charge. Their own hash is a loose one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connector.types import Call, digest
from rollouts.canonical import canonical_text, fingerprint
from rollouts.types import Message

_CHANGING = re.compile(
    r"""\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b        # a UUID
      | \b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b
      | \b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?
          |oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b
      | \d+(?:st|nd|rd|th)?(?:\s?[ap]m\b)?""",
    re.IGNORECASE | re.VERBOSE,
)


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
    """Of its system prompts, whatever day it is; empty where it has none."""
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
    return Linked(call, loose(messages), prints, [Link(*pair) for pair in pairs])


def loose(messages: Sequence[Message]) -> str:
    """Hash the system prompts of a history without figures, dates and UUIDs; empty where there are none."""
    texts = [canonical_text(message.text) for message in messages if message.role == "system"]
    return digest(*(_CHANGING.sub("#", text) for text in texts)) if any(texts) else ""


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
