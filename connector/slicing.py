"""The parts of the traffic that a turn belongs to, by which the leaderboard can be cut. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from connector.language import enough, language, prose
from rollouts.cost import estimate_tokens
from rollouts.types import Challenge

VALUE_CHARS: Final = 80
"""The longest value of a slice."""

_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What steers a terminal, or turns the direction of what follows it."""
_TURNS: Final = ((11, "11+"), (6, "6–10"), (3, "3–5"))  # noqa: RUF001
_LENGTHS_TOKENS: Final = ((8_000, "8k+"), (2_000, "2k–8k"), (500, "500–2k"))  # noqa: RUF001


def slices(challenge: Challenge) -> tuple[tuple[str, str], ...]:
    """Return the slices of a turn as dimension and value, none of them twice; what is unknown gives no slice.

    The dimensions are `tag`, `trace name`, `tool` (what production's answer calls), `turn` (how many answers came
    before), `language` (of the last thing that the user wrote at some length) and `length` (of the history, in tokens
    as `rollouts.cost.estimate_tokens` has them).
    """
    found = ((dimension, _bounded(value)) for dimension, value in _all(challenge))
    return tuple(dict.fromkeys((dimension, value) for dimension, value in found if value))


def _all(challenge: Challenge) -> Iterator[tuple[str, str]]:
    yield from (("tag", tag) for tag in challenge.origin.tags)
    yield "trace name", challenge.origin.trace_name or ""
    yield from (("tool", tool) for tool in _tools(challenge))
    yield "turn", _turn(challenge.origin.turn)
    yield "language", _language(challenge) or ""
    yield "length", _length(estimate_tokens(challenge.messages))


def _tools(challenge: Challenge) -> list[str]:
    called = [call.name for call in challenge.baseline.message.tool_calls]
    return called or (["none"] if challenge.tools else [])


def _turn(turn: int) -> str:
    return next((name for least, name in _TURNS if turn >= least), str(turn))


def _length(tokens: int) -> str:
    return next((name for least, name in _LENGTHS_TOKENS if tokens >= least), "<500")


def _language(challenge: Challenge) -> str | None:
    said = (prose(message.text) for message in reversed(challenge.messages) if message.role == "user")
    last = next(filter(enough, said), None)
    return None if last is None else language(last)


def _bounded(value: str) -> str:
    """Keep values on one line, short and apart: what is cut off lives on in a digest."""
    line = " ".join(_UNSEEN.sub(" ", value).encode("utf-8", "replace").decode().split())
    if len(line) <= VALUE_CHARS:
        return line
    return f"{line[: VALUE_CHARS - 10]}… {hashlib.sha256(line.encode()).hexdigest()[:8]}"
