"""One item of a dataset → its challenge. Pure: the formats that read logs read items too.

The input asks. The expected output is the judge's reference, and production's own answer is what a challenger is held
against, where the item names the turn that it was made from and asks the same. Else the expected output stands in its
place; then it is no reference as well, which would tell the judge whose answer is whose.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from connector.formats.detect import NO_FORMAT, read_call
from connector.formats.expected import KEY
from connector.formats.format import Format, Unusable, decoded
from connector.intake import Rules, sort_out
from connector.select import Selection
from connector.tiers.types import Item, Member, member_id
from connector.traces import Call, Conversation, Observation, Sighting, Trace
from connector.types import Assembly, Fate, Intake, digest
from rollouts.canonical import fingerprint
from rollouts.types import Challenge, Completion, Message, Record, Tier

VARIABLES: Final = "its input holds a prompt's variables, and no conversation"
NO_ANSWER: Final = "it has no expected output, and production did not answer just these messages"
ANSWERED: Final = "its input ends with the assistant's words"
OUR_COPY: Final = "our own copy of another item"


class Source(Record):
    """What production did where an item was made from it."""

    trace: Trace
    intake: Intake
    """What its trace comes to where nothing is filtered or drawn."""
    observations: frozenset[str] = frozenset()
    """Ids of all that is in the trace."""
    copies: Mapping[str, str] = {}
    """Of observations that tell a call once more: the one that tells it best."""

    def turns(self, observation_id: str | None = None) -> list[Challenge]:
        """Return the turns that an observation is about; all of them for one that is no model call.

        People flag what they see, which may be the root. Where the call is known and cannot be asked again there are
        none; of turns that only histories show there are none beside those that were logged.
        """
        found = [each for each in self.intake.challenges if each.origin.observed] or list(self.intake.challenges)
        if observation_id is None:
            return found
        name = self.copies.get(observation_id, observation_id)
        if named := [each for each in found if each.origin.observation_id == name]:
            return named
        lost = digest(self.trace.id, name) in {turn.id for turn in self.intake.turns}
        return [] if lost else found


def version(item: Item) -> str:
    """Name what an item says: writing the same again is no change."""
    said = item.model_dump(include={"input", "expected_output", "metadata", "trace_id", "observation_id"})
    return digest(json.dumps(said, sort_keys=True))  # orjson refuses whole numbers beyond 64 bits


def unfiltered(rules: Rules) -> Rules:
    """Return `rules` without what leaves out turns that are well and good: a person has picked these."""
    wanted = {"which": "all", "observation_names": (), "except_observation_names": (), "several_answers": "all"}
    turns = rules.turns.model_copy(update=wanted)
    return rules.model_copy(update={"selection": Selection(), "turns": turns})


def unmasked(rules: Rules) -> Rules:
    """Return `rules` under which words stay as they were logged: for what is compared, and never kept."""
    return rules.model_copy(update={"redaction": None})


def read_item(item: Item, tier: Tier, source: Source | None, rules: Rules) -> Member:
    """Return what an item is in its tier: a challenge, or the reason why it is none."""
    made = Member(
        id=member_id(tier, item.dataset, item.id),
        tier=tier,
        source=item.dataset,
        item=item.id,
        trace_id=source.trace.id if source else item.trace_id,
        observation_id=item.observation_id,
        version=version(item),
        added_at=item.created_at,
    )
    try:
        challenge = _challenge(item, source, rules)
    except Unusable as error:
        return made.model_copy(update={"fate": error.fate, "reason": error.reason})
    return made.model_copy(update={"challenge": challenge.model_copy(update={"tier": tier, "epoch": ""})})


def _challenge(item: Item, source: Source | None, rules: Rules) -> Challenge:
    """Walk the route of a logged call, so that nothing is masked, weighed or refused in another way."""
    if item.metadata.get("understudy") == "challenge" and item.metadata.get("tier", "fresh") != "fresh":
        raise Unusable(Fate.FILTERED, OUR_COPY)
    asked = _answered(item, _read(item, source, rules.formats), source)
    trace = source.trace if source else Trace(id="", started_at=item.created_at)
    name = source.trace.session_id or source.trace.id if source else digest(item.dataset, item.id)
    conversation = Conversation(id=name, trace=trace.model_copy(update={"observations": ()}), calls=(asked.call,))
    sighting = Sighting(trace_id=trace.id, started_at=trace.started_at, ended=True, observations=1)
    intake = sort_out(Assembly(conversation=conversation), sighting, unfiltered(rules))
    found = [each for each in intake.challenges if each.origin.observed]
    if not found:
        ends = [turn for turn in intake.turns if turn.observed] or intake.turns
        raise Unusable(ends[-1].fate, ends[-1].reason) if ends else Unusable(Fate.UNREADABLE, NO_FORMAT)
    origin = found[-1].origin.model_copy(update={"item": f"{item.dataset}/{item.id}", "stands_in": asked.stands_in})
    return found[-1].model_copy(update={"origin": origin})


class _Asked(Record):
    """The item as a call that was answered."""

    call: Call
    stands_in: bool


def _answered(item: Item, call: Call, source: Source | None) -> _Asked:
    """Give the call production's answer, with its tools and parameters where the item is silent; else the expected."""
    if call.messages[-1].role == "assistant":
        raise Unusable(Fate.UNREADABLE, ANSWERED)
    turn = _turn(item, call, source) if source else None
    right = call.expected
    if turn is not None:
        same = right is not None and fingerprint(right) == fingerprint(turn.baseline.message)
        ours = item.metadata.get("understudy") == "challenge"  # it expects what production said, which proves nothing
        facts = {
            "observation_id": turn.origin.observation_id or call.trace_id,
            "started_at": turn.origin.started_at,
            "answer": turn.baseline,
            "expected": None if same and ours else right,
            "tools": call.tools or turn.tools,
            "parameters": turn.parameters.overridden_by(call.parameters),
        }
        return _Asked(call=call.model_copy(update=facts), stands_in=False)
    if right is None:
        raise Unusable(Fate.UNREADABLE, NO_ANSWER)
    answer = Completion(message=right, started_at=call.started_at)
    return _Asked(call=call.model_copy(update={"answer": answer, "expected": None}), stands_in=True)


