"""Conversation → turns → challenges. Pure.

Rules, each with its reason:

1. *A turn is known by its content*: the messages before it, system prompt aside, and the answer. Agents put the date
   into the system prompt, and logs spell the same answer in several ways (see `rollouts.canonical`).
2. *What a call produced beats any copy*: the baseline is the output of the generation, with its model, tokens and
   latency, even if a later history shows an edited text.
3. *A turn that later histories repeat is one turn*: its id is the same wherever it is met.
4. *A turn that only a history shows* is a challenge where the conversation logs nothing but that one history (a
   transcript). Elsewhere nobody observed who produced it: a greeting, a canned text or a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from connector.types import Call, Conversation, Disposition, Fate, digest
from rollouts.canonical import fingerprint
from rollouts.types import Challenge, Completion, Message, Options, Origin


class TurnRules(Options):
    """Which turns are worth challenging."""

    which: Literal["all", "last"] = "all"
    """Every turn of a conversation, or only its last."""
    without_producer: Literal["transcripts", "always", "never"] = "transcripts"
    """Whether turns count that only a later history shows: where a conversation logs nothing else, always, or never."""
    tools_missing: Literal["exclude", "include"] = "exclude"
    """What to do with turns that call a tool whose definition was not logged: no challenger could call it either."""


@dataclass(frozen=True)
class Turn:
    """One assistant turn as one call shows it."""

    call: Call
    messages: tuple[Message, ...]
    answer: Completion
    chain: str
    observed: bool

    @property
    def content_id(self) -> str:
        """Same messages and same answer, same content."""
        return digest(self.chain, fingerprint(self.answer.message))


def split(conversation: Conversation, rules: TurnRules) -> Iterator[Challenge | Disposition]:
    """Yield each assistant turn once: as a challenge, or as the reason why it is none. Oldest first."""
    turns = _turns(conversation.calls)
    for turn in turns:
        reason = _why_not(turn, conversation, rules, last=turn is turns[-1])
        challenge = _challenge(turn, conversation)
        if reason is None:
            yield challenge
        else:
            fate, text = reason
            yield Disposition(of="turn", id=challenge.id, trace_id=turn.call.trace_id, fate=fate, reason=text)
    for call in conversation.calls:
        if call.answer is None:
            yield _unanswered(call)


def _turns(calls: tuple[Call, ...]) -> list[Turn]:
    found: dict[str, Turn] = {}
    for turn in [_observed(call) for call in calls if call.answer is not None]:
        found.setdefault(turn.content_id, turn)
    for call in reversed(calls):
        for turn in _remembered(call):
            found.setdefault(turn.content_id, turn)
    return sorted(found.values(), key=lambda turn: (turn.call.started_at, len(turn.messages)))


def _observed(call: Call) -> Turn:
    if call.answer is None:
        raise ValueError("a call without an answer is no turn")
    return Turn(call, call.messages, call.answer, _chain(call.messages)[-1], observed=True)


def _remembered(call: Call) -> Iterator[Turn]:
    """Yield the assistant turns in the history of `call`."""
    chain = _chain(call.messages)
    for place, message in enumerate(call.messages):
        if message.role == "assistant":
            yield Turn(call, call.messages[:place], Completion(message=message), chain[place], observed=False)


def _chain(messages: tuple[Message, ...]) -> list[str]:
    """Return, for each place, the hash of everything before it; tool results in any order, system prompts aside."""
    links, results = [digest("start")], list[str]()
    for message in messages:
        if message.role == "tool":
            results.append(fingerprint(message))
            links.append(digest(links[-len(results)], *sorted(results)))
        else:
            results.clear()
            links.append(links[-1] if message.role == "system" else digest(links[-1], fingerprint(message)))
    return links


def _why_not(turn: Turn, conversation: Conversation, rules: TurnRules, *, last: bool) -> tuple[Fate, str] | None:
    """Return the first thing that speaks against challenging `turn`."""
    answered, asked = turn.answer.message, {message.role for message in turn.messages}
    found = {
        (Fate.UNREPLAYABLE, "nobody observed what produced it"): not (
            turn.observed or _may_be_unobserved(conversation, rules)
        ),
        (Fate.UNREPLAYABLE, "nothing before it to answer"): not asked & {"user", "tool"},
        (Fate.UNREPLAYABLE, "its history ends with an assistant message"): "assistant" in asked
        and turn.messages[-1].role == "assistant",
        (Fate.UNREADABLE, "the logged answer is empty"): not (answered.text.strip() or answered.tool_calls),
        (Fate.UNREPLAYABLE, "it calls a tool whose definition was not logged"): rules.tools_missing == "exclude"
        and _calls_unknown_tools(turn),
        (Fate.FILTERED, "not the last turn"): rules.which == "last" and not last,
    }
    return next((reason for reason, holds in found.items() if holds), None)


def _may_be_unobserved(conversation: Conversation, rules: TurnRules) -> bool:
    if rules.without_producer == "transcripts":
        return len(conversation.calls) == 1
    return rules.without_producer == "always"


def _calls_unknown_tools(turn: Turn) -> bool:
    offered = {tool.name for tool in turn.call.tools}
    return any(call.name not in offered for call in turn.answer.message.tool_calls)


def _challenge(turn: Turn, conversation: Conversation) -> Challenge:
    trace, call = conversation.trace, turn.call
    return Challenge(
        id=digest(conversation.id, turn.content_id),
        conversation_id=conversation.id,
        content_id=turn.content_id,
        origin=Origin(
            trace_id=call.trace_id,
            observation_id=None if call.observation_id == call.trace_id else call.observation_id,
            session_id=trace.session_id,
            user_id=trace.user_id,
            trace_name=trace.name,
            environment=trace.environment,
            tags=trace.tags,
            observed=turn.observed,
            started_at=call.started_at,
            turn=sum(message.role == "assistant" for message in turn.messages),
        ),
        messages=turn.messages,
        tools=call.tools,
        parameters=call.parameters,
        baseline=turn.answer,
    )


def _unanswered(call: Call) -> Disposition:
    return Disposition(
        of="turn",
        id=digest(call.trace_id, call.observation_id),
        trace_id=call.trace_id,
        fate=Fate.UNREADABLE,
        reason="no answer was logged",
    )
