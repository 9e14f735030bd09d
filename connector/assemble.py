"""Trace → conversation: which of its observations are model calls, and what each of them says. Pure."""

from __future__ import annotations

from typing import Any

from connector.formats.detect import read_call
from connector.formats.format import Format, Unusable
from connector.stitch import stitch
from connector.types import Call, Conversation, Disposition, Fate, Observation, Trace, digest

_CALLS = ("GENERATION",)
_WRAPPERS = ("SPAN", "AGENT", "CHAIN")
_NOTHING: tuple[Any, ...] = (None, "", {}, [])


def assemble(trace: Trace, formats: tuple[Format, ...] = ()) -> tuple[Conversation, list[Disposition]]:
    """Return the conversation of `trace`, and what became of the calls that could not be read.

    Generations are the calls. A trace without any is read at its root, where simple applications log question and
    answer; the conversation's id is the session's where there is one, so that its traces count as one conversation.
    """
    calls, problems = list[Call](), list[Disposition]()
    for observation in _candidates(trace):
        try:
            calls.append(_call(observation, formats))
        except Unusable as error:
            problems.append(_lost(observation, error))
    bare = trace.model_copy(update={"observations": ()})
    calls.sort(key=lambda call: (call.started_at, call.observation_id))
    return Conversation(id=trace.session_id or trace.id, trace=bare, calls=tuple(stitch(calls))), problems


def _candidates(trace: Trace) -> list[Observation]:
    generations = [observation for observation in trace.observations if observation.type in _CALLS]
    if generations:
        return generations
    known = {observation.id for observation in trace.observations}  # a parent may belong to another service's trace
    roots = [o for o in trace.observations if o.parent_id not in known and o.type in _WRAPPERS]
    telling = [root for root in roots if root.input not in _NOTHING or root.output not in _NOTHING]
    return telling or _trace_itself(trace)


def _trace_itself(trace: Trace) -> list[Observation]:
    """Servers before v4 may hold question and answer beside the observations."""
    if trace.input in _NOTHING and trace.output in _NOTHING:
        return []
    return [
        Observation(id=trace.id, trace_id=trace.id, started_at=trace.started_at, input=trace.input, output=trace.output)
    ]


def _call(observation: Observation, formats: tuple[Format, ...]) -> Call:
    if observation.level == "ERROR":
        raise Unusable(Fate.FAILED, "the call ended in an error")
    return read_call(observation, formats)


def _lost(observation: Observation, error: Unusable) -> Disposition:
    return Disposition(
        of="turn",
        id=digest(observation.trace_id, observation.id),
        trace_id=observation.trace_id,
        fate=error.fate,
        reason=error.reason,
    )
