"""Conversation → turns → challenges. Pure.

Rules, each with its reason; the first six are kept in `connector.turns.turn`, the last two in `connector.turns.worth`:

1. *A turn is known by its content*: the system prompt, the messages before it, and the answer. Two guards that both say
   "yes" have given two answers, and so has one that was asked about two amounts. Logs spell one answer in several ways
   (see `rollouts.canonical`).
2. *A turn that several calls log is one turn*: retries, streams and two integrations write the same call twice. The
   log that tells most is taken.
3. *Its copies are known by its place*: where it stands in its session, whatever the assistant said there and whoever is
   in charge. Later histories show it edited, under another date, or under the system prompt of the agent it was handed
   to. Without a session nothing but the words holds traces together, so there its place is what was said.
4. *What a call produced beats any copy*: the baseline is the output of the generation, with its model, tokens and
   latency. A history that shows another text at its place, or that begins later, shows an edited or trimmed copy. Only
   where the output of a call got lost is its answer taken from the next history.
5. *Another answer to the same history is another turn*: best of n, a user who asks again, a fallback model. Production
   gave both, so neither is left out unasked; `several_answers` asks for the one that a later history continues.
6. *A thread ends where no history goes on*: a sub-agent, with its own prompt and task, has a last turn of its own.
7. *A turn that only a history shows* is presumed to be one where nothing else of its conversation is logged (a
   transcript). Elsewhere nobody observed who produced it: a greeting, a canned text, an example or a person. Other
   traces may show later that a presumption was wrong (see `connector.store.presumed`).
8. *What a challenger could not do is not asked of it*: to call tools that were not logged or that only production's
   provider runs, to answer nothing, or to answer without what production saw.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.traces import Call, Conversation
from connector.turns.linking import linked
from connector.turns.turn import Turn, turns_of
from connector.turns.worth import TurnRules, why_not
from connector.types import Disposition, Fate, digest
from rollouts.types import Challenge, Origin


def split(conversation: Conversation, rules: TurnRules) -> Iterator[Challenge | Disposition]:
    """Yield each assistant turn once: as a challenge, or as the reason why it is none. Oldest first."""
    read = [linked(call) for call in conversation.calls]
    turns, transcript = turns_of(read), len({each.links[-1].chain for each in read}) == 1
    for turn in turns:
        reason = why_not(turn, rules, transcript=transcript)
        challenge = _challenge(turn, conversation)
        if reason is None:
            yield challenge
        else:
            fate, text = reason
            yield Disposition.of_turn(challenge, fate, text)
    known = {turn.spot for turn in turns}
    for each in read:
        if each.call.answer is None and _awaits(each.call) and each.links[-1].spot not in known:
            yield _unanswered(each.call)


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
            place=turn.place(trace.session_id),
            words=turn.words,
            echo=turn.echo(trace.session_id),
            format=call.format,
            integration=call.integration,
        ),
        messages=turn.messages,
        tools=call.tools,
        parameters=call.parameters,
        baseline=turn.answer,
        expected=call.expected if turn.observed else None,
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
        format=call.format,
        integration=call.integration,
    )