def _turn(item: Item, call: Call, source: Source) -> Challenge | None:
    """Return the turn of production that answered just what the item asks, whatever its system prompt."""
    asks = _asks(call.messages)
    same = [each for each in source.turns() if _asks(each.messages) == asks]
    named = [each for each in same if each.origin.observation_id == item.observation_id]
    return next(iter(named or same), None)


def _asks(messages: Sequence[Message]) -> list[str]:
    return [fingerprint(message) for message in messages if message.role != "system"]


def _read(item: Item, source: Source | None, formats: tuple[Format, ...]) -> Call:
    """Read the input by itself, as no generation: of those one unknown key counts as the question. Then with both."""
    observation = _observation(item, source)
    alone = _alone(observation, formats).model_copy(update={"answer": None})
    told = decoded(item.expected_output)
    if told in (None, "", {}, []):
        return alone
    try:
        both = read_call(observation.model_copy(update={"output": told, "type": "GENERATION"}), formats)
    except Unusable:
        return alone
    right = both.answer.message if both.answer else alone.expected
    return both.model_copy(update={"answer": None, "expected": right})


def _alone(observation: Observation, formats: tuple[Format, ...]) -> Call:
    try:
        return read_call(observation, formats)
    except Unusable as error:
        asked = observation.input
        plain = isinstance(asked, Mapping) and all(isinstance(value, str | int | float) for value in asked.values())
        if plain and asked and error.reason == NO_FORMAT:
            raise Unusable(Fate.UNREADABLE, VARIABLES) from None
        raise


def _observation(item: Item, source: Source | None) -> Observation:
    trace_id = source.trace.id if source else ""
    return Observation(
        id=(item.observation_id if source else None) or trace_id,
        trace_id=trace_id,
        started_at=item.created_at,
        input=decoded(item.input),
        metadata={**item.metadata, **({} if item.expected_output is None else {KEY: item.expected_output})},
    )
