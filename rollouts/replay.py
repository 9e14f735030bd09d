"""Ask a challenger what production was asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import orjson

from rollouts.model import Model
from rollouts.projections.asked import check_turn
from rollouts.types import Challenge, Message, Parameters, Reasoning, Request, Rollout, Text


@dataclass(frozen=True, kw_only=True)
class Challenger:
    """Who answers in production's place: a model, and how it is asked. Another system prompt is another challenger."""

    name: str
    model: Model
    control: bool = False
    """Whether this is production's own model, replayed to see how far it differs from itself."""
    system: str | None = None
    """Takes the place of the system prompt."""
    parameters: Parameters = field(default_factory=Parameters)
    """Override those of production, one by one."""

    @property
    def fingerprint(self) -> str:
        """Changes with anything that may change the answers."""
        changed = self.parameters.model_dump(include=set(self.parameters.given()))
        asked = [self.model.version, self.system, changed]
        return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


async def replay(challenge: Challenge, challenger: Challenger) -> Rollout:
    """Let `challenger` answer `challenge`. Recorded tool results stay as they are, and no tool runs.

    Raises `Permanent` ("unreplayable: …") before anything is paid, for a history that leaves nothing to answer or that
    this model cannot be asked; and what the model raises.
    """
    check_turn(challenge.messages)
    request = Request(
        key=_key(challenge, challenger),
        trace_id=challenge.origin.trace_id,
        messages=_asked(challenge.messages, challenger.system),
        tools=challenge.tools,
        parameters=challenge.parameters.overridden_by(challenger.parameters),
        masks=challenge.masks,
    )
    warnings = challenger.model.provider.losses(request)  # first of all: it refuses what must not be paid
    completion = await challenger.model.ask(request)
    if not completion.message.text.strip() and not completion.message.tool_calls:
        warnings += ("the answer is empty",)
    return Rollout(challenger=challenger.name, completion=completion, warnings=warnings)


def _asked(messages: tuple[Message, ...], system: str | None) -> tuple[Message, ...]:
    """Without reasoning, which belongs to the model that had it, and under the challenger's system prompt."""
    asked = tuple(
        message.model_copy(update={"parts": tuple(p for p in message.parts if not isinstance(p, Reasoning))})
        for message in messages
    )
    if system is None:
        return asked
    first = next(number for number, message in enumerate(asked) if message.role != "system")
    return (Message(role="system", parts=(Text(content=system),)), *asked[first:])


def _key(challenge: Challenge, challenger: Challenger) -> str:
    named = [challenge.id, challenger.name, challenger.fingerprint, "rollout"]
    return hashlib.sha256(orjson.dumps(named)).hexdigest()
