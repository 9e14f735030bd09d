"""Challenges, rollouts and a judge's model that says what it is told to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from rollouts.errors import UnderstudyError
from rollouts.journal import MemoryJournal
from rollouts.types import Challenge, Completion, Message, Origin, Part, Request, Rollout, Text, Usage
from tests.buying import ANSWERED, PURCHASE, REFUSED


def _message(*parts: Part | str, role: str = "assistant") -> Message:
    return Message.model_validate(
        {"role": role, "parts": [Text(content=part) if isinstance(part, str) else part for part in parts]}
    )


def _completion(*parts: Part | str, **facts: Any) -> Completion:
    return Completion(message=_message(*parts), **facts)


def _challenge(*parts: Part | str, **facts: Any) -> Challenge:
    asked = facts.pop("messages", (_message("Where is my order?", role="user"),))
    origin = Origin(trace_id="t" * 32, started_at=datetime(2026, 9, 1, tzinfo=UTC))
    known: dict[str, Any] = {"id": "c1", "conversation_id": "v1", "content_id": "k1", "origin": origin}
    return Challenge(**(known | facts), messages=asked, baseline=_completion(*parts))


def _rollout(*parts: Part | str) -> Rollout:
    return Rollout(challenger="challenger-one", completion=_completion(*parts))


class Scripted:
    """Answers from a script by the seat in which the challenger sits, and remembers what was asked and paid."""

    def __init__(self, candidate: str, *, a: list[Any], b: list[Any]) -> None:
        self.candidate, self.script = candidate, {"A": list(a), "B": list(b)}
        self.requests: list[Request] = []
        self.journal = MemoryJournal()

    async def ask(self, request: Request, **_: Any) -> Completion:
        """Answer as scripted; what is in the journal is not asked again."""
        if known := await self.journal.kept(request.key):
            return known
        self.requests.append(request)
        entry = await self.journal.begin(request.key, PURCHASE)
        reply = self.script[self.seat(request)].pop(0)
        if isinstance(reply, UnderstudyError):
            await self.journal.drop(request.key, entry, REFUSED)
            raise reply
        said = reply if isinstance(reply, Completion) else self.says(reply)
        await self.journal.keep(request.key, entry, said, ANSWERED)
        return said

    def seat(self, request: Request) -> str:
        """Return where the challenger's answer is shown."""
        before, _ = request.messages[1].text.split("<answer_b>")
        return "A" if self.candidate in before else "B"

    @staticmethod
    def says(text: str, **facts: Any) -> Completion:
        """Return a whole reply of the judge's model."""
        known = {"model": "judge-1", "finish_reason": "stop", "cost_usd": 0.01, "latency_s": 1.5}
        return _completion(text, **(known | {"usage": Usage(input_tokens=100, output_tokens=10)} | facts))


class Make:
    """What a test of judges is made of."""

    message = staticmethod(_message)
    completion = staticmethod(_completion)
    challenge = staticmethod(_challenge)
    rollout = staticmethod(_rollout)
    scripted = Scripted


@pytest.fixture(scope="session")
def make() -> type[Make]:
    """Builders of the shared words, under one name."""
    return Make
