"""The assistant turns of a conversation's calls, each once. Pure; the rules stand in `connector.split`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connector.traces import Call
from connector.turns.linking import Linked
from connector.types import digest
from rollouts.canonical import fingerprint
from rollouts.types import Completion, Message, Usage

RECOVERED = "its answer came from a later history"
"""Named among a call's repairs."""
_TELLING = 40
"""Characters of an answer that hardly anyone gives twice."""


@dataclass(frozen=True)
class Turn:
    """One assistant turn as one call shows it."""

    call: Call
    messages: tuple[Message, ...]
    answer: Completion
    said: str
    """The hash of the answer."""
    chain: str
    """The hash of everything before it."""
    spot: str
    """The same, whatever the assistant said."""
    system: str
    """The hash of its system prompts."""
    observed: bool
    """Whether the call produced it; else its history shows it."""
    continued: bool = False
    """Whether a later history goes on from it: then it is not the last of its thread."""
    superseded: bool = False
    """Whether another answer to the same history was the one to go on with."""

    @property
    def content_id(self) -> str:
        """Same agent, same messages and same answer, same content."""
        return digest(self.system, self.chain, self.said)

    @property
    def exchange(self) -> tuple[str, ...]:
        """The answer, and the message before it."""
        return (*map(fingerprint, self.messages[-1:]), self.said)

    @property
    def is_beginning(self) -> bool:
        """Whether the call that shows it answers right behind it: a note, or half of the answer."""
        behind = len(self.messages) + 1 == len(self.call.messages) and self.call.answer is not None
        return behind and not self.observed

    def place(self, session_id: str | None) -> str:
        """Return what it shares with its copies in other traces, and with no other turn.

        Where a session holds them together an edited copy is known by its spot; elsewhere by what is said alone.
        """
        return digest(session_id, self.spot) if session_id else self.words

    @property
    def words(self) -> str:
        """What it shares with all that say the same after the same messages, in whatever conversation."""
        return digest(self.chain, self.said)

    def echo(self, session_id: str | None) -> str:
        """Return what it shares with every copy of its answer; without a session only longer answers tell."""
        if session_id:
            return digest(session_id, self.said)
        said = self.answer.message
        letters = len(said.text) + sum(len(call.arguments) for call in said.tool_calls)
        return self.said if letters >= _TELLING else ""


def turns_of(read: Sequence[Linked]) -> list[Turn]:
    """Return every turn of a conversation's calls once, the oldest first."""
    observed = sorted((*(turn for each in read for turn in _observed(each)), *_recovered(read)), key=_poverty)
    found = _once(observed)
    known, first_said = {turn.spot for turn in observed}, _first_said(observed)
    for each in read:
        shown = [turn for turn in _remembered(each) if turn.spot not in known and not _is_trimmed(turn, first_said)]
        found.update((turn.content_id, turn) for turn in shown)
        known.update(turn.spot for turn in shown)
    turns = sorted(found.values(), key=lambda turn: (turn.call.started_at, len(turn.messages), turn.content_id))
    return _compared(turns, _continued(turns, read))


def _observed(each: Linked) -> Iterator[Turn]:
    """Yield what a call answered."""
    call, (chain, spot) = each.call, each.links[-1]
    if call.answer is not None:
        said = fingerprint(call.answer.message)
        yield Turn(call, call.messages, call.answer, said, chain, spot, each.system, observed=True)


def _recovered(read: Sequence[Linked]) -> Iterator[Turn]:
    """Yield the turns of calls whose answer got lost, where a later history shows it."""
    shown = {turn.chain: turn for each in read for turn in _remembered(each)}
    for each in read:
        lost, turn = each.call, shown.get(each.links[-1].chain)
        if lost.answer is None and turn is not None and turn.call.started_at > lost.started_at:
            answer = turn.answer.model_copy(update={"started_at": lost.started_at})
            call = lost.model_copy(update={"repairs": (*lost.repairs, RECOVERED)})
            yield replace(turn, call=call, messages=lost.messages, answer=answer, system=each.system, observed=True)


def _remembered(each: Linked) -> Iterator[Turn]:
    """Yield the assistant turns in the history of a call."""
    call = each.call
    for at, message in enumerate(call.messages):
        if message.role == "assistant":
            answer, (chain, spot) = Completion(message=message), each.links[at]
            yield Turn(call, call.messages[:at], answer, each.prints[at], chain, spot, each.system, observed=False)


def _poverty(turn: Turn) -> tuple[object, ...]:
    """Sort the log that tells most to the front, then the earlier one."""
    call, answer = turn.call, turn.answer
    unknown = (not call.tools, answer.model is None, answer.usage == Usage(), answer.cost_usd is None)
    return (*unknown, call.started_at, call.observation_id)


def _once(observed: Sequence[Turn]) -> dict[str, Turn]:
    """Keep the first log of each turn; one without a system prompt is a copy of one with, not another agent."""
    told = {(turn.chain, turn.said) for turn in observed if turn.system}
    found: dict[str, Turn] = {}
    for turn in observed:
        if turn.system or (turn.chain, turn.said) not in told:
            found.setdefault(turn.content_id, turn)
    return found


def _first_said(observed: Sequence[Turn]) -> dict[tuple[str, ...], datetime]:
    """Return when each answer was first given to each message."""
    found: dict[tuple[str, ...], datetime] = {}
    for turn in observed:
        begun = turn.call.started_at
        found[turn.exchange] = min(begun, found.get(turn.exchange, begun))
    return found


def _is_trimmed(turn: Turn, first_said: Mapping[tuple[str, ...], datetime]) -> bool:
    """Whether an earlier call gave this answer to this message: then it had a longer history before it."""
    return first_said.get(turn.exchange, turn.call.started_at) < turn.call.started_at


def _continued(turns: Sequence[Turn], read: Sequence[Linked]) -> set[str]:
    """Return the ids of the turns that some history goes on from: by their words, else by their spot or exchange."""
    spots, exchanges = defaultdict[str, list[Turn]](list), defaultdict[tuple[str, ...], list[Turn]](list)
    for turn in turns:
        spots[turn.spot].append(turn)
        exchanges[turn.exchange].append(turn)
    found = set[str]()
    for each in read:
        for shown in _remembered(each):
            if len(shown.messages) + 1 < len(each.call.messages) or each.call.answer is not None:
                there = spots[shown.spot] or exchanges[shown.exchange]
                same = [turn for turn in there if turn.said == shown.said]
                found.update(turn.content_id for turn in same or there)
    return found


def _compared(turns: Sequence[Turn], continued: set[str]) -> list[Turn]:
    """Note of each turn what became of it: of several answers to one history the last one continued, else the last."""
    chosen: dict[tuple[str, str], Turn] = {}
    for turn in sorted(turns, key=lambda turn: turn.content_id in continued):
        chosen[turn.system, turn.chain] = turn
    return [
        replace(turn, continued=turn.content_id in continued, superseded=chosen[turn.system, turn.chain] is not turn)
        for turn in turns
    ]
