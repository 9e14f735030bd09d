"""Calls that log only what is new → calls with their whole history. Pure.

Where the provider or the framework keeps the conversation, a follow-up logs one step: the tool's results, or what the
user said next. It gets the history and the answer of its predecessor in front, found by the first of these that holds:

1. *Named*: it follows the response that an earlier call gave, or a conversation that the provider keeps for both: one
   of which no call shows a whole history.
2. *Asked for*: its results have the ids of calls that an earlier answer made.
3. *Repeated*: it begins with an earlier answer, as items of the Responses API do whose beginning the server knows.
4. *The step before*: plugins of coding agents log nothing but steps, one after the other below one parent. Theirs is
   the only rule for them: results may answer an older call once more.

Only a step is ever completed: messages of user and tools, after the answer that they follow, if that is repeated. A
history in which the assistant speaks later was put together by the application, and is what the model saw. Earlier
traces of a session count as earlier calls. A step that cannot be what was sent, and finds no predecessor, lacks its
history and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile

from connector.formats.repairs import Repair
from connector.traces import Call
from rollouts.canonical import fingerprint
from rollouts.types import Message, ToolResult

STITCHED = "stitched"
"""Named among a call's repairs."""
INCOMPLETE = "its history is incomplete"

_PLUGINS = ("claude_code", "codex")
_RESPONSES = "openai_responses"
_KEPT = re.compile(r"(resp|conv|thread)_\w")
"""Names that OpenAI gives to what it keeps. Any other name of a conversation may be the application's own."""
_RESPONSE = re.compile(r"resp_\w")
_Key = tuple[str, ...]


def stitch(calls: Sequence[Call], earlier: Sequence[Call] = (), lines: Mapping[str, str] | None = None) -> list[Call]:
    """Complete each call from those before it, oldest first.

    `lines` names the run that each call is a step of; those of earlier traces are among them.
    """
    lines, past, whole = lines or {}, dict[_Key, Call](), list[Call]()
    sent = {("conversation", call.follows or "") for call in (*earlier, *calls) if not _was_step(call)}
    for call in earlier:
        past.update(dict.fromkeys(_known_by(call, lines), call))
    for call in calls:
        before = _predecessor(call, {key: past[key] for key in _sought(call, lines) if key in past and key not in sent})
        whole.append(_unmatched(call) if before is None else _joined(before, call))
        past.update(dict.fromkeys(_known_by(whole[-1], lines), whole[-1]))
    return whole


def is_delta(messages: Sequence[Message]) -> bool:
    """Whether a history begins in the middle: no user has spoken in it."""
    return bool(messages) and all(message.role != "user" for message in messages)


def begins_in_the_middle(call: Call) -> bool:
    """Whether its beginning may lie in an earlier trace: it is a step, continues something, and found nothing."""
    if STITCHED in call.repairs or call.lacks not in (None, INCOMPLETE) or not _is_step(call.messages):
        return False
    return call.lacks == INCOMPLETE or _is_kept(call) or (call.format == _RESPONSES and _opening(call) == "assistant")


def _predecessor(call: Call, found: Mapping[_Key, Call]) -> Call | None:
    """Return the call under the first of the keys. One that made some of the calls answered must have made them all."""
    answered = _answered(call)
    for key, other in found.items():
        if key[0] != "asked" or answered <= {asked.id for asked in _said(other).tool_calls}:
            return other
    return None


def _sought(call: Call, lines: Mapping[str, str]) -> Iterator[_Key]:
    """Yield the keys under which the predecessor of a step is sought, the surest first."""
    if not _is_step(call.messages):
        return
    line = lines.get(call.observation_id, "")
    opening = _conversation(call.messages)[0]
    if call.format in _PLUGINS:
        yield "step", call.format, line
        return
    if call.follows is not None:
        yield "response", call.follows
    if call.follows is not None and (_is_kept(call) or opening.role == "tool"):
        yield "conversation", call.follows
    if opening.role != "user":
        made_up = Repair.CALL_IDS in call.repairs
        yield from (("asked", one, *([line] if made_up else [])) for one in sorted(_answered(call))[:1])
    if opening.role == "assistant" and (call.format == _RESPONSES or is_delta(call.messages)):
        yield "said", fingerprint(opening)


def _known_by(call: Call, lines: Mapping[str, str]) -> Iterator[_Key]:
    """Yield the keys under which a later step may seek this call."""
    if call.answer is None:
        return
    line = lines.get(call.observation_id, "")
    yield "step", call.format, line
    yield "said", fingerprint(call.answer.message)
    for asked in call.answer.message.tool_calls:
        yield "asked", asked.id
        yield "asked", asked.id, line  # ids that a reader made up are known below one parent only
    if call.response_id is not None:
        yield "response", call.response_id
    if call.follows is not None:
        yield "conversation", call.follows


def _joined(before: Call, call: Call) -> Call:
    """The predecessor's history and answer, then what is new; its tools and system prompt where the call has none."""
    own = [message for message in call.messages if message.role == "system"]
    past = [message for message in before.messages if not own or message.role != "system"]
    said = _said(before)
    new = _answering(said, dropwhile(lambda message: message.role == "assistant", _conversation(call.messages)))
    return call.model_copy(
        update={
            "messages": (*own, *past, said, *new),
            "tools": call.tools or before.tools,
            "repairs": (*(each for each in call.repairs if each != Repair.ORPHANS), STITCHED),
        }
    )


def _answering(said: Message, new: Iterable[Message]) -> Iterator[Message]:
    """Let results that answer none of the calls by their id answer those that are left, in order."""
    new, asked = list(new), [call.id for call in said.tool_calls]
    taken = {part.id for message in new for part in message.parts if isinstance(part, ToolResult)}
    left = iter([one for one in asked if one not in taken])
    for message in new:
        parts = (
            part.model_copy(update={"id": next(left, part.id)})
            if isinstance(part, ToolResult) and part.id not in asked
            else part
            for part in message.parts
        )
        yield message.model_copy(update={"parts": tuple(parts)})


def _unmatched(call: Call) -> Call:
    """Say that a step lacks its history, where it cannot be all that was sent."""
    named = call.follows is not None and _RESPONSE.match(call.follows) is not None
    begun = named or is_delta(call.messages) or _opening(call) == "tool"
    lacks = call.lacks is None and _is_step(call.messages) and begun
    return call.model_copy(update={"lacks": INCOMPLETE}) if lacks else call


def _is_step(messages: Sequence[Message]) -> bool:
    """Whether the assistant speaks first or not at all, or no user speaks."""
    new = dropwhile(lambda message: message.role == "assistant", _conversation(messages))
    told = [message.role for message in new]
    return bool(told) and ("assistant" not in told or is_delta(messages))


def _was_step(call: Call) -> bool:
    return STITCHED in call.repairs or _is_step(call.messages)


def _is_kept(call: Call) -> bool:
    return call.follows is not None and _KEPT.match(call.follows) is not None


def _opening(call: Call) -> str | None:
    return next((message.role for message in _conversation(call.messages)), None)


def _conversation(messages: Sequence[Message]) -> list[Message]:
    return [message for message in messages if message.role != "system"]


def _answered(call: Call) -> set[str]:
    return {part.id for message in call.messages for part in message.parts if isinstance(part, ToolResult)}


def _said(call: Call) -> Message:
    return call.answer.message if call.answer else Message(role="assistant")
