"""A duel as a blind pair: who sits where is known here only, and nothing about the pair gives it away.

Ids and seats come from a secret that never leaves the store, so that nobody can work them out from what Langfuse shows.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from connector.scoring import OWN
from judges.identical import identical
from judges.transcript import answer
from judges.types import Label, Seat, Verdict
from judges.verdicts import outcome, score
from rollouts.projections.openai_chat import to_openai
from rollouts.types import Challenge, Message, Record, Rollout, ToolCall, ToolResult

EQUAL: Final = "equal"
CANNOT_TELL: Final = "cannot tell"
"""Counted, and left out of every figure."""

LABELS: Final[dict[str, Label | None]] = {
    "A much better": Label.A_MUCH_BETTER,
    "A better": Label.A_BETTER,
    EQUAL: Label.TIE,
    "B better": Label.B_BETTER,
    "B much better": Label.B_MUCH_BETTER,
    CANNOT_TELL: None,
}
"""What people may say, in the words that they are shown."""


class Pair(Record):
    """A duel that was picked to be shown to people."""

    id: str
    """Says nothing; by it a line of a file is known again."""
    duel_id: str
    challenger_seat: Seat
    trace_id: str
    span_id: str
    picked_at: datetime
    """The same for all pairs of one pick."""


class Exhibit(NamedTuple):
    """A pair with what there is to be seen."""

    pair: Pair
    challenge: Challenge
    rollout: Rollout


class Preference(NamedTuple):
    """What one person says of one pair."""

    pair_id: str
    person: str
    """Whatever tells people apart; the last word of each counts."""
    label: str
    """One of `LABELS`."""


def pair(duel_id: str, secret: str, picked_at: datetime) -> Pair:
    """Blind a duel."""
    return Pair(
        id=_secretly(secret, "pair", duel_id)[:16],
        duel_id=duel_id,
        challenger_seat="A" if int(_secretly(secret, "seat", duel_id)[0], 16) % 2 else "B",
        trace_id=OWN + _secretly(secret, "trace", duel_id)[:24],
        span_id=_secretly(secret, "span", duel_id)[:16],
        picked_at=picked_at.replace(microsecond=picked_at.microsecond // 1000 * 1000),
    )


def asked(challenge: Challenge) -> dict[str, Any]:
    """Return the history and the tools as OpenAI chat, calls numbered: their ids would name production's provider."""
    body = to_openai(list(_numbered(challenge.messages)), challenge.tools)
    return {key: body[key] for key in ("messages", "tools") if key in body}


def seated(exhibit: Exhibit) -> dict[str, str]:
    """Return both answers by seat, as text: what they say and call, without the ids that tell providers apart."""
    theirs, ours = answer(exhibit.challenge.baseline.message), answer(exhibit.rollout.completion.message)
    return {"A": ours, "B": theirs} if exhibit.pair.challenger_seat == "A" else {"A": theirs, "B": ours}


def certain(exhibit: Exhibit) -> str | None:
    """Return the label that needs no person: two answers that say and call the same are equal."""
    same = identical(exhibit.challenge, exhibit.rollout, "")
    if same is None:
        return None
    return CANNOT_TELL if same.score is None else EQUAL


def meaning(label: str, challenger_seat: str) -> tuple[float, Verdict] | None:
    """Return what a label is worth to the challenger on the scale of sevenths; `None` where somebody cannot tell."""
    said = LABELS[label]
    if said is None:
        return None
    worth = score(said, challenger_seat)
    return worth, outcome(worth)


def _numbered(messages: Sequence[Message]) -> Iterator[Message]:
    numbers = dict[str, str]()
    for message in messages:
        parts = [
            part.model_copy(update={"id": numbers.setdefault(part.id, f"call_{len(numbers) + 1}")})
            if isinstance(part, ToolCall | ToolResult)
            else part
            for part in message.parts
        ]
        yield message.model_copy(update={"parts": tuple(parts)})


def _secretly(secret: str, *parts: str) -> str:
    return hmac.new(secret.encode(), "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()
