"""Conversation → turns → challenges. Pure.

Rules, each with its reason:

1. *A turn is known by its content*: the messages before it, system prompt aside, and the answer. Agents put the date
   into the system prompt, and logs spell the same answer in several ways (see `rollouts.canonical`).
2. *A turn that several calls log is one turn*: retries, streams and two integrations write the same call twice. The
   log that tells most is taken.
3. *What a call produced beats any copy*: the baseline is the output of the generation, with its model, tokens and
   latency. A history that shows another text at its place, or that begins later, shows an edited or trimmed copy.
4. *A turn that only a history shows* is a challenge where the conversation logs nothing but that one history (a
   transcript). Elsewhere nobody observed who produced it: a greeting, a canned text or a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from connector.stitch import is_delta
from connector.types import Call, Conversation, Disposition, Fate, digest
from rollouts.canonical import fingerprint
from rollouts.types import Challenge, Completion, Media, Message, Options, Origin, ToolResult, Usage


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
    """The hash of everything before it."""
    place: str
    """The same, whatever the assistant said: where in the conversation it stands."""
    observed: bool

    @property
    def content_id(self) -> str:
        """Same messages and same answer, same content."""
        return digest(self.chain, fingerprint(self.answer.message))


def split(conversation: Conversation, rules: TurnRules) -> Iterator[Challenge | Disposition]:
    """Yield each assistant turn once: as a challenge, or as the reason why it is none. Oldest first."""
    read = [_Linked(call, _links(call.messages)) for call in conversation.calls]
    turns, transcript = _turns(read), len({links[-1].chain for _, links in read}) == 1
    for turn in turns:
        reason = _why_not(turn, rules, transcript=transcript, last=turn is turns[-1])
        challenge = _challenge(turn, conversation)
        if reason is None:
            yield challenge
        else:
            fate, text = reason
            yield Disposition.of_turn(challenge, fate, text)
    known = {turn.place for turn in turns}
    for call, links in read:
        if call.answer is None and _awaits(call) and links[-1].place not in known:
            yield _unanswered(call)


class _Link(NamedTuple):
    """What stands before one message, as hashes; system prompts aside."""

    chain: str
    place: str


class _Linked(NamedTuple):
    """A call, and what stands before each of its messages, and before its answer."""

    call: Call
    links: list[_Link]


def _turns(read: Sequence[_Linked]) -> list[Turn]:
    observed = sorted((turn for linked in read for turn in _observed(linked)), key=_poverty)
    found: dict[str, Turn] = {}
    for turn in observed:
        found.setdefault(turn.content_id, turn)
    known, first_said = {turn.place for turn in observed}, _first_said(observed)
    for linked in read:
        shown = [turn for turn in _remembered(linked) if turn.place not in known and not _is_trimmed(turn, first_said)]
        found.update((turn.content_id, turn) for turn in shown)
        known.update(turn.place for turn in shown)
    return sorted(found.values(), key=lambda turn: (turn.call.started_at, len(turn.messages), turn.content_id))


def _poverty(turn: Turn) -> tuple[object, ...]:
    """Sort the log that tells most to the front, then the earlier one."""
    call, answer = turn.call, turn.answer
    unknown = (not call.tools, answer.model is None, answer.usage == Usage(), answer.cost_usd is None)
    return (*unknown, call.started_at, call.observation_id)


def _observed(linked: _Linked) -> Iterator[Turn]:
    """Yield what a call answered."""
    call, link = linked.call, linked.links[-1]
    if call.answer is not None:
        yield Turn(call, call.messages, call.answer, link.chain, link.place, observed=True)


def _remembered(linked: _Linked) -> Iterator[Turn]:
    """Yield the assistant turns in the history of a call."""
    call = linked.call
    for at, message in enumerate(call.messages):
        if message.role == "assistant":
            answer, link = Completion(message=message), linked.links[at]
            yield Turn(call, call.messages[:at], answer, link.chain, link.place, observed=False)


def _first_said(observed: Sequence[Turn]) -> dict[tuple[str, ...], datetime]:
    """Return when each answer was first given to each message."""
    found: dict[tuple[str, ...], datetime] = {}
    for turn in observed:
        exchange, begun = _exchange(turn), turn.call.started_at
        found[exchange] = min(begun, found.get(exchange, begun))
    return found


def _is_trimmed(turn: Turn, first_said: Mapping[tuple[str, ...], datetime]) -> bool:
    """Whether an earlier call gave this answer to this message: then it had a longer history before it."""
    return first_said.get(_exchange(turn), turn.call.started_at) < turn.call.started_at


def _exchange(turn: Turn) -> tuple[str, ...]:
    return (*map(fingerprint, turn.messages[-1:]), fingerprint(turn.answer.message))


def _links(messages: tuple[Message, ...]) -> list[_Link]:
    prints = [fingerprint(message) for message in messages]
    masked = ["" if message.role == "assistant" else known for message, known in zip(messages, prints, strict=True)]
    return [_Link(*pair) for pair in zip(_chain(messages, prints), _chain(messages, masked), strict=True)]


def _chain(messages: tuple[Message, ...], prints: Sequence[str]) -> list[str]:
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


def _why_not(turn: Turn, rules: TurnRules, *, transcript: bool, last: bool) -> tuple[Fate, str] | None:
    """Return the first thing that speaks against challenging `turn`."""
    answered, asked = turn.answer.message, {message.role for message in turn.messages}
    unobserved_count = rules.without_producer == "always" or (rules.without_producer == "transcripts" and transcript)
    found = {
        (Fate.UNREPLAYABLE, "nobody observed what produced it"): not (turn.observed or unobserved_count),
        (Fate.UNREPLAYABLE, turn.call.lacks or ""): turn.call.lacks is not None,
        (Fate.UNREPLAYABLE, "nothing before it to answer"): not asked & {"user", "tool"},
        (Fate.UNREPLAYABLE, "its history is incomplete"): is_delta(turn.messages),
        (Fate.UNREPLAYABLE, "its history ends with an assistant message"): "assistant" in asked
        and turn.messages[-1].role == "assistant",
        (Fate.UNREADABLE, "the logged answer is empty"): not (answered.text.strip() or answered.tool_calls),
        (Fate.UNREPLAYABLE, "media that Langfuse took out of the log"): _lacks_media(turn),
        (Fate.UNREPLAYABLE, "it calls a tool whose definition was not logged"): rules.tools_missing == "exclude"
        and _calls_unknown_tools(turn),
        (Fate.FILTERED, "not the last turn"): rules.which == "last" and not last,
    }
    return next((reason for reason, holds in found.items() if holds), None)


def _calls_unknown_tools(turn: Turn) -> bool:
    offered = {tool.name for tool in turn.call.tools}
    return any(call.name not in offered for call in turn.answer.message.tool_calls)


def _lacks_media(turn: Turn) -> bool:
    parts = [part for message in turn.messages for part in message.parts]
    shown = [*parts, *(media for part in parts if isinstance(part, ToolResult) for media in part.media)]
    return any(isinstance(part, Media) and part.content.startswith("@@@langfuseMedia") for part in shown)


def _challenge(turn: Turn, conversation: Conversation) -> Challenge:
    trace, call = conversation.trace, turn.call
    return Challenge(
        id=digest(conversation.id, turn.content_id),
        conversation_id=conversation.id,
        content_id=turn.content_id,
        origin=Origin(
            trace_id=call.trace_id,
            observation_id=call.observation_id if turn.observed and call.observation_id != call.trace_id else None,
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


def _awaits(call: Call) -> bool:
    """A history that ends with the assistant's words is a transcript: it holds its answer."""
    return not call.messages or call.messages[-1].role != "assistant"


def _unanswered(call: Call) -> Disposition:
    return Disposition(
        of="turn",
        id=digest(call.trace_id, call.observation_id),
        trace_id=call.trace_id,
        fate=Fate.UNREADABLE,
        reason="no answer was logged",
    )
