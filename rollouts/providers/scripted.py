"""A model that says what its configuration says: for tests, rehearsals and the demo. It costs nothing."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field, PrivateAttr

from rollouts.errors import Permanent
from rollouts.provider import Provider
from rollouts.types import Completion, Message, Request, Text, ToolCall, Usage

REMEMBERED = 256
"""How many of the last requests `Scripted.requests` holds."""


class Scripted(Provider):
    """Gives its answers in order, whatever it is asked."""

    free: ClassVar[bool] = True

    model: str = "scripted"
    answers: tuple[str | tuple[ToolCall, ...], ...] = Field(min_length=1)
    """Each is a text, or the tool calls of one answer."""
    repeat: bool = True
    """Whether to begin again after the last answer; else the script is over."""
    latency_s: float = Field(default=0.0, ge=0)
    usage: Usage = Usage(input_tokens=0, output_tokens=0)
    finish_reason: str | None = None
    """The default follows from the answer."""
    _calls: int = PrivateAttr(default=0)
    _requests: deque[Request] = PrivateAttr(default_factory=lambda: deque(maxlen=REMEMBERED))

    @property
    def calls(self) -> int:
        """How often it was asked."""
        return self._calls

    @property
    def requests(self) -> tuple[Request, ...]:
        """What it was asked last, in order: a rehearsal of a hundred thousand duels must not fill the memory."""
        return tuple(self._requests)

    async def complete(self, request: Request) -> Completion:
        """Give the next answer. Raises `Permanent` when the script is over."""
        number = self._calls
        if number >= len(self.answers) and not self.repeat:
            raise Permanent("the script is over", hint="add answers, or set repeat = true")
        self._calls += 1
        self._requests.append(request)
        answer = self.answers[number % len(self.answers)]
        started_at = datetime.now(UTC)
        await asyncio.sleep(self.latency_s)
        parts = (Text(content=answer),) if isinstance(answer, str) else answer
        return Completion(
            message=Message(role="assistant", parts=parts if answer else ()),
            model=self.model,
            finish_reason=self.finish_reason or ("stop" if isinstance(answer, str) else "tool_calls"),
            usage=self.usage,
            cost_usd=0.0,
            latency_s=self.latency_s,
            started_at=started_at,
        )
