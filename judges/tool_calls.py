"""What two answers call, compared by code, so that a judge decides only what code cannot.

Code settles which tools are called and how often. Whether arguments that differ mean the same is a judge's to say, and
so is all that either answer says beside its calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from judges.arguments import canonical, differing, written
from rollouts.canonical import canonical_text
from rollouts.types import Message, Record, ToolDefinition

_MOST_PAIRS: Final = 400
"""Beyond so many possible pairs of one tool's calls, the nearest are no longer looked for."""


class Outcome(StrEnum):
    """How far the calls of two answers agree; the first that applies, from above."""

    NAMES = "different_names"
    """One answer calls a tool that the other does not; also when only one of them calls any."""
    COUNT = "different_count"
    """The same tools, one of them not equally often."""
    ORDER = "different_order"
    """The same calls one after the other, otherwise ordered; only where order was said to matter."""
    ARGUMENTS = "differing_arguments"
    """The same tools equally often, with arguments that differ: here a judge has to say what they mean."""
    SAME = "same"
    """The same calls, or none on either side."""


class Differing(Record):
    """Two calls of one tool that are not the same call."""

    tool: str
    paths: tuple[str, ...]
    """Where the arguments differ, such as `$.passengers[0].age`; `$` when either is no JSON object."""


class Comparison(Record):
    """What code can say about the calls of two answers, and whether there is anything else to compare."""

    outcome: Outcome
    baseline_calls: int
    candidate_calls: int
    only_baseline: tuple[str, ...] = ()
    """Names of the calls that the candidate lacks, sorted, one for each."""
    only_candidate: tuple[str, ...] = ()
    differing: tuple[Differing, ...] = ()
    baseline_speaks: bool
    """Whether the baseline says something, beside its calls or instead of them."""
    candidate_speaks: bool
    same_text: bool
    """Whether both say the same; true also when neither says anything."""

    @property
    def settled(self) -> bool:
        """Whether nothing is left to a judge: the same calls and the same text."""
        return self.outcome is Outcome.SAME and self.same_text


class _Call(NamedTuple):
    name: str
    text: str
    """The canonical arguments, by which calls are the same."""
    value: Any


def compare(
    baseline: Message, candidate: Message, tools: Iterable[ToolDefinition] = (), *, ordered: bool = False
) -> Comparison:
    """Compare what two answers call, each argument under its tool's schema.

    Parallel calls have no order of their own, so each is held against the nearest one of the same tool; with `ordered`
    the sequence counts. Either answer may be the baseline: the outcome is the same.
    """
    schemas = {tool.name: tool.parameters for tool in tools}
    ours, theirs = _calls(baseline, schemas), _calls(candidate, schemas)
    only = _names(ours) - _names(theirs), _names(theirs) - _names(ours)
    pairs = [] if any(only) else _in_order(ours, theirs) if ordered else _nearest(ours, theirs)
    said = canonical_text(baseline.text), canonical_text(candidate.text)
    return Comparison(
        outcome=_outcome(ours, theirs, ordered=ordered),
        baseline_calls=len(ours),
        candidate_calls=len(theirs),
        only_baseline=tuple(sorted(only[0].elements())),
        only_candidate=tuple(sorted(only[1].elements())),
        differing=tuple(Differing(tool=one.name, paths=_paths(one, other)) for one, other in pairs),
        baseline_speaks=bool(said[0]),
        candidate_speaks=bool(said[1]),
        same_text=said[0] == said[1],
    )


def _calls(message: Message, schemas: dict[str, Any]) -> list[_Call]:
    values = [(call.name, canonical(call.arguments, schemas.get(call.name))) for call in message.tool_calls]
    return [_Call(name, written(value), value) for name, value in values]


def _names(calls: Sequence[_Call]) -> Counter[str]:
    return Counter(call.name for call in calls)


def _texts(calls: Sequence[_Call]) -> list[tuple[str, str]]:
    return [(call.name, call.text) for call in calls]


def _outcome(ours: Sequence[_Call], theirs: Sequence[_Call], *, ordered: bool) -> Outcome:
    names, other_names = _names(ours), _names(theirs)
    if names != other_names:
        return Outcome.NAMES if names.keys() != other_names.keys() else Outcome.COUNT
    same = sorted(_texts(ours)) == sorted(_texts(theirs))
    if ordered and ([call.name for call in ours] != [call.name for call in theirs] or same):
        return Outcome.SAME if _texts(ours) == _texts(theirs) else Outcome.ORDER
    return Outcome.SAME if same else Outcome.ARGUMENTS


def _in_order(ours: Sequence[_Call], theirs: Sequence[_Call]) -> list[tuple[_Call, _Call]]:
    """Return what differs place by place; nothing where other tools stand there, or the same calls in another order."""
    if _outcome(ours, theirs, ordered=True) is Outcome.ORDER:
        return []
    return [(one, other) for one, other in zip(ours, theirs, strict=True) if one.text != other.text]


def _nearest(ours: Sequence[_Call], theirs: Sequence[_Call]) -> list[tuple[_Call, _Call]]:
    """Return the calls that have no equal on the other side, in pairs of one tool, the most alike first."""
    left, right = _without(ours, theirs), _without(theirs, ours)
    pairs = []
    for name in sorted({call.name for call in left}):
        pairs += _paired([call for call in left if call.name == name], [call for call in right if call.name == name])
    return pairs


def _without(calls: Sequence[_Call], others: Sequence[_Call]) -> list[_Call]:
    known = {(call.name, call.text): call for call in calls}
    rest = Counter(_texts(calls)) - Counter(_texts(others))
    return [known[key] for key in sorted(rest.elements())]


def _paired(left: list[_Call], right: list[_Call]) -> list[tuple[_Call, _Call]]:
    if len(left) * len(right) > _MOST_PAIRS:
        return list(zip(left, right, strict=True))
    apart = [
        # The texts of a pair, the smaller one first, break ties alike from either side.
        (len(_paths(one, other)), *sorted((one.text, other.text)), i, j)
        for i, one in enumerate(left)
        for j, other in enumerate(right)
    ]
    free, found = (set(range(len(left))), set(range(len(right)))), []
    for *_, i, j in sorted(apart):
        if i in free[0] and j in free[1]:
            free[0].remove(i)
            free[1].remove(j)
            found.append((left[i], right[j]))
    return found


def _paths(one: _Call, other: _Call) -> tuple[str, ...]:
    return tuple(differing(one.value, other.value))
