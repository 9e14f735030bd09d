"""Trace → conversation: which of its observations are model calls, and what each of them says. Pure.

Trace ─ read_calls ─▶ calls ─ merge_doubles, merge_nested ─▶ each once ─ told_by_runs ─▶ with prompt and tools
      ─ stitch ─▶ with their whole history ─ told_by_calls ─ weighed ─ unprefilled ─▶ Conversation
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connector.calls.candidates import Lost, read_calls
from connector.calls.completing import told_by_runs
from connector.calls.copies import Copies
from connector.calls.doubles import merge_doubles
from connector.calls.lending import told_by_calls
from connector.calls.nesting import merge_nested
from connector.calls.prefill import unprefilled
from connector.calls.stitch import begins_in_the_middle, stitch
from connector.calls.tree import Tree
from connector.calls.weighing import weighed
from connector.formats.format import Format
from connector.formats.integration import integration
from connector.traces import Call, Conversation, Glance, Observation, Trace, Use
from connector.types import Assembly, Disposition, digest


def assemble(trace: Trace, formats: tuple[Format, ...] = (), earlier: Sequence[Trace] = ()) -> Assembly:
    """Return the conversation of `trace`, what became of the calls that could not be read, and a glance at each row.

    Its id is the session's where there is one, so that its traces count as one conversation. The `earlier` traces of
    that session, oldest first, give the history of calls that log only what is new, and nothing else.
    """
    tree, past = Tree(_rows(trace)), _past(earlier, formats)
    found = _found(trace, tree, formats)
    whole = stitch(found.calls, past.calls, past.lines | _lines(found.calls, tree))
    calls = tuple(unprefilled(weighed(call)) for call in told_by_calls(whole, tree))
    bare = trace.model_copy(update={"observations": ()})
    return Assembly(
        conversation=Conversation(id=trace.session_id or trace.id, trace=bare, calls=calls),
        lost=tuple(map(_disposition, found.lost)),
        glances=_glances(trace, found),
        begins_in_the_middle=any(map(begins_in_the_middle, calls)),
    )


class _Found(NamedTuple):
    """The calls of one trace, each once, as they were logged."""

    calls: list[Call]
    lost: list[Lost]
    glances: list[Glance]


class _Past(NamedTuple):
    """The calls of earlier traces, with their whole histories, and the run that each was a step of."""

    calls: list[Call]
    lines: dict[str, str]


def _found(trace: Trace, tree: Tree, formats: tuple[Format, ...]) -> _Found:
    copies = Copies(read_calls(trace, tree, formats), tree)
    merge_doubles(copies)
    merge_nested(copies)
    once, dropped = copies.left(), copies.glances()
    calls, lenders = told_by_runs(once.calls, tree, formats, dropped)
    return _Found(calls, once.lost, [*lenders, *dropped])


def _past(earlier: Sequence[Trace], formats: tuple[Format, ...]) -> _Past:
    past = _Past([], {})
    for trace in earlier:
        tree = Tree(_rows(trace))
        calls = _found(trace, tree, formats).calls
        past.lines.update(_lines(calls, tree))
        past.calls.extend(stitch(calls, past.calls, past.lines))
    return past


def _rows(trace: Trace) -> list[Observation]:
    """Return the observations oldest first, of several copies of one the last to end: the order tells nothing."""

    def ending(row: Observation) -> tuple[object, ...]:
        return (row.ended_at or row.started_at, row.output is not None)

    newest = {row.id: row for row in sorted(trace.observations, key=ending)}
    return sorted(newest.values(), key=lambda row: (row.started_at, row.id))


def _lines(calls: Sequence[Call], tree: Tree) -> dict[str, str]:
    return {call.observation_id: tree.line(call.observation_id) for call in calls}


def _glances(trace: Trace, found: _Found) -> tuple[Glance, ...]:
    """Say of each observation what it was taken for; of a run that lent something, that comes before its being one."""
    calls = {call.observation_id: Glance(observation_id=call.observation_id, use=Use.CALL) for call in found.calls}
    lost = {
        each.observation.id: Glance(observation_id=each.observation.id, use=Use.LOST, reason=each.why.reason)
        for each in found.lost
    }
    others = {glance.observation_id: glance for glance in reversed(found.glances)}
    known = others | lost | calls
    asides = {
        row.id: Glance(observation_id=row.id, use=Use.ASIDE, reason=row.type.lower()) for row in trace.observations
    }
    return tuple(known.get(name, aside) for name, aside in asides.items())


def _disposition(lost: Lost) -> Disposition:
    return Disposition(
        of="turn",
        id=digest(lost.observation.trace_id, lost.observation.id),
        trace_id=lost.observation.trace_id,
        fate=lost.why.fate,
        reason=lost.why.reason,
        format=lost.why.kind,
        integration=integration(lost.observation, lost.why.kind),
    )
